//! Request bodies that have not arrived. A call that waits for its caller does not count against the limit.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use carveout_overload::{Permit, Refusal};
use http_body::Frame;
use pin_project_lite::pin_project;

thread_local! {
    /// The call that this thread polls.
    static POLLED: Cell<Option<Polled>> = const { Cell::new(None) };
}

/// A call while it is polled.
struct Polled {
    permit: Permit,
    refused: Option<Refusal>,
}

/// Polls a call, and pauses or resumes its permit as its request body is pending or ready.
///
/// # Errors
/// The first message has arrived, and there is no permit for it any more.
pub(super) fn poll<T>(
    permit: &mut Option<Permit>,
    poll: impl FnOnce() -> Poll<T>,
) -> Result<Poll<T>, Refusal> {
    let Some(polled) = permit.take() else {
        return Ok(poll());
    };
    let polled = Polled {
        permit: polled,
        refused: None,
    };
    let _outer = Outer(POLLED.replace(Some(polled)));
    let result = poll();
    let Some(polled) = POLLED.take() else {
        return Ok(result);
    };
    *permit = Some(polled.permit);
    polled.refused.map_or(Ok(result), Err)
}

/// Restores the outer call when one is polled within another, after a panic too.
struct Outer(Option<Polled>);

impl Drop for Outer {
    fn drop(&mut self) {
        POLLED.set(self.0.take());
    }
}

/// Gives `change` the call that this thread polls, if any.
fn with_polled(change: impl FnOnce(&mut Polled)) {
    if let Some(mut polled) = POLLED.take() {
        change(&mut polled);
        POLLED.set(Some(polled));
    }
}

pin_project! {
    /// A request body that pauses its call's permit while it is pending.
    pub(crate) struct Awaited<B> {
        #[pin]
        body: B,
        first: Message,
    }
}

/// The first message of a request, as far as it has come.
#[derive(Debug, Default)]
struct Message {
    head: [u8; 5],
    read: usize,
}

impl Message {
    fn is_whole(&self) -> bool {
        let [_, length @ ..] = self.head;
        let length = u32::from_be_bytes(length) as usize;
        self.read >= self.head.len() && self.read - self.head.len() >= length
    }

    fn reads(&mut self, data: &[u8]) {
        let of_head = self.head.get_mut(self.read..).unwrap_or_default();
        for (to, from) in of_head.iter_mut().zip(data) {
            *to = *from;
        }
        self.read = self.read.saturating_add(data.len());
    }
}

impl<B> Awaited<B> {
    pub(crate) fn new(body: B) -> Self {
        Self {
            body,
            first: Message::default(),
        }
    }
}

impl<B> http_body::Body for Awaited<B>
where
    B: http_body::Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let Poll::Ready(frame) = this.body.poll_frame(cx) else {
            with_polled(|polled| polled.permit.pause(Instant::now()));
            return Poll::Pending;
        };
        let started = this.first.is_whole();
        if !started
            && let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.first.reads(data);
            if !this.first.is_whole() {
                return Poll::Ready(Some(Ok(Frame::data(data.clone()))));
            }
        }
        let mut has_room = true;
        with_polled(|polled| {
            if polled.permit.is_paused() {
                let resumed = polled.permit.resume(Instant::now(), started);
                polled.refused = resumed.err();
                has_room = polled.refused.is_none();
            }
        });
        if has_room {
            Poll::Ready(frame)
        } else {
            // The caller of `poll` refuses the call now.
            Poll::Pending
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn a_message_is_whole_with_its_last_byte_however_it_comes() {
        let message = [&[0, 0, 0, 0, 3][..], b"abc"].concat();
        for part in 1..=message.len() {
            let mut first = Message::default();
            for (sent, data) in message.chunks(part).enumerate() {
                assert!(!first.is_whole(), "{part}: {sent}");
                first.reads(data);
            }
            assert!(first.is_whole(), "{part}");
        }
        let mut empty = Message::default();
        empty.reads(&[0; 5]);
        assert!(empty.is_whole());
    }
}
