use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use carveout_grpc::{Channel, ClientConfig, code_name};
use greeter_api::greeter_service_client::GreeterServiceClient;
use greeter_api::{CreateItemRequest, GetItemRequest, WatchItemsRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::frames::*;
use crate::process::{Needs, Server};

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) needs: Needs,
    /// Answers what was refused, and how.
    pub(crate) play: for<'a> fn(&'a Server) -> Pin<Box<dyn Future<Output = String> + 'a>>,
}

macro_rules! scenarios {
    ($($name:literal $needs:expr => $play:ident,)*) => {
        pub(crate) const SCENARIOS: &[Scenario] = &[
            $(Scenario { name: $name, needs: $needs, play: |server| Box::pin($play(server)) },)*
        ];
    };
}

scenarios! {
    "silent" Needs::Nothing => silent,
    "half-open" Needs::Nothing => half_open,
    "slow-readers" Needs::Nothing => slow_readers,
    "slow-writers" Needs::Nothing => slow_writers,
    "leaking-client" Needs::Nothing => leaking_client,
    "header-flood" Needs::Nothing => header_flood,
    "rapid-reset" Needs::Nothing => rapid_reset,
    "continuation-flood" Needs::Nothing => continuation_flood,
    "ping-flood" Needs::Nothing => ping_flood,
    "settings-flood" Needs::Nothing => settings_flood,
    "oversized-messages" Needs::Nothing => oversized,
    "compression-bombs" Needs::Nothing => compression_bombs,
    "garbage" Needs::Nothing => garbage,
    "panicking-handler" Needs::Nothing => panics,
    "open-files" Needs::OpenFiles(256) => open_files,
    "clock-jumps" Needs::Clock => clock_jumps,
}

/// How much longer than its bound the end of a connection may take.
const LATE: Duration = Duration::from_secs(10);

/// Reads until the server hangs up; whether it has.
async fn hung_up(stream: &mut TcpStream, patience: Duration) -> bool {
    let mut rest = vec![0; 64 * 1024];
    let reading = async { while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(patience, reading).await.is_ok()
}

/// As many at once as `most`, and how many ended in which way.
async fn all<F>(most: usize, each: impl Fn(usize) -> F) -> BTreeMap<String, usize>
where
    F: Future<Output = String> + Send + 'static,
{
    let mut running = JoinSet::new();
    for number in 0..most {
        running.spawn(each(number));
    }
    let mut ends = BTreeMap::new();
    while let Some(end) = running.join_next().await {
        *ends.entry(end.expect("an attacker")).or_default() += 1;
    }
    ends
}

fn told(ends: BTreeMap<String, usize>) -> String {
    let ends = ends.iter().map(|(end, count)| format!("{count} {end}"));
    ends.collect::<Vec<_>>().join(", ")
}

async fn silent(server: &Server) -> String {
    let (addr, begun) = (server.addr, Instant::now());
    let mut open = Vec::new();
    let mut failed = 0;
    for _ in 0..10_000 {
        match TcpStream::connect(addr).await {
            Ok(stream) => open.push(stream),
            Err(_) => failed += 1,
        }
    }
    let opened = open.len();
    let mut left = 0;
    for mut stream in open {
        left += usize::from(!hung_up(&mut stream, LATE).await);
    }
    let refused = server.metric("rpc_server_connections_refused_total");
    format!(
        "of {opened} that say nothing {left} left after {:.1} s, by the preface time-out; {refused} \
         refused so far as one too many; {failed} this machine could not make",
        begun.elapsed().as_secs_f64()
    )
}

async fn half_open(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(500, move |_| async move {
        let mut attacker = Attacker::connect(addr).await;
        match hung_up(&mut attacker.0, LATE).await {
            true => "closed by keepalive".to_owned(),
            false => "LEFT OPEN".to_owned(),
        }
    });
    told(ends.await)
}

/// Settings by which the server may send next to nothing: windows of a byte.
fn tiny_window() -> Vec<u8> {
    const INITIAL_WINDOW_SIZE: [u8; 2] = [0, 4];
    frame(
        SETTINGS,
        0,
        0,
        &[&INITIAL_WINDOW_SIZE[..], &1u32.to_be_bytes()].concat(),
    )
}

/// An empty message.
fn empty_message(stream: u32) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, &[0; 5])
}

