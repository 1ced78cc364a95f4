use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use pin_project_lite::pin_project;
use tonic::{Code, Status};

use super::cancelled_upload::cancelled;
use super::compression::{Encoding, Gather, InflateError, inflate};
use super::framing::{Framing, Head};
use super::message_size::too_large;
use crate::caller_fault::CallerFault;
use crate::error::{Error, Reason};

/// How a method takes its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestRules {
    /// In bytes, of each message as the handler gets it.
    pub(crate) max_bytes: usize,
    /// Exactly one message, and not a stream of them.
    pub(crate) one_message: bool,
    /// What its compressed messages are compressed by.
    pub(crate) encoding: Option<Encoding>,
}

pin_project! {
    /// A request body that is whole messages within their limits, inflated, as many as the method
    /// takes: everything else is an error.
    ///
    /// Messages that are not compressed are passed on as they come, after a look at their heads:
    /// nothing of a message too large is buffered.
    pub(crate) struct RequestBody<B> {
        #[pin]
        body: B,
        messages: Messages,
        inflater: Option<Inflater>,
        // Repeated at every further poll: a reader that skips errors must not find a clean end.
        failed: Option<Status>,
        // Whether the stream's end was seen once.
        ending: bool,
        fault: CallerFault,
    }
}

impl<B> RequestBody<B> {
    pub(crate) fn new(body: B, rules: RequestRules, fault: CallerFault) -> Self {
        Self {
            body,
            messages: Messages {
                max_bytes: rules.max_bytes,
                one_message: rules.one_message,
                framing: Framing::default(),
                any: false,
            },
            inflater: rules.encoding.map(|encoding| Inflater {
                encoding,
                gather: Gather::default(),
                checked: false,
            }),
            failed: None,
            ending: false,
            fault,
        }
    }
}

impl<B> http_body::Body for RequestBody<B>
where
    B: http_body::Body<Data = Bytes, Error = Status>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        if let Some(status) = this.failed {
            return Poll::Ready(Some(Err(status.clone())));
        }
        this.fault.set_decoded();
        let checked = loop {
            match ready!(this.body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => match pass(frame, this.messages, this.inflater) {
                    Ok(None) => {}
                    checked => break checked,
                },
                Some(Err(status)) => break Err(status),
                // Node sends END_STREAM before it resets a stream, in one packet or two. hyper looks
                // for a reset each time that the call is pending, so it is pending once.
                None if !this.messages.one_message && !std::mem::replace(this.ending, true) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None if this.fault.is_abandoned() => break Err(cancelled()),
                None => break this.messages.end(this.inflater.as_ref()).map(|()| None),
            }
        };
        let checked = checked.map_err(|status| {
            this.fault.set_invalid_request();
            this.failed.insert(status).clone()
        });
        if let Ok(Some(_)) = checked {
            this.fault.set_to_decode();
        }
        Poll::Ready(checked.transpose())
    }

    fn is_end_stream(&self) -> bool {
        // Only a poll says whether what came is enough.
        false
    }
}

/// What the handler gets of `frame`; nothing while a compressed message is not whole.
fn pass(
    frame: Frame<Bytes>,
    messages: &mut Messages,
    inflater: &mut Option<Inflater>,
) -> Result<Option<Frame<Bytes>>, Status> {
    match (frame.into_data(), inflater) {
        (Ok(data), None) => {
            messages.follow(&data)?;
            Ok(Some(Frame::data(data)))
        }
        (Ok(data), Some(inflater)) => Ok(inflater.push(&data, messages)?.map(Frame::data)),
        (Err(trailers), inflater) => {
            messages.end(inflater.as_ref())?;
            Ok(Some(trailers))
        }
    }
}

/// Checks the messages of a request.
struct Messages {
    max_bytes: usize,
    one_message: bool,
    framing: Framing,
    /// Whether there was one.
    any: bool,
}

