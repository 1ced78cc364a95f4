//! What a call ends with, for each thing that a peer can do to it. The codes are those of gRPC's
//! [status codes](https://github.com/grpc/grpc/blob/master/doc/statuscodes.md),
//! [HTTP mapping](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md) and
//! [protocol](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md); where these leave it
//! open, grpc-go's.

use std::sync::Arc;

use tonic::Code;

use super::calls::{KINDS, Kind, call, name};
use super::peer::{self, After, Field, Frames, data, goaway, headers, message, reset};
use crate::frames::END_STREAM;

/// One thing that a peer does, and how it ends for the caller.
struct Row {
    name: String,
    frames: Arc<Frames>,
    after: After,
    /// Of a method that answers with one message.
    single: Code,
    /// Of a method that answers with a stream: the messages before the end.
    stream: (usize, Code),
    /// What the status has to say.
    says: &'static str,
    /// tonic's codec finds it, after the client has counted the call.
    in_codec: bool,
}

impl Row {
    /// A row where every kind of call ends with `code`, after `messages` of a stream.
    fn new(
        name: impl Into<String>,
        frames: impl Fn(u32) -> Vec<u8> + Send + Sync + 'static,
        messages: usize,
        code: Code,
    ) -> Self {
        Self {
            name: name.into(),
            frames: Arc::new(frames),
            after: After::Stays,
            single: code,
            stream: (messages, code),
            says: "",
            in_codec: false,
        }
    }

    fn after(mut self, after: After) -> Self {
        self.after = after;
        self
    }

    fn single(mut self, code: Code) -> Self {
        self.single = code;
        self
    }

    fn says(mut self, says: &'static str) -> Self {
        self.says = says;
        self
    }

    fn in_codec(mut self) -> Self {
        self.in_codec = true;
        self
    }
}

const STATUS: Field<'_> = (b":status", b"200");
const GRPC: Field<'_> = (b"content-type", b"application/grpc");
const HTML: Field<'_> = (b"content-type", b"text/html");
const OK: Field<'_> = (b"grpc-status", b"0");
const NOT_FOUND: Field<'_> = (b"grpc-status", b"5");

fn head(id: u32) -> Vec<u8> {
    headers(id, 0, &[STATUS, GRPC])
}

