//! Callers that hardly read, or hardly write.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{LATE, all, told};
use crate::frames::*;
use crate::process::Server;

pub(super) async fn slow_readers(server: &Server) -> String {
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

pub(super) async fn leaking_client(server: &Server) -> String {
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

pub(super) async fn closed_watches(server: &Server) -> String {
    const WATCHES: usize = 3_000;
    let before = server.metric("tokio_alive_tasks");
    for _ in 0..WATCHES {
        let mut watcher = Attacker::connect(server.addr).await;
        let head = head_of("WatchItems", &[("grpc-timeout", "300S")]);
        let head = frame(HEADERS, END_HEADERS, 1, &head);
        let call = [head, empty_message(1)].concat();
        watcher.0.write_all(&call).await.expect("a watch");
        // It has begun by its first byte.
        let mut said = [0; 4096];
        let mut answered = Vec::new();
        while !contains_headers(&answered) {
            let read = watcher.0.read(&mut said).await.expect("an answer");
            answered.extend_from_slice(&said[..read]);
        }
    }
    let closed = Instant::now();
    let left = loop {
        let left = server.metric("tokio_alive_tasks").saturating_sub(before);
        if left == 0 || closed.elapsed() > Duration::from_secs(1) {
            break left;
        }
        tokio::task::yield_now().await;
    };
    format!("{WATCHES} of 300 s closed: {left} tasks left within a second")
}

pub(super) async fn slow_writers(server: &Server) -> String {
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
