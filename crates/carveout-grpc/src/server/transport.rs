use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::control_frames::ControlFrames;
use super::frame_header::{FrameHeader, FrameParser, kind};
use super::goaway::{Closing, Reason};

/// The bytes of an HTTP/2 connection on their way to and from hyper, which shows neither control
/// frames nor a way to end a connection whose client does not answer.
///
/// It ends a flood of control frames, and a connection whose handle asks for it, with a GOAWAY that
/// names the last stream.
pub(super) struct Transport<S> {
    stream: S,
    received: FrameParser,
    sent: FrameParser,
    control_frames: ControlFrames,
    /// The highest stream that the client has opened.
    last_stream: u32,
    state: Arc<State>,
    closing: Option<Closing>,
}

/// What a transport and its handle share.
#[derive(Debug, Default)]
struct State {
    close: AtomicBool,
    flooded: AtomicBool,
}

/// The transport of a connection, while hyper has it.
#[derive(Clone, Debug, Default)]
pub(super) struct TransportHandle(Arc<State>);

impl TransportHandle {
    /// Ends the connection with a GOAWAY as soon as hyper polls it, whatever hyper waits for.
    pub(super) fn close(&self) {
        self.0.close.store(true, Ordering::Relaxed);
    }

    /// Whether the connection was ended because of too many control frames.
    pub(super) fn is_flooded(&self) -> bool {
        self.0.flooded.load(Ordering::Relaxed)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport<S> {
    /// `stream` begins with a preface of `preface` bytes.
    pub(super) fn new(
        stream: S,
        preface: usize,
        control_frames: ControlFrames,
    ) -> (Self, TransportHandle) {
        let handle = TransportHandle::default();
        let transport = Self {
            stream,
            received: FrameParser::after(preface),
            sent: FrameParser::after(0),
            control_frames,
            last_stream: 0,
            state: handle.0.clone(),
            closing: None,
        };
        (transport, handle)
    }

    /// Notes what was received; if it is too much, why the connection has to end.
    fn receive(&mut self, bytes: &[u8]) -> Option<Reason> {
        let (mut end, frames) = (None, &mut self.control_frames);
        let last_stream = &mut self.last_stream;
        self.received.feed(bytes, |frame: FrameHeader| {
            if end.is_none() && !frames.received(frame) {
                end = Some(Reason::too_many(frame.kind));
            }
            if end.is_none() && frame.kind == kind::HEADERS {
                *last_stream = frame.stream.max(*last_stream);
            }
        });
        end
    }

    fn note_sent(&mut self, bytes: &[u8]) {
        let frames = &mut self.control_frames;
        self.sent.feed(bytes, |frame| frames.sent(frame));
    }

    fn begin_to_close(&mut self, reason: Reason) {
        self.closing = Some(Closing::new(reason, self.last_stream));
    }

    /// Whether the connection has to end. It goes on until then where this is pending.
    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Error>> {
        if self.closing.is_none() && self.state.close.load(Ordering::Relaxed) {
            self.begin_to_close(Reason::NoError);
        }
        let Some(closing) = &mut self.closing else {
            return Poll::Ready(None);
        };
        let between_frames = self.sent.left() == 0;
        let stream = Pin::new(&mut self.stream);
        closing.poll(stream, between_frames, cx).map(Some)
    }

    /// How much hyper may write: a frame that has begun ends before the GOAWAY does.
    fn writable(&self) -> usize {
        match self.closing {
            Some(_) => self.sent.left(),
            None => usize::MAX,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Transport<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(error) = ready!(this.poll_closing(cx)) {
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        let Some(reason) = this.receive(&buffer.filled()[before..]) else {
            return Poll::Ready(Ok(()));
        };
        buffer.set_filled(before);
        this.state.flooded.store(true, Ordering::Relaxed);
        this.begin_to_close(reason);
        match ready!(this.poll_closing(cx)) {
            Some(error) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Transport<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if let Poll::Ready(Some(error)) = this.poll_closing(cx) {
            return Poll::Ready(Err(error));
        }
        let writable = this.writable().min(bytes.len());
        if writable == 0 && !bytes.is_empty() {
            return Poll::Pending;
        }
        let stream = Pin::new(&mut this.stream);
        let written = ready!(stream.poll_write(cx, &bytes[..writable]))?;
        this.note_sent(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Poll::Ready(Some(error)) = this.poll_closing(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Poll::Ready(Some(error)) = this.poll_closing(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.closing.is_some() || self.state.close.load(Ordering::Relaxed) {
            let part = parts.iter().find(|part| !part.is_empty());
            return self.poll_write(cx, part.map_or(&[], |part| part));
        }
        let this = &mut *self;
        let written = ready!(Pin::new(&mut this.stream).poll_write_vectored(cx, parts))?;
        let mut left = written;
        for part in parts {
            let sent = left.min(part.len());
            this.note_sent(&part[..sent]);
            left -= sent;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
