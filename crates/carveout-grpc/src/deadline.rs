mod alarms;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use http_body::Frame;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::{Code, Status};

use alarms::Alarm;
pub(crate) use alarms::Alarms;

use crate::error::{Error, Reason};
use crate::ongoing::Ongoing;

/// When the call that is being handled must be answered; `None` outside a call, or in one without a
/// deadline.
///
/// The kit's client reads it by itself, so the rest of the budget travels to every service that the
/// handler asks. A task that the handler spawns is a new one and does not inherit it.
pub fn current_deadline() -> Option<std::time::Instant> {
    Ongoing::current_deadline().map(Instant::into_std)
}

pub(crate) fn exceeded() -> Status {
    Error::new(
        Code::DeadlineExceeded,
        Reason::DEADLINE_EXCEEDED,
        "the deadline ended before the call did",
    )
    .into()
}

pub(crate) static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Reads `grpc-timeout`: one to eight digits and a unit, as the
/// [protocol](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) has it.
pub(crate) fn timeout_of(headers: &HeaderMap) -> Result<Option<Duration>, Error> {
    let Some(value) = headers.get(&GRPC_TIMEOUT) else {
        return Ok(None);
    };
    parse_timeout(value.as_bytes()).map(Some).ok_or_else(|| {
        let message = format!(
            "grpc-timeout {value:?} is not one to eight digits and a unit out of H, M, S, m, u, n"
        );
        Error::new(Code::InvalidArgument, Reason::INVALID_TIMEOUT, message)
    })
}

/// When a request that came `at` has to be answered: what its caller asks for, or what its contract
/// allows, whichever comes first.
pub(crate) fn of(
    headers: &HeaderMap,
    at: Instant,
    allowed: Option<Duration>,
) -> Result<Option<Instant>, Error> {
    let budget = match (timeout_of(headers)?, allowed) {
        (Some(asked), Some(allowed)) => Some(asked.min(allowed)),
        (asked, allowed) => asked.or(allowed),
    };
    // A budget beyond what the clock can tell is no bound.
    Ok(budget.and_then(|budget| at.checked_add(budget)))
}

fn parse_timeout(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits
        .iter()
        .fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// Writes `grpc-timeout`, rounded down to the finest unit that fits into eight digits: a caller
/// never gives more time than it has.
pub(crate) fn format_timeout(timeout: Duration) -> String {
    const MOST: u128 = 99_999_999;
    let units = [
        (timeout.as_nanos(), 'n'),
        (timeout.as_micros(), 'u'),
        (timeout.as_millis(), 'm'),
    ];
    let fits = units.into_iter().find(|(amount, _)| *amount <= MOST);
    let (amount, unit) = fits.unwrap_or((u128::from(timeout.as_secs()).min(MOST), 'S'));
    format!("{amount}{unit}")
}

pin_project! {
    /// A response that must be complete by its deadline: both its headers and, through
    /// [`TimedBody`], its last message.
    pub(crate) struct Timed<F> {
        #[pin]
        inner: F,
        alarm: Option<Alarm>,
    }
}

impl<F> Timed<F> {
    pub(crate) fn new(inner: F, alarm: Option<Alarm>) -> Self {
        Self { inner, alarm }
    }
}

impl<F, B, E> Future for Timed<F>
where
    F: Future<Output = Result<http::Response<B>, E>>,
{
    /// The inner error outside, the deadline's status inside: the server answers with it, the
    /// client returns it.
    type Output = Result<Result<http::Response<TimedBody<B>>, Status>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            let alarm = this.alarm.take();
            return Poll::Ready(result.map(|response| {
                Ok(response.map(|inner| TimedBody {
                    inner,
                    alarm,
                    unchecked: false,
                    ended: false,
                }))
            }));
        }
        let Some(alarm) = this.alarm else {
            return Poll::Pending;
        };
        ready!(alarm.poll(cx));
        Poll::Ready(Ok(Err(exceeded())))
    }
}

pin_project! {
    /// A body that ends with DEADLINE_EXCEEDED in its trailers when the deadline comes first.
    pub(crate) struct TimedBody<B> {
        #[pin]
        inner: B,
        alarm: Option<Alarm>,
        // Whether the next frame may come without a look at the clock.
        unchecked: bool,
        ended: bool,
    }
}

impl<B> http_body::Body for TimedBody<B>
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
        if *this.ended {
            return Poll::Ready(None);
        }
        let Some(alarm) = this.alarm else {
            return this.inner.poll_frame(cx);
        };
        // The clock first: a stream that always has a next message ready must end all the same. But
        // for every other frame only, because what follows the message of a unary answer are its
        // trailers, and most answers are unary.
        let late = if !*this.unchecked && Instant::now() >= alarm.due() {
            true
        } else {
            if let Poll::Ready(frame) = this.inner.poll_frame(cx) {
                *this.unchecked = !*this.unchecked;
                return Poll::Ready(frame);
            }
            alarm.poll(cx).is_ready()
        };
        if !late {
            return Poll::Pending;
        }
        *this.ended = true;
        let mut trailers = HeaderMap::new();
        // Adding fails only for a message that is no header value, and this one is.
        let _ = exceeded().add_header(&mut trailers);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests;
