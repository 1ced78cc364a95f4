//! Callers: the good one, and each way to be a bad one.

use std::sync::Arc;

use carveout_grpc::{AccessPolicy, GuardMode, TlsConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::Code;

use crate::authority::{Authority, Issued, Wanted};
use crate::log;
use crate::world::{Files, Server, whoami};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_knows_every_name_of_its_caller() {
    let ca = Authority::new("ca");
    let server = Server::start(&Files::new(&ca.server(), &ca).config()).await;
    let wanted = Wanted::named("x")
        .host("billing.acme")
        .uri("spiffe://acme/billing");
    let mut client = server.client(&ca.issue(wanted), &ca);
    let names = "spiffe://acme/billing dns:billing.acme";
    assert_eq!(whoami(&mut client).await.unwrap(), names);

    // A common name counts where there is no other.
    let mut client = server.client(&ca.issue(Wanted::named("billing")), &ca);
    assert_eq!(whoami(&mut client).await.unwrap(), "cn:billing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_with_more_than_one_spelling_is_nobodys() {
    const DNS: u8 = 2;
    const URI: u8 = 6;
    const IP: u8 = 7;
    log::keep();
    let ca = Authority::new("ca");
    let server = Server::start(&Files::new(&ca.server(), &ca).config()).await;
    for (tag, name) in [
        (URI, &b"spiffe://acme/ops/../billing"[..]),
        (URI, b"spiffe://acme/bill%69ng"),
        (URI, b"spiffe://acme/billing\0"),
        (URI, b"spiffe://acme\0.evil/billing"),
        (URI, b"SPIFFE://acme/billing"),
        (URI, b"spiffe://Acme/billing"),
        (URI, b"spiffe://acme//billing"),
        (URI, b"spiffe://acme/billing?"),
        (URI, b"dns:billing.acme"),
        (URI, b"cn:billing"),
        (URI, b"cn://billing"),
        (DNS, b"Billing.acme"),
        (DNS, b"billing.acme\0.evil"),
        (DNS, b"billing..acme"),
        (DNS, b"*.acme"),
        (DNS, b"billing.acme."),
        (DNS, b"\xff\xfe"),
        // No name of a kind that callers have: there is still no common name beside it.
        (IP, &[192, 0, 2, 1]),
    ] {
        let wanted = Wanted::named("billing").raw_names(&[(tag, name)]);
        let mut client = server.client(&ca.issue(wanted), &ca);
        assert_eq!(
            whoami(&mut client).await.unwrap(),
            "",
            "{}",
            name.escape_ascii()
        );
        let beside = [(tag, name), (URI, b"spiffe://acme/good")];
        let beside = Wanted::named("billing").raw_names(&beside);
        let mut client = server.client(&ca.issue(beside), &ca);
        let names = whoami(&mut client).await.unwrap();
        assert_eq!(names, "spiffe://acme/good", "{}", name.escape_ascii());
    }
    log::line("names of a caller's certificate are not used").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_common_name_is_alone_and_not_beside_name_constraints() {
    let ca = Authority::constrained_to("ca", "localhost");
    let server = Server::start(&Files::new(&ca.server(), &ca).config()).await;
    let mut client = server.client(&ca.issue(Wanted::named("billing")), &ca);
    assert_eq!(whoami(&mut client).await.unwrap(), "");
    let mut client = server.client(&ca.issue(Wanted::named("x").host("localhost")), &ca);
    assert_eq!(whoami(&mut client).await.unwrap(), "dns:localhost");

    let ca = Authority::new("ca");
    let server = Server::start(&Files::new(&ca.server(), &ca).config()).await;
    for (wanted, names) in [
        (Wanted::named("billing").and_named("ops"), ""),
        (Wanted::named("bill\u{0}ing"), ""),
        (Wanted::named("*"), ""),
        (Wanted::named("Anna Smith"), "cn:Anna Smith"),
    ] {
        let mut client = server.client(&ca.issue(wanted), &ca);
        assert_eq!(whoami(&mut client).await.unwrap(), names);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_mutual_tls_a_caller_is_nobody() {
    let ca = Authority::new("ca");
    let files = Files::new(&ca.server(), &ca);
    let config = TlsConfig {
        require_client_certificate: false,
        ..files.config()
    };
    let server = Server::start(&config).await;
    let mut client = server.client(&ca.caller("spiffe://acme/a"), &ca);
    assert_eq!(whoami(&mut client).await.unwrap(), "");
}

/// What a bad caller tries, and the words that the log has for it.
enum Try {
    Certificate(Option<Issued>),
    /// Bytes in place of a handshake, and whether it hangs up after them.
    Bytes(&'static [u8]),
    Protocol(&'static [u8]),
    NoTrust,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_caller_is_refused_with_a_readable_reason_and_harms_nobody() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let wanted = || Wanted::named("caller").uri("spiffe://acme/caller");
    let issued = |wanted| Try::Certificate(Some(ca.issue(wanted)));
    let files = Files::new(&ca.server(), &ca);
    let cases = [
        (
            issued(wanted().expired()),
            "the caller's certificate has expired",
        ),
        (
            issued(wanted().not_yet_valid()),
            "the caller's certificate is not valid yet",
        ),
        (
            issued(wanted().only_for_servers()),
            "is not meant for a caller",
        ),
        (
            Try::Certificate(Some(other.issue(wanted()))),
            "is not signed by a CA of ca_file",
        ),
        (
            Try::Certificate(Some(wanted().self_signed())),
            "is not signed by a CA of ca_file",
        ),
        (
            Try::Certificate(None),
            "has no certificate, and one is required",
        ),
        (
            Try::Bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            "did not speak TLS",
        ),
        (Try::Bytes(b"GET / HTTP/1.1\r\n\r\n"), "did not speak TLS"),
        (Try::Bytes(b"\x16\x03\x01"), "hung up during the handshake"),
        (Try::Bytes(&[0xff; 600]), "did not speak TLS"),
        (Try::Protocol(b"http/1.1"), "does not offer HTTP/2"),
        (Try::NoTrust, "does not accept this end's certificate"),
    ];
    let good = ca.caller("spiffe://acme/good");
    for (case, words) in cases {
        // The log has one line a second for each server.
        let server = Server::start(&files.config()).await;
        let mut client = server.client(&good, &ca);
        assert_eq!(whoami(&mut client).await.unwrap(), "spiffe://acme/good");

        let tcp = TcpStream::connect(server.addr).await.unwrap();
        let peer = format!("peer={} ", tcp.local_addr().unwrap());
        attempt(case, tcp, &ca, &good).await;
        let line = log::line(&peer).await;
        assert!(line.contains(words), "{words}: {line}");
        let closed = r#"rpc_server_connections_closed_total{reason="handshake"}"#;
        server.until(closed, 1.0).await;
        assert_eq!(whoami(&mut client).await.unwrap(), "spiffe://acme/good");
    }
}

/// Goes as far as it gets, and waits for the end of the connection.
async fn attempt(case: Try, mut tcp: TcpStream, ca: &Authority, good: &Issued) {
    let (own, protocol, trusts): (_, &[u8], _) = match case {
        Try::Bytes(bytes) => {
            tcp.write_all(bytes).await.unwrap();
            tcp.shutdown().await.unwrap();
            // An alert, an end or a reset are all alike.
            let _ = tcp.read_to_end(&mut Vec::new()).await;
            return;
        }
        Try::Certificate(own) => (own, b"h2", true),
        Try::Protocol(protocol) => (Some(good.clone()), protocol, true),
        Try::NoTrust => (Some(good.clone()), b"h2", false),
    };
    let mut roots = RootCertStore::empty();
    let trusted = if trusts {
        ca
    } else {
        &Authority::new("nobody's")
    };
    roots
        .add(CertificateDer::from_pem_slice(trusted.pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let chain = vec![CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost").unwrap();
    if let Ok(mut stream) = connector.connect(name, tcp).await {
        // In TLS 1.3 the server judges after the client is done.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_before_the_handshake_ends_with_the_preface_timeout() {
    let ca = Authority::new("ca");
    let files = Files::new(&ca.server(), &ca);
    let server = Server::start(&files.config()).await;
    let mut silent = TcpStream::connect(server.addr).await.unwrap();
    silent.read_to_end(&mut Vec::new()).await.unwrap();
    let closed = r#"rpc_server_connections_closed_total{reason="preface"}"#;
    server.until(closed, 1.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_watched_in_the_dark_before_it_refuses() {
    let ca = Authority::new("ca");
    let files = Files::new(&ca.server(), &ca);
    let server = Server::start(&files.config()).await;
    let policy: AccessPolicy = "[[allow]]\ncallers = [\"spiffe://acme/billing\"]\n\
        methods = [\"acme.greeter.v1.GreeterService/GetItem\"]\n"
        .parse()
        .unwrap();
    let mut billing = server.client(&ca.caller("spiffe://acme/billing"), &ca);
    let mut stranger = server.client(&ca.caller("spiffe://acme/stranger"), &ca);
    let count = |mode: &str, outcome: &str, reason: &str| {
        server.metric(&format!(
            "guard_decisions_total{{guard=\"access\",mode=\"{mode}\",outcome=\"{outcome}\",reason=\"{reason}\"}}"
        ))
    };

    whoami(&mut stranger).await.unwrap();
    assert_eq!(
        count("dark", "denied", "CALLER_NOT_ALLOWED"),
        0.0,
        "off decides nothing"
    );

    server.stack.access().set(GuardMode::Dark, &policy).unwrap();
    whoami(&mut billing).await.unwrap();
    whoami(&mut stranger).await.unwrap();
    assert_eq!(count("dark", "allowed", "RULE"), 1.0);
    assert_eq!(count("dark", "denied", "CALLER_NOT_ALLOWED"), 1.0);

    server
        .stack
        .access()
        .set(GuardMode::Enforce, &policy)
        .unwrap();
    whoami(&mut billing).await.unwrap();
    let refused = whoami(&mut stranger).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(
        refused
            .message()
            .contains("spiffe://acme/stranger may not call"),
        "{refused}"
    );
    // What no rule speaks of is refused to all.
    let refused = billing
        .list_items(greeter_api::ListItemsRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(count("enforce", "denied", "CALLER_NOT_ALLOWED"), 2.0);
    assert_eq!(count("enforce", "allowed", "RULE"), 1.0);
}
