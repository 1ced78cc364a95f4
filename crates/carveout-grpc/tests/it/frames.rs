//! HTTP/2 by hand: frames that no client would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The head of a call of GetItem.
pub(crate) fn head() -> Vec<u8> {
    head_of("GetItem", &[])
}

/// The head of a call, without compression: literals that are not indexed.
pub(crate) fn head_of(method: &str, more: &[(&str, &str)]) -> Vec<u8> {
    head_of_path(&format!("/acme.greeter.v1.GreeterService/{method}"), more)
}

/// The same with any path.
pub(crate) fn head_of_path(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "x"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let mut head = Vec::new();
    for (name, value) in fields.iter().chain(more) {
        for text in [&[0, name.len() as u8], name.as_bytes()] {
            head.extend(text);
        }
        head.push(value.len() as u8);
        head.extend(value.as_bytes());
    }
    head
}

pub(crate) struct Attacker(pub(crate) TcpStream);

impl Attacker {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let hello = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        stream.write_all(&hello).await.unwrap();
        Self(stream)
    }

    /// Sends `frames` again and again until the server hangs up, and returns what it said last: the
    /// error of its GOAWAY, if there was one. The error is that the server took all of it.
    pub(crate) async fn put_up_with(
        self,
        mut frames: impl FnMut(u32) -> Vec<u8>,
        most: u32,
    ) -> Result<Option<u32>, u32> {
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
            if round + 1 == most {
                return Err(most);
            }
        }
        let said = tokio::time::timeout(Duration::from_secs(10), reading).await;
        Ok(goaway(
            &said.expect("the connection was left open").unwrap(),
        ))
    }
}

/// The error code of the last GOAWAY in a series of frames.
fn goaway(said: &[u8]) -> Option<u32> {
    last_goaway(said).map(|(_, code, _)| code)
}

/// The last GOAWAY in a series of frames: its last stream, its error code and its debug data.
pub(crate) fn last_goaway(mut said: &[u8]) -> Option<(u32, u32, String)> {
    let mut last = None;
    while let Some((kind, _, payload, used)) = first_frame(said) {
        if let (GOAWAY, [a, b, c, d, e, f, g, h, debug @ ..]) = (kind, payload) {
            let number = u32::from_be_bytes;
            let debug = String::from_utf8_lossy(debug).into_owned();
            last = Some((number([*a, *b, *c, *d]), number([*e, *f, *g, *h]), debug));
        }
        said = &said[used..];
    }
    last
}

/// SETTINGS_INITIAL_WINDOW_SIZE: the server may send `bytes` of each answer.
pub(crate) fn window(bytes: u32) -> Vec<u8> {
    const INITIAL_WINDOW_SIZE: [u8; 2] = [0, 4];
    let setting = [&INITIAL_WINDOW_SIZE[..], &bytes.to_be_bytes()].concat();
    frame(SETTINGS, 0, 0, &setting)
}

/// A whole call, of an empty message.
pub(crate) fn call_at(stream: u32, path: &str, timeout: &str) -> Vec<u8> {
    let head = head_of_path(path, &[("grpc-timeout", timeout)]);
    let begin = frame(HEADERS, END_HEADERS, stream, &head);
    [begin, frame(DATA, END_STREAM, stream, &[0; 5])].concat()
}

/// Kind, flags, payload and length of the first whole frame.
pub(crate) fn first_frame(said: &[u8]) -> Option<(u8, u8, &[u8], usize)> {
    let [a, b, c, kind, flags, _, _, _, _, rest @ ..] = said else {
        return None;
    };
    let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
    Some((*kind, *flags, rest.get(..length)?, 9 + length))
}

/// Whether some call was answered: the head of an answer is among the frames.
pub(crate) fn contains_headers(said: &[u8]) -> bool {
    contains(said, HEADERS)
}

/// Whether a frame of this kind is among the frames.
pub(crate) fn contains(mut said: &[u8], wanted: u8) -> bool {
    while let Some((kind, _, _, used)) = first_frame(said) {
        if kind == wanted {
            return true;
        }
        said = &said[used..];
    }
    false
}

/// A call of GetItem whose head is of so many fields, in as many frames as it takes.
pub(crate) fn large_head(stream: u32, fields: usize) -> Vec<u8> {
    let value = "x".repeat(120);
    let names: Vec<String> = (0..fields).map(|field| format!("x-{field:04}")).collect();
    let fields: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), value.as_str()))
        .collect();
    let head = head_of("GetItem", &fields);
    let mut parts = head.chunks(16_000).peekable();
    let first = parts.next().unwrap_or_default();
    let mut frames = frame(HEADERS, END_STREAM, stream, first);
    while let Some(part) = parts.next() {
        let flags = if parts.peek().is_none() {
            END_HEADERS
        } else {
            0
        };
        frames.extend(frame(CONTINUATION, flags, stream, part));
    }
    frames
}
