//! Servers that a caller must not believe.

use tokio::net::TcpListener;
use tonic::Code;

use crate::authority::{Authority, Wanted};
use crate::world::{Files, Server, client_to, whoami};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_another_authority_or_name_is_not_called_and_the_status_says_why() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let caller = ca.caller("spiffe://acme/caller");
    for (own, words) in [
        (
            other.server(),
            "the server's certificate is not signed by a CA of ca_file",
        ),
        (
            ca.issue(Wanted::named("x").host("orders")),
            "the server's certificate is for another name",
        ),
    ] {
        let files = Files::new(&own, &ca);
        let server = Server::start(&files.config()).await;
        let refused = whoami(&mut server.client(&caller, &ca)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        assert!(refused.message().contains(words), "{words}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_is_not_called_in_the_clear() {
    let ca = Authority::new("ca");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let plain = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut first = [0; 1];
        tcp.read_exact(&mut first).await.unwrap();
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        first[0]
    });
    let mut client = client_to(addr, &ca.caller("spiffe://acme/caller"), &ca);
    let refused = whoami(&mut client).await.unwrap_err();
    assert!(
        refused.message().contains("the server did not speak TLS"),
        "{refused}"
    );
    assert_eq!(plain.await.unwrap(), 0x16, "it began with a handshake");
}
