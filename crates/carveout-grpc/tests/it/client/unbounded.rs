use std::time::Duration;

use carveout_grpc::{Channel, ClientConfig};
use greeter_api::GetItemRequest;
use greeter_api::greeter_service_client::GreeterServiceClient;
use tonic::{Code, Request, Status};

use crate::support::{Handlers, Server};

/// Answers with an error if there is a deadline.
fn without_deadline(request: &Request<GetItemRequest>) -> Result<(), Status> {
    match request.metadata().get("grpc-timeout") {
        Some(_) => Err(Status::failed_precondition("a deadline")),
        None => Ok(()),
    }
}

#[tokio::test]
async fn a_timeout_beyond_what_the_clock_can_tell_is_no_deadline() {
    let handlers = Handlers::default().read(|request| {
        let result = without_deadline(&request);
        async move { result }
    });
    let server = Server::start(handlers).await;
    for (timeout, code) in [
        (Duration::MAX, Code::Ok),
        (Duration::from_secs(5), Code::FailedPrecondition),
    ] {
        let config = ClientConfig {
            timeout,
            ..ClientConfig::to(format!("http://{}", server.addr))
        };
        let mut client = GreeterServiceClient::new(Channel::new(&config).unwrap());
        let answer = client.get_item(GetItemRequest { id: "1".into() }).await;
        assert_eq!(
            answer.map_or_else(|status| status.code(), |_| Code::Ok),
            code
        );
    }
    server.stop().await;
}
