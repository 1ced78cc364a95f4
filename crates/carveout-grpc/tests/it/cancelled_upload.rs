//! A request stream that stops before its end: its handler must not take what has come for all of it,
//! and it is no fault of the server.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Code;

use crate::frames::{
    Attacker, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, frame,
};
use crate::support::{CALLER, Server, counted, faults, serve_within, until};
use crate::upload::{self, METHOD, Seen, Upload, message};

/// Every error code of HTTP/2, and an unassigned one.
const RESET_CODES: std::ops::RangeInclusive<u32> = 0..=14;

async fn serve(upload: Upload) -> Server {
    serve_within(upload, upload::descriptors(), Duration::from_secs(5)).await
}

struct Half {
    server: Server,
    seen: mpsc::Receiver<Seen>,
    peer: Attacker,
}

impl Half {
    /// The server has the first of who knows how many messages.
    async fn sent() -> Self {
        Self::of(Upload::new()).await
    }

    async fn of((upload, mut seen): (Upload, mpsc::Receiver<Seen>)) -> Self {
        let server = serve(upload).await;
        let mut peer = Attacker::connect(server.addr).await;
        let begin = [
            frame(HEADERS, END_HEADERS, 1, &upload::head()),
            frame(DATA, 0, 1, &message("half")),
        ];
        peer.0.write_all(&begin.concat()).await.unwrap();
        assert_eq!(seen.recv().await.unwrap(), Seen::Message("half".into()));
        Self { server, seen, peer }
    }

    async fn then(&mut self, frames: &[u8]) {
        self.peer.0.write_all(frames).await.unwrap();
    }

    /// How the request ends for the handler.
    async fn end(&mut self) -> Seen {
        let end = tokio::time::timeout(Duration::from_secs(20), self.seen.recv()).await;
        end.expect("the handler waits still").unwrap()
    }

    /// That the handler gets an error, and the call counts as one that its caller has cancelled.
    async fn ends_cancelled(mut self, what: &str) {
        assert_eq!(self.end().await, Seen::Error(Code::Aborted), "{what}");
        let counted = || counted(&self.server, METHOD, "CANCELLED", "") == 1.0;
        until(what, counted).await;
        assert_eq!(faults(&self.server, METHOD), 0.0, "{what}");
    }
}

#[tokio::test]
async fn a_reset_with_any_code_is_an_error_and_the_callers_doing() {
    for code in RESET_CODES {
        let mut half = Half::sent().await;
        half.then(&frame(RST_STREAM, 0, 1, &code.to_be_bytes()))
            .await;
        half.ends_cancelled(&format!("RST_STREAM({code})")).await;
    }
}

#[tokio::test]
async fn a_reset_within_a_message_is_an_error_and_the_callers_doing() {
    for code in RESET_CODES {
        let mut half = Half::sent().await;
        let part = frame(DATA, 0, 1, &message("more")[..7]);
        let reset = frame(RST_STREAM, 0, 1, &code.to_be_bytes());
        half.then(&[part, reset].concat()).await;
        half.ends_cancelled(&format!("RST_STREAM({code})")).await;
    }
}

#[tokio::test]
async fn a_connection_that_ends_is_an_error_and_the_callers_doing() {
    let mut half = Half::sent().await;
    half.peer.0.shutdown().await.unwrap();
    half.ends_cancelled("FIN").await;

    let half = Half::sent().await;
    let Half { server, seen, peer } = half;
    let socket = socket2::SockRef::from(&peer.0);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
    let peer = Attacker::connect(server.addr).await;
    let half = Half { server, seen, peer };
    half.ends_cancelled("RST").await;

    for code in RESET_CODES {
        let mut half = Half::sent().await;
        let goaway = [[0; 4], code.to_be_bytes()].concat();
        half.then(&frame(GOAWAY, 0, 0, &goaway)).await;
        half.peer.0.shutdown().await.unwrap();
        half.ends_cancelled(&format!("GOAWAY({code})")).await;
    }
}

#[tokio::test]
async fn what_breaks_http2_is_an_error_and_the_callers_doing() {
    let broken = [
        (
            "trailers without END_STREAM",
            frame(HEADERS, END_HEADERS, 1, &[]),
        ),
        ("DATA of no stream", frame(DATA, 0, 0, &[])),
        ("a PING of 7 bytes", frame(PING, 0, 0, &[0; 7])),
        ("SETTINGS of 5 bytes", frame(SETTINGS, 0, 0, &[0; 5])),
    ];
    for (what, frames) in broken {
        let mut half = Half::sent().await;
        half.then(&frames).await;
        half.ends_cancelled(what).await;
    }
}

