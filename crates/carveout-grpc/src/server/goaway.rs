use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::frame_header::{LENGTH, kind};

/// How long the GOAWAY may take, and the client to hang up after it. A socket that is closed while
/// something unread is in it is reset, and what the client has not read yet is lost.
const LINGER: Duration = Duration::from_millis(500);

/// How much is read meanwhile: what an honest client has sent before it saw the GOAWAY, and little of
/// a flood.
const LINGER_BYTES: usize = 1024 * 1024;

/// Why the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nothing is wrong: NO_ERROR.
    NoError,
    /// ENHANCE_YOUR_CALM. gRPC's clients keep alive half as often after it
    /// ([A8](https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md)).
    TooManyPings,
    /// ENHANCE_YOUR_CALM, too.
    TooManyControlFrames,
}

impl Reason {
    /// Too many frames, the last of which was of this `kind`.
    pub(super) fn too_many(kind: u8) -> Self {
        match kind {
            kind::PING => Reason::TooManyPings,
            _ => Reason::TooManyControlFrames,
        }
    }

    /// The error code of [RFC 9113, section 7](https://www.rfc-editor.org/rfc/rfc9113#section-7).
    fn code(self) -> u32 {
        match self {
            Reason::NoError => 0x0,
            Reason::TooManyPings | Reason::TooManyControlFrames => 0xb,
        }
    }

    /// The debug data, which clients show, and which tells pings apart for those of gRPC.
    fn debug_data(self) -> &'static str {
        match self {
            Reason::NoError => "",
            Reason::TooManyPings => "too_many_pings",
            Reason::TooManyControlFrames => "too_many_control_frames",
        }
    }

    fn frame(self, last_stream: u32) -> Vec<u8> {
        let data = self.debug_data();
        let mut frame = Vec::with_capacity(LENGTH + 8 + data.len());
        frame.extend(&(8 + data.len() as u32).to_be_bytes()[1..]);
        frame.extend([kind::GOAWAY, 0, 0, 0, 0, 0]);
        frame.extend(last_stream.to_be_bytes());
        frame.extend(self.code().to_be_bytes());
        frame.extend(data.as_bytes());
        frame
    }
}

/// The end of a connection: GOAWAY, the end of the stream, and then a lingering close, which reads and
/// discards what the client has still sent.
pub(super) struct Closing {
    frame: Vec<u8>,
    written: usize,
    shut_down: bool,
    discarded: usize,
    until: Pin<Box<Sleep>>,
}

impl Closing {
    /// Streams above `last_stream` were not begun, and can be tried again elsewhere.
    pub(super) fn new(reason: Reason, last_stream: u32) -> Self {
        Self {
            frame: reason.frame(last_stream),
            written: 0,
            shut_down: false,
            discarded: 0,
            until: Box::pin(tokio::time::sleep(LINGER)),
        }
    }

    /// Ready, with the error that ends hyper's side, once `stream` can be dropped. Nothing is
    /// written unless the stream is between two frames.
    pub(super) fn poll<S>(
        &mut self,
        mut stream: Pin<&mut S>,
        between_frames: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Error>
    where
        S: AsyncRead + AsyncWrite,
    {
        if self.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(io::ErrorKind::TimedOut.into());
        }
        if !between_frames {
            return Poll::Pending;
        }
        match ready!(self.poll_all(stream.as_mut(), cx)) {
            Ok(()) => Poll::Ready(io::ErrorKind::ConnectionAborted.into()),
            Err(error) => Poll::Ready(error),
        }
    }

    fn poll_all<S>(&mut self, mut stream: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncRead + AsyncWrite,
    {
        while self.written < self.frame.len() {
            let rest = &self.frame[self.written..];
            match ready!(stream.as_mut().poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        if !self.shut_down {
            ready!(stream.as_mut().poll_flush(cx))?;
            ready!(stream.as_mut().poll_shutdown(cx))?;
            self.shut_down = true;
        }
        let mut discarded = [0; 4096];
        while self.discarded < LINGER_BYTES {
            let mut buffer = ReadBuf::new(&mut discarded);
            ready!(stream.as_mut().poll_read(cx, &mut buffer))?;
            match buffer.filled().len() {
                0 => break,
                read => self.discarded += read,
            }
        }
        Poll::Ready(Ok(()))
    }
}
