//! A server that answers with whatever bytes it is given, over a real connection.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS,
    first_frame, frame,
};

/// As long as the client's SETTINGS say nothing else.
const MAX_FRAME_SIZE: usize = 16_384;

/// What the peer does once it has answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum After {
    /// It leaves the connection open.
    Stays,
    /// It closes the connection.
    Closes,
    /// It closes the connection with a TCP reset.
    Resets,
}

/// The frames of an answer, given the stream.
pub(crate) type Frames = dyn Fn(u32) -> Vec<u8> + Send + Sync;

/// Answers each call with `frames`, when its request is complete.
pub(crate) async fn start(frames: Arc<Frames>, after: After) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let frames = frames.clone();
            // The client may hang up at any time.
            tokio::spawn(async move { drop(talk(stream, &*frames, after).await) });
        }
    });
    addr
}

async fn talk(mut stream: TcpStream, frames: &Frames, after: After) -> std::io::Result<()> {
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    let mut read = Vec::new();
    let mut preface = [0; PREFACE.len()];
    stream.read_exact(&mut preface).await?;
    loop {
        while let Some((kind, flags, _, used)) = first_frame(&read) {
            let id = u32::from_be_bytes([read[5], read[6], read[7], read[8]]);
            read.drain(..used);
            if (kind == DATA || kind == HEADERS) && flags & END_STREAM != 0 {
                stream.write_all(&frames(id)).await?;
                match after {
                    After::Stays => {}
                    After::Closes => return stream.shutdown().await,
                    After::Resets => return stream.set_zero_linger(),
                }
            }
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    }
}

/// A field of a head or of trailers.
pub(crate) type Field<'a> = (&'a [u8], &'a [u8]);

/// HEADERS with these fields, and as many CONTINUATION as they take.
pub(crate) fn headers(stream: u32, flags: u8, fields: &[Field<'_>]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        // A literal that is not indexed.
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend(*text);
        }
    }
    let mut parts = block.chunks(MAX_FRAME_SIZE).peekable();
    let first = parts.next().unwrap_or_default();
    let end = |is_last: bool| if is_last { END_HEADERS } else { 0 };
    let mut frames = frame(HEADERS, end(parts.peek().is_none()) | flags, stream, first);
    while let Some(part) = parts.next() {
        let flags = end(parts.peek().is_none());
        frames.extend(frame(CONTINUATION, flags, stream, part));
    }
    frames
}

/// An integer of HPACK with a prefix of seven bits.
fn length(block: &mut Vec<u8>, length: usize) {
    const PREFIX: usize = 127;
    if length < PREFIX {
        block.push(length as u8);
        return;
    }
    block.push(PREFIX as u8);
    let mut rest = length - PREFIX;
    while rest >= 128 {
        block.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    block.push(rest as u8);
}

pub(crate) fn data(stream: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
    frame(DATA, flags, stream, bytes)
}

pub(crate) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub(crate) fn goaway(last: u32, code: u32) -> Vec<u8> {
    let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
    frame(GOAWAY, 0, 0, &payload)
}

/// A length-prefixed message.
pub(crate) fn message(flag: u8, bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u32).to_be_bytes();
    [&[flag], &length[..], bytes].concat()
}
