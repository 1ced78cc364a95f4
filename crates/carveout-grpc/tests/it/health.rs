//! `grpc.health.v1`, followed by one who watches. (Foreign clients do the same in
//! carveout-testing.)

use carveout_grpc::check_health;
use carveout_health::Phase;
use tonic::Code;

use crate::support::{Handlers, Server};

#[tokio::test]
async fn every_service_is_as_ready_as_the_process() {
    let server = Server::start(Handlers::default()).await;
    for service in ["", "acme.greeter.v1.GreeterService"] {
        assert!(
            check_health(server.channel(), service).await.unwrap(),
            "{service:?}"
        );
    }
    server.health.enter(Phase::Draining);
    assert!(!check_health(server.channel(), "").await.unwrap());
    let unknown = check_health(server.channel(), "no.such.Service")
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}
