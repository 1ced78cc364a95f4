//! Clients of the admin port that do not finish, do not read or do not leave: none of them, and no
//! number of them, keeps a probe waiting.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use carveout::{About, Boot, BoxError, Live, Metrics, Routes, Running, Settings, Sources};
use carveout_telemetry::{ServiceInfo, Telemetry, TelemetryConfig};

const ABOUT: About = About {
    name: "slow-clients-test",
    version: "1.2.3",
    commit: None,
};

/// More than the port has room for, and than it may hold descriptors for.
const MANY: usize = 200;
/// Far more than a probe takes on a busy machine, and less than any deadline of the port.
const PROBE_PATIENCE: Duration = Duration::from_secs(4);
/// More than all deadlines of the port together.
const PATIENCE: Duration = Duration::from_secs(60);

const UNFINISHED_BODY: &str =
    "POST /admin/log-level HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nde";

/// What each client sends before it falls silent. The pages are large, so that no buffer takes a whole
/// answer that is not read.
const CLIENTS: [(&str, &str); 9] = [
    ("silent", ""),
    ("half a line", "GET /liv"),
    ("half a head", "GET /livez HTTP/1.1\r\nhost: localhost\r\n"),
    ("unfinished body", UNFINISHED_BODY),
    (
        "unfinished chunks",
        "POST /admin/config/reload HTTP/1.1\r\nhost: localhost\r\n\
         transfer-encoding: chunked\r\n\r\n5\r\nab",
    ),
    (
        "unfinished body of a probe",
        "GET /readyz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n",
    ),
    (
        "waits for leave to send",
        "POST /admin/log-level HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\
         expect: 100-continue\r\n\r\n",
    ),
    (
        "keeps alive",
        "GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive\r\n\r\n",
    ),
    (
        "does not read",
        "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ),
];

/// Metrics that no buffer of a connection takes as a whole, and that cost little to write.
fn make_large(metrics: &Metrics) {
    use carveout_metrics::prometheus_client::metrics::counter::Counter;
    let help = "x".repeat(8 * 1024 * 1024);
    metrics.register(|registry| registry.register("large", help, Counter::<u64>::default()));
}

async fn start(boot: Boot, _: Live<()>) -> Result<Routes, BoxError> {
    make_large(boot.metrics());
    Ok(Routes::new())
}

/// With a log whose level can be changed: that page waits for a body.
async fn service() -> (Running, Telemetry) {
    let sources = ["grpc.host=127.0.0.1", "grpc.port=0", "admin.host=127.0.0.1"]
        .into_iter()
        .chain(["admin.port=0", "lifecycle.lame_duck=0s"])
        .fold(Sources::new(ABOUT.name), Sources::set);
    let info = ServiceInfo {
        name: ABOUT.name.into(),
        version: ABOUT.version.into(),
    };
    let config = TelemetryConfig::default();
    let (_, telemetry) = carveout_telemetry::dispatch(&config, info, std::io::sink()).unwrap();
    let settings = Settings::load(sources).unwrap();
    let running = Running::start(ABOUT, settings, Some(&telemetry), start).await;
    (running.unwrap(), telemetry)
}

fn connect(addr: SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    stream
}

/// The status of a page, within [`PROBE_PATIENCE`].
fn probe(addr: SocketAddr, page: &str) -> Result<String, std::io::Error> {
    let mut stream = connect(
        addr,
        &format!("GET {page} HTTP/1.1\r\nhost: 10.0.0.7:9090\r\n\r\n"),
    );
    stream.set_read_timeout(Some(PROBE_PATIENCE)).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(String::from_utf8(status.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_number_of_them_keeps_a_probe_waiting() {
    let (service, _telemetry) = service().await;
    let admin = service.admin_addr();
    let attacked = tokio::task::spawn_blocking(move || {
        for (name, sent) in CLIENTS {
            let mut clients = Vec::new();
            for number in 0..MANY {
                clients.push(connect(admin, sent));
                if number % 20 == 0 || number + 1 == MANY {
                    for page in ["/livez", "/readyz", "/startupz", "/metrics"] {
                        let status = probe(admin, page);
                        let answered = status.as_deref().is_ok_and(|it| it == "HTTP/1.1 200");
                        assert!(answered, "{name}, {number}: {page}: {status:?}");
                    }
                }
            }
        }
    });
    attacked.await.unwrap();
    service.stop(|| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_them_is_let_go_in_time() {
    let (service, _telemetry) = service().await;
    let admin = service.admin_addr();
    let clients = CLIENTS.map(|(name, sent)| {
        let stream = connect(admin, sent);
        std::thread::spawn(move || (name, ended(stream, name == "does not read")))
    });
    let ends = clients.map(|client| tokio::task::spawn_blocking(move || client.join().unwrap()));
    for end in ends {
        let (name, said) = end.await.unwrap();
        let expected = match name {
            "unfinished body" | "unfinished chunks" => "HTTP/1.1 408",
            "keeps alive" | "unfinished body of a probe" | "does not read" => "HTTP/1.1 200",
            "waits for leave to send" => "HTTP/1.1 100",
            _ => "",
        };
        assert_eq!(said, expected, "{name}");
    }
    service.stop(|| {}).await;
}

/// Waits until the port has closed the connection; what it said first.
fn ended(mut stream: TcpStream, without_reading: bool) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut said = vec![0; 12];
    let mut length = 0;
    while length < said.len() {
        match stream.read(&mut said[length..]).unwrap() {
            0 => break,
            more => length += more,
        }
    }
    said.truncate(length);
    if without_reading {
        // This blocks as soon as the buffers are full, until the port closes the connection on it.
        let refused =
            std::iter::repeat_with(|| stream.write(&[b' '; 64 * 1024])).find_map(Result::err);
        let kind = refused.map(|error| error.kind());
        assert!(kind.is_some_and(is_closed), "{kind:?}");
    } else {
        let rest = stream.read_to_end(&mut Vec::new());
        let closed = rest
            .as_ref()
            .map_or_else(|error| is_closed(error.kind()), |_| true);
        assert!(closed, "{rest:?}");
    }
    String::from_utf8(said).unwrap()
}

/// A reset says the same as an end.
fn is_closed(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_ahead_of_its_turn_is_not_answered() {
    let (service, _telemetry) = service().await;
    let admin = service.admin_addr();
    let said = tokio::task::spawn_blocking(move || {
        let request = "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let mut stream = connect(admin, &request.repeat(3));
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        String::from_utf8(said).unwrap()
    });
    let said = said.await.unwrap();
    assert_eq!(said.matches("HTTP/1.1 200").count(), 1, "{said}");
    assert!(said.contains("connection: close"), "{said}");
    service.stop(|| {}).await;
}
