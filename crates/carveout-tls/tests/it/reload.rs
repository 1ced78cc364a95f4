//! Renewed files: used for the next connection, and of no consequence for those that are open.

use greeter_api::WatchItemsRequest;

use crate::authority::{Authority, Wanted};
use crate::log;
use crate::world::{Files, Server, whoami};

const APPLIED: &str = r#"tls_reloads_total{outcome="applied"}"#;
const REJECTED: &str = r#"tls_reloads_total{outcome="rejected"}"#;
const EXPIRY: &str = "tls_certificate_expiry_timestamp_seconds";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_serves_the_next_connection_and_drops_none() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let files = Files::new(&old.server(), &old);
    let server = Server::start(&files.config()).await;
    let expiry = server.metric(EXPIRY);

    let mut open = server.client(&old.caller("spiffe://acme/open"), &old);
    let watching = open.watch_items(WatchItemsRequest {}).await.unwrap();
    let mut watching = watching.into_inner();
    watching.message().await.unwrap().unwrap();

    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(7 * 24 * 3600);
    let renewed = Wanted::named("greeter").host("localhost");
    let renewed = new.issue(renewed.valid(std::time::SystemTime::UNIX_EPOCH, later));
    files.write("ca.crt", &new.pem);
    server.until(APPLIED, 1.0).await;
    files.write("tls.crt", &renewed.certificate);
    // The certificate is there and its key is not yet: nothing to serve with.
    server.until(REJECTED, 1.0).await;
    let told = log::line("is the key of another certificate").await;
    assert!(told.contains("the last good ones stay"), "{told}");
    assert_eq!(server.metric(EXPIRY), expiry);
    files.write("tls.key", &renewed.key);
    server.until(APPLIED, 2.0).await;
    assert!(server.metric(EXPIRY) > expiry + 24.0 * 3600.0);

    // Another authority altogether, on both sides.
    let mut next = server.client(&new.caller("spiffe://acme/next"), &new);
    assert_eq!(whoami(&mut next).await.unwrap(), "spiffe://acme/next");
    let mut stale = server.client(&old.caller("spiffe://acme/stale"), &old);
    whoami(&mut stale).await.unwrap_err();
    // The stream has seen nothing of all that.
    server.tell.send_replace(7);
    let item = watching.message().await.unwrap().unwrap().item.unwrap();
    assert_eq!(item.id, "7");
    assert_eq!(whoami(&mut open).await.unwrap(), "spiffe://acme/open");
    assert_eq!(server.metric(REJECTED), 1.0, "one problem is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_vanish_or_break_change_nothing() {
    let ca = Authority::new("ca");
    let own = ca.server();
    let files = Files::new(&own, &ca);
    let server = Server::start(&files.config()).await;
    let expired = ca.issue(Wanted::named("greeter").host("localhost").expired());
    for (count, (name, text)) in [
        ("tls.crt", ""),
        ("tls.crt", &*expired.certificate),
        ("tls.key", "nothing of that kind"),
        (
            "ca.crt",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        files.write(name, text);
        server.until(REJECTED, (count + 1) as f64).await;
        let mut next = server.client(&ca.caller("spiffe://acme/next"), &ca);
        whoami(&mut next).await.unwrap();
        files.write("tls.crt", &own.certificate);
        files.write("tls.key", &own.key);
        files.write("ca.crt", &ca.pem);
    }
}
