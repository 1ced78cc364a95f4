//! Callers that mean harm, frame by frame. Each is held to its bounds while another caller, beside
//! it, is answered as if nothing were.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Handlers, Server, read};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The head of a call, without compression: literals that are not indexed.
fn head() -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/acme.greeter.v1.GreeterService/GetItem"),
        (":authority", "x"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let mut head = Vec::new();
    for (name, value) in fields {
        for text in [&[0, name.len() as u8], name.as_bytes()] {
            head.extend(text);
        }
        head.push(value.len() as u8);
        head.extend(value.as_bytes());
    }
    head
}

struct Attacker(TcpStream);

impl Attacker {
    async fn connect(server: &Server) -> Self {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        let hello = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        stream.write_all(&hello).await.unwrap();
        Self(stream)
    }

    /// Sends `frames` again and again until the server hangs up, and returns what it said last: the
    /// error of its GOAWAY, if there was one. Panics if the server puts up with all of it.
    async fn until_hung_up(self, mut frames: impl FnMut(u32) -> Vec<u8>, most: u32) -> Option<u32> {
        let (mut reader, mut writer) = self.0.into_split();
        let reading = tokio::spawn(async move {
            let mut said = Vec::new();
            // A reset ends it as well.
            let _ = reader.read_to_end(&mut said).await;
            said
        });
        for round in 0..most {
            if writer.write_all(&frames(round)).await.is_err() {
                break;
            }
            assert!(round + 1 < most, "the server took all of it");
        }
        let said = tokio::time::timeout(Duration::from_secs(10), reading).await;
        goaway(&said.expect("the connection was left open").unwrap())
    }
}

/// The error code of the last GOAWAY in a series of frames.
fn goaway(mut said: &[u8]) -> Option<u32> {
    let mut code = None;
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = said {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (payload, next) = rest.split_at_checked(length)?;
        if let (GOAWAY, [_, _, _, _, error @ ..]) = (*kind, payload) {
            code = error.first_chunk().map(|error| u32::from_be_bytes(*error));
        }
        said = next;
    }
    code
}

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
    attack(Attacker::connect(&server).await).await;
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
        let code = attacker.until_hung_up(frames, 1_000_000).await;
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
        let code = attacker.until_hung_up(frames, 1_000_000).await;
        assert!(code.is_some_and(|code| code != 0), "{code:?}");
    })
    .await;
}

#[tokio::test]
async fn garbage_after_the_preface() {
    survives(async |attacker| {
        let code = attacker
            .until_hung_up(|_| b"no frame at all ".repeat(64), 100_000)
            .await;
        assert!(code.is_some_and(|code| code != 0), "{code:?}");
    })
    .await;
}

#[tokio::test]
async fn data_for_a_call_that_was_never_begun() {
    survives(async |attacker| {
        let frames = |_| frame(DATA, END_STREAM, 7, b"data");
        let code = attacker.until_hung_up(frames, 100_000).await;
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