fn trailers(id: u32, fields: &[Field<'_>]) -> Vec<u8> {
    headers(id, END_STREAM, fields)
}

/// An answer with these messages, as they are on the wire, and these trailers.
fn answer(id: u32, body: &[u8], fields: &[Field<'_>]) -> Vec<u8> {
    [head(id), data(id, 0, body), trailers(id, fields)].concat()
}

fn one() -> Vec<u8> {
    message(0, b"")
}

/// Answers that a client has to understand.
fn valid() -> Vec<Row> {
    let mut rows = vec![
        Row::new("a message", |id| answer(id, &one(), &[OK]), 1, Code::Ok),
        Row::new(
            "RST_STREAM(NO_ERROR) after the end",
            |id| [answer(id, &one(), &[OK]), reset(id, 0)].concat(),
            1,
            Code::Ok,
        ),
        Row::new(
            "an informational head first",
            |id| {
                [
                    headers(id, 0, &[(b":status", b"103")]),
                    answer(id, &one(), &[OK]),
                ]
                .concat()
            },
            1,
            Code::Ok,
        ),
        Row::new(
            "a message in many frames",
            |id| {
                let bytes = one();
                let frames: Vec<_> = bytes
                    .iter()
                    .flat_map(|byte| data(id, 0, &[*byte]))
                    .collect();
                [head(id), frames, trailers(id, &[OK])].concat()
            },
            1,
            Code::Ok,
        ),
        Row::new(
            "a compression that is announced and not used",
            |id| {
                let head = headers(id, 0, &[STATUS, GRPC, (b"grpc-encoding", b"snappy")]);
                [head, data(id, 0, &one()), trailers(id, &[OK])].concat()
            },
            1,
            Code::Ok,
        ),
        Row::new(
            "GOAWAY, and the call goes on",
            |id| [goaway(id, 0), answer(id, &one(), &[OK])].concat(),
            1,
            Code::Ok,
        ),
        Row::new(
            "binary metadata that is not base64",
            |id| {
                let bad: Field<'_> = (b"x-bin", b"!!!");
                let head = headers(id, 0, &[STATUS, GRPC, bad]);
                [head, data(id, 0, &one()), trailers(id, &[OK, bad])].concat()
            },
            1,
            Code::Ok,
        ),
        Row::new(
            "metadata that is not ASCII",
            |id| {
                let odd: Field<'_> = (b"x-odd", b"\xE2\x82\xAC\xFF");
                let head = headers(id, 0, &[STATUS, GRPC, odd]);
                [head, data(id, 0, &one()), trailers(id, &[OK, odd])].concat()
            },
            1,
            Code::Ok,
        ),
    ];
    for content_type in ["application/grpc+proto", "application/grpc;charset=utf-8"] {
        rows.push(Row::new(
            format!("content-type {content_type}"),
            move |id| {
                let head = headers(id, 0, &[STATUS, (b"content-type", content_type.as_bytes())]);
                [head, data(id, 0, &one()), trailers(id, &[OK])].concat()
            },
            1,
            Code::Ok,
        ));
    }
    rows
}

/// Where the status is, and where it is not.
fn statuses() -> Vec<Row> {
    let mut rows = vec![
        Row::new(
            "a head alone",
            |id| trailers(id, &[STATUS, GRPC, NOT_FOUND]),
            0,
            Code::NotFound,
        ),
        Row::new(
            "a head alone, of another HTTP status",
            |id| trailers(id, &[(b":status", b"503"), GRPC, NOT_FOUND]),
            0,
            Code::NotFound,
        ),
        Row::new(
            "a head alone, of another content-type",
            |id| trailers(id, &[STATUS, HTML, NOT_FOUND]),
            0,
            Code::NotFound,
        ),
        Row::new(
            "a status in trailers, and another HTTP status",
            |id| {
                let head = headers(id, 0, &[(b":status", b"503"), GRPC]);
                [head, trailers(id, &[NOT_FOUND])].concat()
            },
            0,
            Code::NotFound,
        ),
        Row::new(
            "an error in the head, another in the trailers",
            |id| {
                let head = headers(id, 0, &[STATUS, GRPC, NOT_FOUND]);
                [head, trailers(id, &[(b"grpc-status", b"7")])].concat()
            },
            0,
            Code::PermissionDenied,
        ),
        Row::new(
            "OK in the head, an error in the trailers",
            |id| {
                let head = headers(id, 0, &[STATUS, GRPC, OK]);
                [head, data(id, 0, &one()), trailers(id, &[NOT_FOUND])].concat()
            },
            1,
            Code::NotFound,
        ),
        Row::new(
            "an error in the head, a message, no trailers",
            |id| {
                let head = headers(id, 0, &[STATUS, GRPC, NOT_FOUND]);
                [head, data(id, END_STREAM, &one())].concat()
            },
            1,
            Code::Unknown,
        ),
        Row::new(
            "an error in the head, and an empty DATA at the end",
            |id| {
                let head = headers(id, 0, &[STATUS, GRPC, NOT_FOUND]);
                [head, data(id, END_STREAM, &[])].concat()
            },
            0,
            Code::NotFound,
        ),
        Row::new(
            "OK in the head, and an empty DATA at the end",
            |id| {
                let head = headers(id, 0, &[STATUS, GRPC, OK]);
                [head, data(id, END_STREAM, &[])].concat()
            },
            0,
            Code::Unknown,
        ),
        Row::new(
            "an answer without trailers",
            |id| [head(id), data(id, END_STREAM, &one())].concat(),
            1,
            Code::Unknown,
        ),
        Row::new(
            "half a message without trailers",
            |id| [head(id), data(id, END_STREAM, &one()[..3])].concat(),
            0,
            Code::Unknown,
        ),
        Row::new(
            "trailers without a status",
            |id| answer(id, &one(), &[(b"grpc-message", b"x")]),
            1,
            Code::Unknown,
        ),
        Row::new(
            "a message that is not percent-encoded UTF-8",
            |id| {
                answer(
                    id,
                    &[],
                    &[NOT_FOUND, (b"grpc-message", b"no %zz \xFF%FF item")],
                )
            },
            0,
            Code::NotFound,
        )
        .says("no %zz \u{fffd}\u{fffd} item"),
        Row::new(
            "details that are not base64",
            |id| answer(id, &[], &[NOT_FOUND, (b"grpc-status-details-bin", b"!!!")]),
            0,
            Code::NotFound,
        ),
        Row::new(
            "details that are not base64, in a head alone",
            |id| {
                let details: Field<'_> = (b"grpc-status-details-bin", b"!!!");
                trailers(id, &[STATUS, GRPC, NOT_FOUND, details])
            },
            0,
            Code::NotFound,
        ),
        Row::new(
            "details of another code",
            // google.rpc.Status { code: 7 }
            |id| answer(id, &[], &[NOT_FOUND, (b"grpc-status-details-bin", b"CAc")]),
            0,
            Code::NotFound,
        ),
        Row::new(
            "two statuses",
            |id| answer(id, &one(), &[OK, NOT_FOUND]),
            1,
            Code::Unknown,
        )
        .says("\"0\" and \"5\""),
    ];
    for status in ["", "abc", "-1", "+5", "5.0", "17", "4294967296"] {
        rows.push(
            Row::new(
                format!("grpc-status {status:?}"),
                move |id| answer(id, &one(), &[(b"grpc-status", status.as_bytes())]),
                1,
                Code::Unknown,
            )
            .says("no code of gRPC"),
        );
    }
    rows
}

/// Answers of proxies, and of servers that do not speak gRPC.
fn http() -> Vec<Row> {
    let mut rows = Vec::new();
    for (http, code) in [
        ("200", Code::Unknown),
        ("204", Code::Unknown),
        ("302", Code::Unknown),
        ("400", Code::Internal),
        ("401", Code::Unauthenticated),
        ("403", Code::PermissionDenied),
        ("404", Code::Unimplemented),
        ("405", Code::Unknown),
        ("418", Code::Unknown),
        ("429", Code::Unavailable),
        ("431", Code::Internal),
        ("500", Code::Unknown),
        ("502", Code::Unavailable),
        ("503", Code::Unavailable),
        ("504", Code::Unavailable),
        ("800", Code::Unknown),
    ] {
        let row = |name: &str, frames: Arc<Frames>| {
            Row::new(
                format!("HTTP {http}, {name}"),
                move |id| frames(id),
                0,
                code,
            )
            .says(http)
        };
        let status: Field<'static> = (b":status", http.as_bytes());
        rows.push(row("no body", Arc::new(move |id| trailers(id, &[status]))));
        rows.push(row(
            "HTML",
            Arc::new(move |id| {
                let page = data(id, END_STREAM, b"<html>Bad Gateway</html>");
                [headers(id, 0, &[status, HTML]), page].concat()
            }),
        ));
        if http != "200" {
            rows.push(row(
                "HTML that is said to be gRPC",
                Arc::new(move |id| {
                    let page = data(id, END_STREAM, b"<html>Bad Gateway</html>");
                    [headers(id, 0, &[status, GRPC]), page].concat()
                }),
            ));
        }
    }
    for content_type in [
        "application/grpc-web",
        "application/grpcx",
        "application/json",
        "",
    ] {
        rows.push(Row::new(
            format!("content-type {content_type:?}"),
            move |id| {
                let head = headers(id, 0, &[STATUS, (b"content-type", content_type.as_bytes())]);
                [head, data(id, 0, &one()), trailers(id, &[OK])].concat()
            },
            0,
            Code::Unknown,
        ));
    }
    rows
}

/// Messages that are too few, too many, too large or not whole.
fn messages() -> Vec<Row> {
    let compressed = |name: &str, encoding: &'static str, flag: u8| {
        Row::new(
            name,
            move |id| {
                let encoding: Field<'_> = (b"grpc-encoding", encoding.as_bytes());
                let head = headers(id, 0, &[STATUS, GRPC, encoding]);
                let body = [one(), message(flag, b"x")].concat();
                [head, data(id, 0, &body), trailers(id, &[OK])].concat()
            },
            1,
            Code::Internal,
        )
    };
    let body = |name: &str, body: Vec<u8>, messages, code| {
        Row::new(name, move |id| answer(id, &body, &[OK]), messages, code)
    };
    let too_large = |length: u32| {
        let mut prefix = vec![0];
        prefix.extend(length.to_be_bytes());
        [one(), prefix].concat()
    };
    vec![
        body("no message", vec![], 0, Code::Ok).single(Code::Unimplemented),
        Row::new(
            "a head alone, with OK",
            |id| trailers(id, &[STATUS, GRPC, OK]),
            0,
            Code::Ok,
        )
        .single(Code::Unimplemented),
        body("two messages", [one(), one()].concat(), 2, Code::Ok).single(Code::Unimplemented),
        Row::new(
            "two messages and an error",
            |id| answer(id, &[one(), one()].concat(), &[NOT_FOUND]),
            2,
            Code::NotFound,
        )
        .single(Code::Unimplemented),
        body(
            "half a prefix",
            [one(), vec![0, 0]].concat(),
            1,
            Code::Internal,
        ),
        body(
            "half a message",
            [one(), message(0, b"half")[..7].to_vec()].concat(),
            1,
            Code::Internal,
        )
        .single(Code::Unimplemented),
        body(
            "half of the only message",
            message(0, b"half")[..7].to_vec(),
            0,
            Code::Internal,
        ),
        Row::new(
            "half a message and an error",
            |id| answer(id, &message(0, b"half")[..7], &[NOT_FOUND]),
            0,
            Code::NotFound,
        ),
        body(
            "a flag without an encoding",
            message(1, b"x"),
            0,
            Code::Internal,
        ),
        body("an unknown flag", message(2, b"x"), 0, Code::Internal),
        compressed("a flag with the encoding identity", "identity", 1),
        compressed("an encoding that the client has not asked for", "gzip", 1),
        compressed("an unknown encoding", "snappy", 1).says("snappy"),
        body(
            "a message too large",
            too_large(4 * 1024 * 1024 + 1),
            1,
            Code::ResourceExhausted,
        )
        .single(Code::Unimplemented),
        body(
            "the only message too large",
            too_large(u32::MAX)[5..].to_vec(),
            0,
            Code::ResourceExhausted,
        ),
        body(
            "a message that is not protobuf",
            message(0, b"\xFF\xFF"),
            0,
            Code::Internal,
        )
        .in_codec(),
        Row::new(
            "a head too large",
            |id| {
                let large = vec![b'x'; 20_000];
                let head = headers(id, 0, &[STATUS, GRPC, (b"a", &large)]);
                [head, data(id, 0, &one()), trailers(id, &[OK])].concat()
            },
            0,
            Code::Internal,
        ),
        // The HTTP/2 library drops the fields beyond its limit.
        Row::new(
            "trailers too large, before their status",
            |id| answer(id, &one(), &[(b"a", &[b'x'; 20_000]), OK]),
            1,
            Code::Unknown,
        ),
    ]
}

/// Streams and connections that end before the answer does.
fn failures() -> Vec<Row> {
    let mut rows = Vec::new();
    for (reason, code) in [
        (0, Code::Internal),
        (1, Code::Internal),
        (2, Code::Internal),
        (3, Code::Internal),
        (4, Code::Internal),
        (5, Code::Unknown),
        (6, Code::Internal),
        (7, Code::Unavailable),
        (8, Code::Cancelled),
        (9, Code::Internal),
        (10, Code::Internal),
        (11, Code::ResourceExhausted),
        (12, Code::PermissionDenied),
        (13, Code::Unknown),
        (99, Code::Unknown),
    ] {
        let at = |place: &str| format!("RST_STREAM({reason}) {place}");
        rows.push(Row::new(
            at("before the head"),
            move |id| reset(id, reason),
            0,
            code,
        ));
        rows.push(Row::new(
            at("after the head"),
            move |id| [head(id), reset(id, reason)].concat(),
            0,
            code,
        ));
        rows.push(Row::new(
            at("after a message"),
            move |id| [head(id), data(id, 0, &one()), reset(id, reason)].concat(),
            1,
            code,
        ));
        rows.push(Row::new(
            at("in a message"),
            move |id| [head(id), data(id, 0, &one()[..3]), reset(id, reason)].concat(),
            0,
            code,
        ));
    }
    for after in [After::Closes, After::Resets] {
        // A TCP reset may overtake what was sent before it.
        let seen = usize::from(after == After::Closes);
        let cut = |name: &str, frames: Arc<Frames>, messages: usize| {
            let name = format!("{name}, and the peer {after:?}");
            Row::new(name, move |id| frames(id), messages, Code::Unavailable).after(after)
        };
        rows.push(cut("nothing", Arc::new(|_| vec![]), 0));
        rows.push(cut("a head", Arc::new(head), 0));
        rows.push(cut(
            "half a frame",
            Arc::new(|id| head(id)[..12].to_vec()),
            0,
        ));
        rows.push(cut(
            "a message",
            Arc::new(|id| [head(id), data(id, 0, &one())].concat()),
            seen,
        ));
        rows.push(cut(
            "half a message",
            Arc::new(|id| [head(id), data(id, 0, &one()[..3])].concat()),
            0,
        ));
    }
    for reason in [0, 2, 11] {
        rows.push(
            Row::new(
                format!("GOAWAY({reason}) before the call"),
                move |_| goaway(0, reason),
                0,
                Code::Unavailable,
            )
            .after(After::Closes),
        );
    }
    rows
}

/// What is no HTTP/2, or breaks it.
fn http2() -> Vec<Row> {
    vec![
        Row::new(
            "HTTP/1.1",
            |_| b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec(),
            0,
            Code::Unavailable,
        )
        .after(After::Closes),
        Row::new("noise", |_| vec![0xAA; 64], 0, Code::Unavailable).after(After::Closes),
        Row::new(
            "no :status",
            |id| headers(id, 0, &[GRPC]),
            0,
            Code::Internal,
        ),
        Row::new(
            "an upper-case name",
            |id| headers(id, 0, &[STATUS, GRPC, (b"X-Upper", b"1")]),
            0,
            // A connection error to the HTTP/2 library, and broken connections are UNAVAILABLE.
            Code::Unavailable,
        ),
        Row::new(
            "a field of HTTP/1.1",
            |id| headers(id, 0, &[STATUS, GRPC, (b"transfer-encoding", b"chunked")]),
            0,
            Code::Internal,
        ),
        Row::new(
            "another content-length",
            |id| {
                let head = headers(id, 0, &[STATUS, GRPC, (b"content-length", b"3")]);
                [head, data(id, 0, &one()), trailers(id, &[OK])].concat()
            },
            0,
            Code::Internal,
        ),
        Row::new(
            "trailers without END_STREAM",
            |id| [head(id), data(id, 0, &one()), headers(id, 0, &[OK])].concat(),
            1,
            Code::Internal,
        ),
    ]
}

#[tokio::test]
async fn every_end_of_a_call_has_the_code_that_grpc_gives_it() {
    let mut wrong = Vec::new();
    let tables = [valid(), statuses(), http(), messages(), failures(), http2()];
    for row in tables.into_iter().flatten() {
        for kind in KINDS {
            let addr = peer::start(row.frames.clone(), row.after).await;
            let expected = match kind {
                Kind::ServerStreaming => row.stream,
                Kind::Unary | Kind::ClientStreaming => {
                    (usize::from(row.single == Code::Ok), row.single)
                }
            };
            // In a separate task, so that a panic is a wrong row and not the end.
            let outcome = match tokio::spawn(call(addr, kind)).await {
                Ok(outcome) => outcome,
                Err(panic) => {
                    wrong.push(format!("{}, {kind:?}: {panic}", row.name));
                    continue;
                }
            };
            let seen = (outcome.messages, outcome.status.code());
            // A TCP reset may let what was sent before through.
            let seen_ok = seen == expected || row.after == After::Resets && seen.1 == expected.1;
            let said = outcome.status.message().contains(row.says);
            let counted = row.in_codec || outcome.counted == name(seen.1);
            if !(seen_ok && said && counted) {
                wrong.push(format!(
                    "{}, {kind:?}: {expected:?} expected, saying {:?}; got {outcome:?}",
                    row.name, row.says
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
