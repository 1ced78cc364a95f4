use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// What a client says first, [RFC 9113](https://www.rfc-editor.org/rfc/rfc9113#section-3.4).
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// For a person with a browser or curl, or a probe that was pointed at the wrong port.
const WRONG_PROTOCOL: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n\
    connection: close\r\ncontent-length: 75\r\n\r\n\
    this port speaks gRPC over HTTP/2 alone; metrics and health have their own\n";

/// Reads the preface and returns a stream that begins with it again; `None` for a caller that says
/// something else or leaves.
///
/// hyper can say goodbye only once it knows that the other side speaks HTTP/2. A connection that
/// never says a word, a port scanner's or a balancer's TCP check, would hold the drain until its
/// budget ends, and a file descriptor for ever.
pub(super) async fn read<S>(mut stream: S) -> io::Result<Option<Prefaced<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut said, mut length) = ([0; PREFACE.len()], 0);
    while length < PREFACE.len() {
        let read = stream.read(&mut said[length..]).await?;
        length += read;
        if said[..length] != PREFACE[..length] {
            stream.write_all(WRONG_PROTOCOL).await?;
            stream.shutdown().await?;
            return Ok(None);
        }
        if read == 0 {
            return Ok(None);
        }
    }
    Ok(Some(Prefaced {
        stream,
        again: PREFACE,
    }))
}

/// A stream whose preface was read and is read again.
pub(super) struct Prefaced<S> {
    stream: S,
    again: &'static [u8],
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefaced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.again.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let (now, later) = self
            .again
            .split_at(self.again.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.again = later;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefaced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_for_the_wrong_protocol_is_as_long_as_it_says() {
        let text = std::str::from_utf8(WRONG_PROTOCOL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.ends_with(&format!("content-length: {}", body.len())),
            "{}",
            body.len()
        );
    }

    #[tokio::test]
    async fn a_preface_in_pieces_is_read_and_comes_again() {
        let (mut client, server) = tokio::io::duplex(64);
        let reading = tokio::spawn(read(server));
        for piece in PREFACE.chunks(5) {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        client.write_all(b"frames").await.unwrap();
        drop(client);
        let mut stream = reading.await.unwrap().unwrap().unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, [&PREFACE[..], b"frames"].concat());
    }

    #[tokio::test]
    async fn another_protocol_is_told_so_and_silence_is_left() {
        let (mut client, server) = tokio::io::duplex(1024);
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        assert!(read(server).await.unwrap().is_none());
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains("gRPC"),
            "{answer}"
        );

        let (client, server) = tokio::io::duplex(64);
        drop(client);
        assert!(read(server).await.unwrap().is_none());
    }
}