fn watch(stream: u32) -> Vec<u8> {
    let head = head_of("WatchItems", &[("grpc-timeout", "2S")]);
    [
        frame(HEADERS, END_HEADERS, stream, &head),
        empty_message(stream),
    ]
    .concat()
}

async fn answered_pings(stream: &mut TcpStream, until: Instant) -> bool {
    // Answers every PING and reads nothing else: a client that is there and does not want its data.
    let (mut buffer, mut said) = (vec![0; 64 * 1024], Vec::new());
    while Instant::now() < until {
        match tokio::time::timeout(Duration::from_millis(200), stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return true,
            Ok(Ok(read)) => said.extend_from_slice(&buffer[..read]),
            Err(_) => continue,
        }
        while let Some((kind, flags, payload, used)) = first_frame(&said) {
            let pong = (kind == PING && flags == 0).then(|| frame(PING, 1, 0, payload));
            said.drain(..used);
            if let Some(pong) = pong
                && stream.write_all(&pong).await.is_err()
            {
                return true;
            }
        }
    }
    false
}

async fn slow_readers(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(200, move |_| async move {
        let mut attacker = Attacker::connect(addr).await;
        let calls = (0..10).flat_map(|call| watch(2 * call + 1));
        let calls: Vec<u8> = tiny_window().into_iter().chain(calls).collect();
        attacker.0.write_all(&calls).await.expect("calls");
        match answered_pings(&mut attacker.0, Instant::now() + LATE).await {
            true => "cut, a second after their calls' deadline".to_owned(),
            false => "LEFT OPEN".to_owned(),
        }
    });
    told(ends.await)
}

async fn leaking_client(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(50, move |_| async move {
        let mut attacker = Attacker::connect(addr).await;
        let calls: Vec<u8> = (0..100).flat_map(|call| watch(2 * call + 1)).collect();
        attacker.0.write_all(&calls).await.expect("calls");
        // It takes what comes and never makes room for more.
        match answered_pings(&mut attacker.0, Instant::now() + LATE).await {
            true => "with 100 streams each cut, a second after their deadline".to_owned(),
            false => "LEFT OPEN".to_owned(),
        }
    });
    told(ends.await)
}

async fn slow_writers(server: &Server) -> String {
    let addr = server.addr;
    let expired = r#"rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="acme.greeter.v1.GreeterService/GetItem",rpc_response_status_code="DEADLINE_EXCEEDED"}"#;
    let before = server.metric(expired);
    let ends = all(200, move |_| async move {
        let mut attacker = Attacker::connect(addr).await;
        let head = head_of("GetItem", &[]);
        let head = frame(HEADERS, END_HEADERS, 1, &head);
        attacker.0.write_all(&head).await.expect("a head");
        let begun = Instant::now();
        // A byte at a time of a message that would take a quarter of an hour.
        while begun.elapsed() < LATE {
            let byte = frame(DATA, 0, 1, &[0]);
            if attacker.0.write_all(&byte).await.is_err() {
                return "connections closed".to_owned();
            }
            let mut said = vec![0; 4096];
            let patience = Duration::from_millis(100);
            match tokio::time::timeout(patience, attacker.0.read(&mut said)).await {
                Ok(Ok(read)) if contains_headers(&said[..read]) => return "answered".to_owned(),
                Ok(Ok(0) | Err(_)) => return "connections closed".to_owned(),
                _ => {}
            }
        }
        "LEFT OPEN".to_owned()
    });
    let ends = told(ends.await);
    let expired = server.metric(expired) - before;
    format!("{ends}; {expired} DEADLINE_EXCEEDED")
}

