//! More of a frame than anybody needs.

use std::net::SocketAddr;

use super::{all, told};
use crate::frames::*;
use crate::process::Server;

pub(super) async fn header_flood(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(20, move |_| async move {
        let attacker = Attacker::connect(addr).await;
        // 80 kB of fields, call after call.
        let frames = |round| large_head(2 * round + 1, 600);
        ended(attacker.put_up_with(frames, 2000).await)
    });
    told(ends.await)
}

pub(super) async fn rapid_reset(server: &Server) -> String {
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

pub(super) async fn continuation_flood(server: &Server) -> String {
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

pub(super) async fn ping_flood(server: &Server) -> String {
    flood(server.addr, frame(PING, 0, 0, &[0; 8])).await
}

pub(super) async fn settings_flood(server: &Server) -> String {
    flood(server.addr, frame(SETTINGS, 0, 0, &[])).await
}

/// Frames that want an answer, for as long as the server reads.
async fn flood(addr: SocketAddr, wanted: Vec<u8>) -> String {
    let ends = all(10, move |_| {
        let flood = wanted.repeat(1000);
        async move {
            let attacker = Attacker::connect(addr).await;
            ended(attacker.put_up_with(|_| flood.clone(), 10_000).await)
        }
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
