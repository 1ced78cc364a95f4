use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::admission::Handle;
use crate::arrival::Refusal;
use crate::in_flight::Ticket;
use crate::sync::oneshot;

/// A call that is in. Its place is free again when this is dropped: hold it to the end of the
/// answer's body.
#[derive(Debug)]
#[must_use = "a permit that is dropped lets the next call in"]
pub struct Permit {
    /// None while admission is off.
    pub(crate) of: Option<Arc<Handle>>,
    pub(crate) method: usize,
    /// In nanoseconds.
    pub(crate) since: u64,
    /// In nanoseconds; none is the end of time.
    pub(crate) deadline: u64,
    /// How many were under way with it when it came in.
    pub(crate) among: u32,
    /// Whether it waits for a worker that it will hold.
    pub(crate) unbegun: bool,
    /// When a worker took it up, in nanoseconds; 0 if it needs none.
    pub(crate) begun: u64,
    /// Where it counts against the limit; none while it does not.
    pub(crate) ticket: Option<Ticket>,
    /// Since when it waits for its caller, in nanoseconds; 0 if it does not.
    pub(crate) paused_since: u64,
    /// Whether its answer is a stream that has begun.
    pub(crate) streams: bool,
    /// How long it was queued, in nanoseconds.
    pub(crate) queued: u64,
    /// Of a dark admission.
    pub(crate) would_be: Option<Refusal>,
}

/// What of a call is known for as long as it lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Called {
    pub(crate) method: usize,
    /// In nanoseconds; none is the end of time.
    pub(crate) deadline: u64,
    pub(crate) holds_worker: bool,
}

impl Permit {
    /// Of a call that is let in `since`, without a wait.
    pub(crate) fn new(
        of: Option<Arc<Handle>>,
        call: Called,
        since: u64,
        entered: Option<(Ticket, usize)>,
    ) -> Self {
        let among = entered.map_or(0, |(_, among)| among);
        Self {
            of,
            method: call.method,
            since,
            deadline: call.deadline,
            among: u32::try_from(among).unwrap_or(u32::MAX),
            unbegun: call.holds_worker && entered.is_some(),
            begun: 0,
            ticket: entered.map(|(ticket, _)| ticket),
            paused_since: 0,
            streams: false,
            queued: 0,
            would_be: None,
        }
    }

    /// A worker has taken the call up. Only of importance where it holds that worker: the next one
    /// may come and wait for a worker then.
    pub fn begin(&mut self) {
        if std::mem::take(&mut self.unbegun)
            && let Some(of) = &self.of
        {
            self.begun = of.begun();
        }
    }

    /// The call waits for its caller to send more of the request: until [`resume`](Self::resume) it does not
    /// count against the limit, nor the time towards the method's latency.
    pub fn pause(&mut self, now: Instant) {
        if self.paused_since == 0
            && let Some(of) = &self.of
        {
            let of = Arc::clone(of);
            of.pause(self, now);
        }
    }

    /// Whether the call waits for its caller.
    pub fn is_paused(&self) -> bool {
        self.paused_since != 0
    }

    /// Counts the call against the limit again: its caller has sent more of the request. A call that was
    /// `started`, whose handler has had a message, is always resumed.
    ///
    /// # Errors
    /// The call was not started, and there is no permit for it.
    pub fn resume(&mut self, now: Instant, started: bool) -> Result<(), Refusal> {
        if self.paused_since == 0 {
            return Ok(());
        }
        let of = self.of.clone();
        of.map_or(Ok(()), |of| of.resume(self, now, started))
    }

    /// The answer has begun, and is a stream: how long it lasts says nothing of how long calls take, and
    /// is nobody's fault.
    pub fn streams(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.streams, true)
            && let Some(of) = &self.of
        {
            let of = Arc::clone(of);
            of.stream_begins(self, now);
        }
    }

    /// The call has been answered, and how long it took says something of calls of its method. Drop
    /// the permit for a call that was cancelled or failed: how long those take says nothing, unless it is
    /// until their deadline.
    pub fn finish(mut self, now: Instant) {
        if !self.streams
            && let Some(of) = self.of.take()
        {
            of.finished(&mut self, now);
        }
    }

    /// Why the call would have been refused, were the admission not a dark one.
    pub fn would_be_refused(&self) -> Option<Refusal> {
        self.would_be
    }

    /// How long the call has waited for its turn.
    pub fn queued_for(&self) -> Duration {
        Duration::from_nanos(self.queued)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(of) = self.of.take() {
            of.gone(self);
        }
    }
}

/// A call that waits for its turn. Dropped, it is passed over when its turn comes.
///
/// It does not watch the clock by itself: await it until [`expires`](Self::expires) at most, and
/// then [`give_up`](Self::give_up).
#[derive(Debug)]
#[must_use = "a call that is not awaited has left the queue"]
pub struct Waiting {
    pub(crate) of: Arc<Handle>,
    pub(crate) told: oneshot::Receiver<Result<Permit, Refusal>>,
    pub(crate) since: Instant,
    pub(crate) expires: Instant,
}

impl Waiting {
    /// Until when it makes sense to wait.
    pub fn expires(&self) -> Instant {
        self.expires
    }

    /// Ends the wait: with a permit if it was the call's turn just now.
    ///
    /// # Errors
    /// Otherwise the call is refused.
    pub fn give_up(mut self, now: Instant) -> Result<Permit, Refusal> {
        self.told.close();
        match self.told.try_recv() {
            Ok(told) => told,
            Err(_) => Err(self
                .of
                .refused_late(now.saturating_duration_since(self.since))),
        }
    }
}

impl Future for Waiting {
    type Output = Result<Permit, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.told).poll(cx).map(|told| {
            // Nobody goes without a word; if one did, the call was not let in.
            told.unwrap_or(Err(Refusal::Overloaded {
                wait: Duration::ZERO,
                lasting: false,
            }))
        })
    }
}