impl Messages {
    /// Checks the messages that begin in `data`, none of which may be compressed.
    fn follow(&mut self, data: &[u8]) -> Result<(), Status> {
        let Self {
            max_bytes,
            one_message,
            framing,
            any,
        } = self;
        framing.follow(data, |head, _| {
            count(any, *one_message)?;
            match head.flag {
                0 if head.length <= *max_bytes => Ok(()),
                0 => Err(too_large("request", head.length, *max_bytes)),
                1 => Err(invalid(
                    "a message is compressed, and no grpc-encoding says how",
                )),
                flag => Err(bad_flag(flag)),
            }
        })
    }

    /// Checks that the stream may end here.
    fn end(&self, inflater: Option<&Inflater>) -> Result<(), Status> {
        let whole = match inflater {
            None => self.framing.is_between_messages(),
            Some(inflater) => inflater.gather.is_empty(),
        };
        if !whole {
            Err(invalid("the request ends within a message"))
        } else if self.one_message && !self.any {
            Err(invalid(
                "the request has no message, and the method takes one",
            ))
        } else {
            Ok(())
        }
    }
}

fn count(any: &mut bool, one_message: bool) -> Result<(), Status> {
    if std::mem::replace(any, true) && one_message {
        return Err(invalid(
            "the request has several messages, and the method takes one",
        ));
    }
    Ok(())
}

/// Collects messages until they are whole, and inflates those that are compressed. Half a message
/// takes no more memory than its caller has sent.
struct Inflater {
    encoding: Encoding,
    gather: Gather,
    /// Whether the head of the message that is not whole yet was.
    checked: bool,
}

impl Inflater {
    fn push(&mut self, data: &[u8], messages: &mut Messages) -> Result<Option<Bytes>, Status> {
        self.gather.push(data);
        let mut inflated = Vec::new();
        while let Some(head) = self.gather.head() {
            if !std::mem::replace(&mut self.checked, true) {
                count(&mut messages.any, messages.one_message)?;
                check_size(head, messages.max_bytes)?;
            }
            let Some((head, message)) = self.gather.message() else {
                break;
            };
            self.checked = false;
            if head.flag == 0 {
                inflated.extend_from_slice(&message);
            } else {
                self.inflate(&message[Head::SIZE..], messages.max_bytes, &mut inflated)?;
            }
        }
        Ok((!inflated.is_empty()).then(|| inflated.into()))
    }

    fn inflate(&self, data: &[u8], max_bytes: usize, out: &mut Vec<u8>) -> Result<(), Status> {
        let head = out.len();
        out.extend([0; Head::SIZE]);
        inflate(self.encoding, data, max_bytes, out).map_err(|error| match error {
            InflateError::TooLarge => {
                let message = format!("the request has more than {max_bytes} bytes, inflated");
                Error::new(Code::ResourceExhausted, Reason::MESSAGE_TOO_LARGE, message).into()
            }
            InflateError::Corrupt(error) => {
                invalid(format!("a message cannot be inflated: {error}"))
            }
        })?;
        let length = out.len() - head - Head::SIZE;
        out[head + 1..head + Head::SIZE].copy_from_slice(&(length as u32).to_be_bytes());
        Ok(())
    }
}

fn check_size(head: Head, max_bytes: usize) -> Result<(), Status> {
    let most = match head.flag {
        0 => max_bytes,
        // What cannot be made smaller becomes a little larger: less than that, by either encoding.
        1 => max_bytes.saturating_add(max_bytes / 64 + 1024),
        flag => return Err(bad_flag(flag)),
    };
    if head.length > most {
        return Err(too_large("request", head.length, max_bytes));
    }
    Ok(())
}

fn bad_flag(flag: u8) -> Status {
    invalid(format!(
        "a message has the flag {flag}, which is neither 0 nor 1"
    ))
}

/// INTERNAL is what gRPC says of a request that breaks the protocol.
fn invalid(problem: impl Into<String>) -> Status {
    Error::new(Code::Internal, Reason::INVALID_REQUEST, problem).into()
}