async fn header_flood(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(20, move |_| async move {
        let attacker = Attacker::connect(addr).await;
        // 80 kB of fields, call after call.
        let frames = |round| large_head(2 * round + 1, 600);
        ended(attacker.put_up_with(frames, 2000).await)
    });
    told(ends.await)
}

/// In words, what an attacker that went on and on came to.
fn ended(end: Result<Option<u32>, u32>) -> String {
    match end {
        Ok(Some(0xb)) => "cut, ENHANCE_YOUR_CALM".to_owned(),
        Ok(Some(1)) => "cut, PROTOCOL_ERROR".to_owned(),
        Ok(Some(6)) => "cut, FRAME_SIZE_ERROR".to_owned(),
        Ok(Some(code)) => format!("cut, error {code}"),
        Ok(None) => "cut".to_owned(),
        Err(rounds) => format!("refused {rounds} times each, on connections left open"),
    }
}

async fn rapid_reset(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(20, move |_| async move {
        let frames = |round| {
            let stream = 2 * round + 1;
            let begin = frame(HEADERS, END_HEADERS, stream, &head());
            [begin, frame(RST_STREAM, 0, stream, &8u32.to_be_bytes())].concat()
        };
        let attacker = Attacker::connect(addr).await;
        ended(attacker.put_up_with(frames, 1_000_000).await)
    });
    told(ends.await)
}

async fn continuation_flood(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(20, move |_| async move {
        let frames = |round| match round {
            0 => frame(HEADERS, 0, 1, &head()),
            _ => frame(CONTINUATION, 0, 1, &[0x40, 1, b'a', 1, b'b'].repeat(200)),
        };
        let attacker = Attacker::connect(addr).await;
        ended(attacker.put_up_with(frames, 1_000_000).await)
    });
    told(ends.await)
}

async fn ping_flood(server: &Server) -> String {
    flood(server.addr, frame(PING, 0, 0, &[0; 8])).await
}

async fn settings_flood(server: &Server) -> String {
    flood(server.addr, frame(SETTINGS, 0, 0, &[])).await
}

/// Wants answers and reads none, for three seconds.
async fn flood(addr: SocketAddr, wanted: Vec<u8>) -> String {
    let ends = all(10, move |_| {
        let flood = wanted.repeat(1000);
        async move {
            let mut attacker = Attacker::connect(addr).await;
            let (begun, mut sent) = (Instant::now(), 0usize);
            while begun.elapsed() < Duration::from_secs(3) {
                let patience = Duration::from_millis(500);
                match tokio::time::timeout(patience, attacker.0.write_all(&flood)).await {
                    Ok(Ok(())) => sent += flood.len(),
                    Ok(Err(_)) => return "cut".to_owned(),
                    Err(_) => return "no longer read from, until it reads".to_owned(),
                }
            }
            format!("LEFT OPEN after {} MB", sent >> 20)
        }
    });
    told(ends.await)
}

fn client(addr: SocketAddr) -> GreeterServiceClient<Channel> {
    let config = ClientConfig {
        timeout: Duration::from_secs(5),
        ..ClientConfig::to(format!("http://{addr}"))
    };
    GreeterServiceClient::new(Channel::new(&config).expect("an address"))
}

async fn oversized(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(20, move |_| async move {
        let id = "x".repeat(64 << 20);
        match client(addr).get_item(GetItemRequest { id }).await {
            Ok(_) => "ANSWERED".to_owned(),
            Err(status) => format!("of 64 MiB {}", code_name(status.code())),
        }
    });
    told(ends.await)
}

