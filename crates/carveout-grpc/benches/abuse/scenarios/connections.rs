//! Connections that nothing is ever done on, or nothing that makes sense.

use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{LATE, all, hung_up, told};
use crate::frames::*;
use crate::process::{Needs, Server};

pub(super) async fn silent(server: &Server) -> String {
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

pub(super) async fn half_open(server: &Server) -> String {
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

pub(super) async fn half_open_at_drain(_: &Server) -> String {
    const PEERS: usize = 200;
    let server = Server::start(Needs::Nothing).expect("another server");
    let mut peers = Vec::new();
    for _ in 0..PEERS {
        peers.push(Attacker::connect(server.addr).await);
    }
    while server.metric("rpc_server_connections ") < PEERS as u64 {
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    let drained = server.stop();
    format!(
        "{PEERS} that answer nothing: {drained} after {:.1} s of 30 s",
        begun.elapsed().as_secs_f64()
    )
}

pub(super) async fn garbage(server: &Server) -> String {
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

pub(super) async fn open_files(server: &Server) -> String {
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
