//! The access guard where nobody has a name: what needs one is refused, and what is open stays so.
//! carveout-tls tests it with callers that have.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use carveout_grpc::{AccessPolicy, GuardMode, check_health};
use tonic::Code;

use crate::errors::assert_explained;
use crate::support::{Handlers, Server, read};

fn counted(server: &Server, mode: &str, reason: &str) -> f64 {
    let labels = format!("guard=\"access\",mode=\"{mode}\",outcome=\"denied\",reason=\"{reason}\"");
    server.metric(&format!("guard_decisions_total{{{labels}}}"))
}

#[tokio::test]
async fn deny_is_the_default_once_it_is_enforced_and_health_is_open() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let handlers = Handlers::default().read(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    });
    let server = Server::start(handlers).await;
    let mut client = server.client();
    let nobody = AccessPolicy::default();
    client.get_item(read()).await.unwrap();

    server.access.set(GuardMode::Dark, &nobody).unwrap();
    client.get_item(read()).await.unwrap();
    assert_eq!(counted(&server, "dark", "CALLER_UNKNOWN"), 1.0);

    server.access.set(GuardMode::Enforce, &nobody).unwrap();
    let refused = client.get_item(read()).await.unwrap_err();
    assert_explained(&refused, Code::Unauthenticated, "CALLER_UNKNOWN");
    assert_eq!(counted(&server, "enforce", "CALLER_UNKNOWN"), 1.0);
    assert_eq!(asked.load(Ordering::Relaxed), 2, "the handler heard of it");
    assert!(check_health(server.channel(), "").await.unwrap());

    let everybody: AccessPolicy = "[[allow]]\ncallers = [\"*\"]\nmethods = [\"*\"]\n"
        .parse()
        .unwrap();
    server.access.set(GuardMode::Enforce, &everybody).unwrap();
    let refused = client.get_item(read()).await.unwrap_err();
    assert_eq!(
        refused.code(),
        Code::Unauthenticated,
        "nobody is not somebody"
    );
}

#[tokio::test]
async fn a_policy_of_another_service_changes_nothing() {
    let server = Server::start(Handlers::default()).await;
    server
        .access
        .set(GuardMode::Dark, &AccessPolicy::default())
        .unwrap();
    let other: AccessPolicy = "[[allow]]\ncallers = [\"*\"]\nmethods = [\"a.B/C\"]\n"
        .parse()
        .unwrap();
    let error = server.access.set(GuardMode::Enforce, &other).unwrap_err();
    assert!(
        error.to_string().contains("GreeterService/GetItem"),
        "{error}"
    );
    server.client().get_item(read()).await.unwrap();
}