async fn compression_bombs(server: &Server) -> String {
    let addr = server.addr;
    // 50 MB of nothing, in as much as a window takes at once.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![0; 50 << 20]).expect("a bomb");
    let bomb = gzip.finish().expect("a bomb");
    let refused = r#"rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="acme.greeter.v1.GreeterService/GetItem",rpc_response_status_code="UNIMPLEMENTED"}"#;
    let before = server.metric(refused);
    let ends = all(50, move |_| {
        let mut message = vec![1];
        message.extend((bomb.len() as u32).to_be_bytes());
        message.extend(&bomb);
        async move {
            let mut attacker = Attacker::connect(addr).await;
            let head = head_of("GetItem", &[("grpc-encoding", "gzip")]);
            let mut call = frame(HEADERS, END_HEADERS, 1, &head);
            for part in message.chunks(16_000) {
                call.extend(frame(DATA, 0, 1, part));
            }
            call.extend(frame(DATA, END_STREAM, 1, &[]));
            attacker.0.write_all(&call).await.expect("a call");
            let (begun, mut said) = (Instant::now(), Vec::new());
            let mut buffer = vec![0; 4096];
            while begun.elapsed() < LATE && !contains_headers(&said) {
                match attacker.0.read(&mut buffer).await {
                    Ok(read) if read > 0 => said.extend_from_slice(&buffer[..read]),
                    _ => return "cut".to_owned(),
                }
            }
            "answered".to_owned()
        }
    });
    let ends = told(ends.await);
    format!(
        "{ends}; {} UNIMPLEMENTED, none unpacked",
        server.metric(refused) - before
    )
}

async fn garbage(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(200, move |number| async move {
        let mut stream = TcpStream::connect(addr).await.expect("a connection");
        // Some of it looks like the beginning of something.
        let begin: &[u8] = [PREFACE, b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02", b""][number % 4];
        let noise: Vec<u8> = (0..4096)
            .map(|at: usize| ((at * 31 + number * 7) % 251) as u8)
            .collect();
        let _ = stream.write_all(&[begin, &noise].concat()).await;
        match hung_up(&mut stream, LATE).await {
            true => "cut".to_owned(),
            false => "LEFT OPEN".to_owned(),
        }
    });
    told(ends.await)
}

async fn panics(server: &Server) -> String {
    let addr = server.addr;
    let mut codes = BTreeMap::new();
    let mut client = client(addr);
    for _ in 0..5000 {
        let answer = client.create_item(CreateItemRequest::default()).await;
        let code = answer.map_or_else(|status| code_name(status.code()), |_| "OK");
        *codes
            .entry(format!("calls {code}, on one connection"))
            .or_default() += 1;
    }
    told(codes)
}

async fn open_files(server: &Server) -> String {
    let addr = server.addr;
    let before = server.metric("rpc_server_connections_refused_total");
    let ends = all(1000, move |_| async move {
        let Ok(mut stream) = TcpStream::connect(addr).await else {
            return "not connected".to_owned();
        };
        match hung_up(&mut stream, LATE).await {
            true => "closed".to_owned(),
            false => "LEFT OPEN".to_owned(),
        }
    });
    let ends = told(ends.await);
    format!(
        "{ends}; {} as one too many, at a limit of 256 files; accept failed {} times",
        server.metric("rpc_server_connections_refused_total") - before,
        server.metric("rpc_server_accept_failures_total"),
    )
}

async fn clock_jumps(server: &Server) -> String {
    let addr = server.addr;
    let mut took = Vec::new();
    for jump in [3600, -3600, 86_400, 0] {
        let begun = Instant::now();
        let mut request = tonic::Request::new(WatchItemsRequest {});
        request.set_timeout(Duration::from_millis(1500));
        let mut slow = client(addr);
        let call = async {
            let mut items = slow
                .watch_items(request)
                .await
                .expect("a stream")
                .into_inner();
            // Read slowly, so that it is the deadline that ends it.
            while let Ok(Some(_)) = items.message().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let jumped = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.set_clock(jump);
        };
        tokio::join!(call, jumped);
        took.push(format!("{:.1}", begun.elapsed().as_secs_f64()));
    }
    format!(
        "jumps of +1 h, -2 h, +25 h, -24 h: calls with a deadline of 1.5 s took {} s",
        took.join(", ")
    )
}