#[tokio::test]
async fn only_end_stream_after_whole_messages_is_the_end() {
    let trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, &[]);
    let last = message("last");
    for end in [
        frame(DATA, END_STREAM, 1, &[]),
        trailers.clone(),
        [frame(DATA, 0, 1, &[]), trailers.clone()].concat(),
    ] {
        let mut half = Half::sent().await;
        half.then(&end).await;
        assert_eq!(half.end().await, Seen::End);
        until("OK", || counted(&half.server, METHOD, "OK", "") == 1.0).await;
    }
    // Whole messages, and a reset after the end.
    let mut half = Half::sent().await;
    let end = frame(DATA, END_STREAM, 1, &last);
    let reset = frame(RST_STREAM, 0, 1, &0u32.to_be_bytes());
    half.then(&end).await;
    assert_eq!(half.end().await, Seen::Message("last".into()));
    half.then(&reset).await;
    assert_eq!(half.end().await, Seen::End);

    // What Node sends when a program closes a stream within its request.
    for code in [0u32, 8] {
        let end = frame(DATA, END_STREAM, 1, &[]);
        let reset = frame(RST_STREAM, 0, 1, &code.to_be_bytes());
        let closed = [end, reset].concat();

        let mut half = Half::of(Upload::new()).await;
        half.then(&closed).await;
        let cancelled = || counted(&half.server, METHOD, "CANCELLED", "") == 1.0;
        until("CANCELLED", cancelled).await;
        // The handler was dropped before it saw an end.
        assert!(half.seen.try_recv().is_err());

        let mut half = Half::of(Upload::detached()).await;
        half.then(&closed).await;
        assert_eq!(half.end().await, Seen::Error(Code::Aborted), "{code}");
    }

    // The end within a message, wherever that is.
    for cut in 1..last.len() {
        let part = &last[..cut];
        for end in [
            frame(DATA, END_STREAM, 1, part),
            [frame(DATA, 0, 1, part), trailers.clone()].concat(),
        ] {
            let mut half = Half::sent().await;
            half.then(&end).await;
            assert_eq!(half.end().await, Seen::Error(Code::Internal), "{cut}");
            let counted = || counted(&half.server, METHOD, "INTERNAL", CALLER) == 1.0;
            until("the caller's INTERNAL", counted).await;
            assert_eq!(faults(&half.server, METHOD), 0.0);
        }
    }
}

/// A spawned task may read the request after its call has ended: neither the answer nor the deadline is
/// an end of the request.
#[tokio::test]
async fn a_reader_that_outlives_the_call_sees_no_end() {
    for (reader, ended) in [
        (Upload::answering_at_once as fn() -> _, "OK"),
        (Upload::detached, "DEADLINE_EXCEEDED"),
    ] {
        for code in [0u32, 8] {
            let (upload, mut seen) = reader();
            let server = serve(upload).await;
            let mut peer = Attacker::connect(server.addr).await;
            let timeout = upload::head_with(&[("grpc-timeout", "300m")]);
            let begin = [
                frame(HEADERS, END_HEADERS, 1, &timeout),
                frame(DATA, 0, 1, &message("half")),
            ];
            peer.0.write_all(&begin.concat()).await.unwrap();
            assert_eq!(seen.recv().await.unwrap(), Seen::Message("half".into()));
            until(ended, || counted(&server, METHOD, ended, "") == 1.0).await;
            let reset = frame(RST_STREAM, 0, 1, &code.to_be_bytes());
            peer.0.write_all(&reset).await.unwrap();
            let end = tokio::time::timeout(Duration::from_secs(20), seen.recv()).await;
            assert_eq!(end.unwrap().unwrap(), Seen::Error(Code::Aborted), "{ended}");
        }
    }
}

/// The server itself cuts the connection: the drain's budget is over.
#[tokio::test]
async fn a_cut_at_the_stop_is_no_end() {
    let (upload, mut seen) = Upload::detached();
    let budget = Duration::from_millis(100);
    let server = serve_within(upload, upload::descriptors(), budget).await;
    let mut peer = Attacker::connect(server.addr).await;
    let begin = [
        frame(HEADERS, END_HEADERS, 1, &upload::head()),
        frame(DATA, 0, 1, &message("half")),
    ];
    peer.0.write_all(&begin.concat()).await.unwrap();
    assert_eq!(seen.recv().await.unwrap(), Seen::Message("half".into()));
    server.stop().await;
    let end = tokio::time::timeout(Duration::from_secs(20), seen.recv()).await;
    assert_eq!(end.unwrap().unwrap(), Seen::Error(Code::Aborted));
}

/// tonic's own server, which shows that the tests see what they are about.
#[tokio::test]
async fn the_control_takes_half_an_upload_for_a_whole_one() {
    for code in [0u32, 8] {
        let (upload, mut seen) = Upload::new();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let plain = tonic::transport::Server::builder().add_service(upload);
        tokio::spawn(plain.serve_with_incoming(TcpListenerStream::new(listener)));
        let mut peer = Attacker::connect(addr).await;
        let begin = [
            frame(HEADERS, END_HEADERS, 1, &upload::head()),
            frame(DATA, 0, 1, &message("half")),
        ];
        peer.0.write_all(&begin.concat()).await.unwrap();
        assert_eq!(seen.recv().await.unwrap(), Seen::Message("half".into()));
        let reset = frame(RST_STREAM, 0, 1, &code.to_be_bytes());
        peer.0.write_all(&reset).await.unwrap();
        let end = tokio::time::timeout(Duration::from_secs(20), seen.recv()).await;
        assert_eq!(
            end.unwrap().unwrap(),
            Seen::End,
            "tonic's own server reports it"
        );
    }
}
