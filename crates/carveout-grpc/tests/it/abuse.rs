//! Callers that mean harm, frame by frame. Each is held to its bounds while another caller, beside
//! it, is answered as if nothing were. `cargo xtask bench abuse` does the same at length.

use std::io::Write;
use std::time::Duration;

use carveout_grpc::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::frames::*;
use crate::support::{Handlers, Server, calm, read, until};

const TOOK_ALL: &str = "the server put up with all of it";

/// Attacks, with a healthy caller beside it.
async fn survives<F>(attack: impl FnOnce(Attacker) -> F)
where
    F: Future<Output = ()>,
{
    let server = Server::start(Handlers::default()).await;
    let mut healthy = server.client();
    healthy.get_item(read()).await.unwrap();
    let calling = tokio::spawn(async move {
        for _ in 0..200 {
            healthy.get_item(read()).await.unwrap();
        }
    });
    attack(Attacker::connect(server.addr).await).await;
    calling.await.unwrap();
    server.client().get_item(read()).await.unwrap();
    assert_eq!(server.stop().await.cut, 0);
}

#[tokio::test]
async fn rapid_reset() {
    // CVE-2023-44487: calls that are begun and taken back at once, each at the cost of a handler.
    survives(async |attacker| {
        let frames = |round| {
            let stream = 2 * round + 1;
            let begin = frame(HEADERS, END_HEADERS, stream, &head());
            [begin, frame(RST_STREAM, 0, stream, &8u32.to_be_bytes())].concat()
        };
        let code = attacker
            .put_up_with(frames, 1_000_000)
            .await
            .expect(TOOK_ALL);
        assert_eq!(code, Some(0xb), "ENHANCE_YOUR_CALM");
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_continuations() {
    // CVE-2024-24549 and its kin: a head that never ends.
    survives(async |attacker| {
        let frames = |round| match round {
            0 => frame(HEADERS, 0, 1, &head()),
            // A field that is never sent as a whole.
            _ => frame(CONTINUATION, 0, 1, &[0x40, 1, b'a', 1, b'b'].repeat(200)),
        };
        let code = attacker
            .put_up_with(frames, 1_000_000)
            .await
            .expect(TOOK_ALL);
        assert!(code.is_some_and(|code| code != 0), "{code:?}");
    })
    .await;
}

#[tokio::test]
async fn garbage_after_the_preface() {
    survives(async |attacker| {
        let code = attacker
            .put_up_with(|_| b"no frame at all ".repeat(64), 100_000)
            .await
            .expect(TOOK_ALL);
        assert!(code.is_some_and(|code| code != 0), "{code:?}");
    })
    .await;
}

#[tokio::test]
async fn data_for_a_call_that_was_never_begun() {
    survives(async |attacker| {
        let frames = |_| frame(DATA, END_STREAM, 7, b"data");
        let code = attacker.put_up_with(frames, 100_000).await.expect(TOOK_ALL);
        assert_eq!(code, Some(1), "PROTOCOL_ERROR");
    })
    .await;
}

#[tokio::test]
async fn floods_whose_answers_nobody_reads() {
    // Each PING and each SETTINGS wants an answer. A caller that reads none of them makes the
    // server's output grow, or its own input stand still.
    for (kind, payload) in [(PING, &[0; 8][..]), (SETTINGS, &[])] {
        survives(async |attacker| {
            let mut stream = attacker.0;
            let flood = frame(kind, 0, 0, payload).repeat(1000);
            let mut sent = 0usize;
            // Until the server takes no more: it has stopped reading, or hung up.
            while let Ok(Ok(())) =
                tokio::time::timeout(Duration::from_millis(500), stream.write_all(&flood)).await
            {
                sent += flood.len();
                assert!(sent < 256 << 20, "the server reads without an end");
            }
        })
        .await;
    }
}

/// Frames of which one says nothing that the one before has not said.
fn pointless() -> Vec<(&'static str, Vec<u8>)> {
    const ACK: u8 = 1;
    const UNKNOWN: u8 = 0xbe;
    let update = |stream| frame(WINDOW_UPDATE, 0, stream, &1u32.to_be_bytes());
    vec![
        ("PING", frame(PING, 0, 0, &[7; 8])),
        ("PING with ACK", frame(PING, ACK, 0, &[7; 8])),
        ("SETTINGS", frame(SETTINGS, 0, 0, &[])),
        ("PRIORITY", frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])),
        ("WINDOW_UPDATE", update(0)),
        ("an unknown type", frame(UNKNOWN, 0, 0, &[])),
    ]
}

#[tokio::test]
async fn a_flood_is_told_to_calm_down() {
    for (name, pointless) in pointless() {
        survives(async |attacker| {
            let end = flooded(attacker, |_| pointless.clone(), 1_000).await;
            let Some((last_stream, code, debug)) = end else {
                panic!("no GOAWAY for a flood of {name}");
            };
            assert_eq!((last_stream, code), (0, 0xb), "{name}: ENHANCE_YOUR_CALM");
            // What gRPC's clients look for, to keep alive less often.
            let expected = match name.starts_with("PING") {
                true => "too_many_pings",
                false => "too_many_control_frames",
            };
            assert_eq!(debug, expected, "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_flood_beside_a_call_is_told_which_calls_were_begun() {
    let handlers = Handlers::default().read(|_| std::future::pending());
    let server = Server::start(handlers).await;
    let mut attacker = Attacker::connect(server.addr).await;
    for stream in [1, 3] {
        let call = call_at(stream, "/acme.greeter.v1.GreeterService/GetItem", "60S");
        attacker.0.write_all(&call).await.unwrap();
    }
    let end = flooded(attacker, |_| frame(PING, 0, 0, &[0; 8]), 1_000).await;
    assert_eq!(
        end.map(|(last_stream, code, _)| (last_stream, code)),
        Some((3, 0xb))
    );
    let line = "rpc_server_connections_closed_total{reason=\"flood\"}";
    until("a flood that is counted", || server.metric(line) == 1.0).await;
}

/// Sends frames, a thousand at a time, and reads what comes, until the server hangs up; its last GOAWAY.
async fn flooded(
    attacker: Attacker,
    frames: impl Fn(u32) -> Vec<u8>,
    rounds: u32,
) -> Option<(u32, u32, String)> {
    let (mut reader, mut writer) = attacker.0.into_split();
    let reading = tokio::spawn(async move {
        let mut said = Vec::new();
        let _ = reader.read_to_end(&mut said).await;
        said
    });
    for round in 0..rounds {
        if writer.write_all(&frames(round).repeat(1000)).await.is_err() {
            break;
        }
        assert_ne!(round + 1, rounds, "{TOOK_ALL}");
    }
    let said = tokio::time::timeout(Duration::from_secs(10), reading).await;
    last_goaway(&said.expect("the connection was left open").unwrap())
}

#[tokio::test]
async fn floods_that_h2_ends_by_itself() {
    // Their limits are h2's; should one be gone, it belongs to ours.
    let begin = frame(HEADERS, END_HEADERS, 1, &head());
    let empty = frame(DATA, 0, 1, &[]);
    type Flood = Box<dyn Fn(u32) -> Vec<u8>>;
    let floods: [(&str, Flood); 3] = [
        (
            "empty DATA",
            Box::new(move |round| {
                if round == 0 {
                    begin.clone()
                } else {
                    empty.repeat(1000)
                }
            }),
        ),
        (
            "RST_STREAM of no call",
            Box::new(|round| frame(RST_STREAM, 0, 2 * round + 1, &8u32.to_be_bytes())),
        ),
        (
            "SETTINGS with ACK",
            Box::new(|_| frame(SETTINGS, 1, 0, &[])),
        ),
    ];
    for (name, frames) in floods {
        survives(async |attacker| {
            let code = attacker.put_up_with(frames, 10_000).await.expect(TOOK_ALL);
            assert!(code.is_some_and(|code| code != 0), "{name}: {code:?}");
        })
        .await;
    }
}

/// As much as an honest client may send, for longer than a bandwidth-delay product is estimated: each
/// of its calls with a PING, an update of each window, and the settings again.
#[tokio::test]
async fn what_honest_clients_send_is_no_flood() {
    let server = Server::patient(Handlers::default(), ServerConfig::default(), calm()).await;
    let client = Attacker::connect(server.addr).await;
    let (mut reader, mut writer) = client.0.into_split();
    let reading = tokio::spawn(async move {
        let mut said = Vec::new();
        reader.read_to_end(&mut said).await.map(|_| said)
    });
    let beside: Vec<u8> = pointless()
        .into_iter()
        .filter(|(name, _)| *name != "an unknown type")
        .flat_map(|(_, frame)| frame)
        .collect();
    let line = "rpc_server_call_duration_seconds_count{rpc_system_name=\"grpc\",rpc_method=\"acme.greeter.\
                v1.GreeterService/GetItem\",rpc_response_status_code=\"OK\"}";
    for call in 0..1_500 {
        // Fewer than may be open at once.
        if call % 250 == 0 {
            until("every answer", || server.metric(line) == f64::from(call)).await;
        }
        let call = call_at(
            2 * call + 1,
            "/acme.greeter.v1.GreeterService/GetItem",
            "60S",
        );
        writer
            .write_all(&[beside.clone(), call].concat())
            .await
            .unwrap();
    }
    drop(writer);
    let said = reading.await.unwrap().unwrap();
    assert_eq!(last_goaway(&said), None);
}

#[tokio::test]
async fn heads_that_are_too_large() {
    survives(async |attacker| {
        let frames = |round| large_head(2 * round + 1, 600);
        // Each call is refused before a handler hears of it, and the connection may go on.
        let _ = attacker.put_up_with(frames, 200).await;
    })
    .await;
}

/// What a call of GetItem with this body comes to: the statuses that the server has counted.
async fn status_of(head: &[(&str, &str)], body: &[Vec<u8>], status: &str) {
    let config = ServerConfig {
        default_deadline: Duration::from_millis(300),
        ..ServerConfig::default()
    };
    let server = Server::configured(Handlers::default(), Duration::from_secs(5), config).await;
    let mut healthy = server.client();
    healthy.get_item(read()).await.unwrap();
    let mut attacker = Attacker::connect(server.addr).await;
    let begin = frame(HEADERS, END_HEADERS, 1, &head_of("GetItem", head));
    attacker.0.write_all(&begin).await.unwrap();
    for part in body {
        attacker
            .0
            .write_all(&frame(DATA, 0, 1, part))
            .await
            .unwrap();
    }
    let mut said = Vec::new();
    while !contains_headers(&said) {
        let mut more = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(10), attacker.0.read(&mut more)).await;
        let read = read.expect("no answer").unwrap();
        assert_ne!(read, 0, "the connection was cut");
        said.extend_from_slice(&more[..read]);
    }
    let counted = format!(
        "rpc_server_call_duration_seconds_count{{rpc_system_name=\"grpc\",rpc_method=\"acme.greeter.v1.\
         GreeterService/GetItem\",rpc_response_status_code=\"{status}\"}}"
    );
    assert_eq!(server.metric(&counted), 1.0);
    healthy.get_item(read()).await.unwrap();
}

#[tokio::test]
async fn a_message_that_never_arrives_whole() {
    // Its length, and a byte of it; the rest never comes.
    status_of(&[], &[vec![0, 0, 0, 4, 0, 7]], "DEADLINE_EXCEEDED").await;
}

#[tokio::test]
async fn a_message_that_is_larger_unpacked_than_packed() {
    let level = flate2::Compression::best();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), level);
    bomb.write_all(&vec![0; 8 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let mut message = vec![1];
    message.extend((bomb.len() as u32).to_be_bytes());
    message.extend(bomb);
    let gzip = [("grpc-encoding", "gzip")];
    status_of(&gzip, &[message], "RESOURCE_EXHAUSTED").await;
}
