use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The calls that are under way on one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    state: Mutex<State>,
    /// The last call that holds the connection has ended.
    released: Notify,
    refusing: AtomicBool,
}

#[derive(Debug)]
struct State {
    calls: Vec<Slot>,
    free: Vec<usize>,
    /// Of `calls`, those that hold the connection.
    holding: usize,
    idle_since: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    deadline: Option<Instant>,
    holds: bool,
    /// Handles of the call, among them the data of its answer that is not written yet.
    handles: usize,
}

/// Until when a connection that is to go is held by calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeldUntil {
    Released,
    At(Instant),
    Forever,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                calls: Vec::new(),
                free: Vec::new(),
                holding: 0,
                idle_since: Instant::now(),
            }),
            released: Notify::new(),
            refusing: AtomicBool::new(false),
        }
    }

    /// A call that has to be over by `deadline`, if it has one. It `holds` the connection unless it
    /// may be ended without a loss.
    pub(crate) fn begin(self: &Arc<Self>, deadline: Option<Instant>, holds: bool) -> Underway {
        let mut state = self.lock();
        state.holding += usize::from(holds);
        let new = Slot {
            deadline,
            holds,
            handles: 1,
        };
        let slot = match state.free.pop() {
            Some(free) => {
                state.calls[free] = new;
                free
            }
            None => {
                state.calls.push(new);
                state.calls.len() - 1
            }
        };
        Underway {
            activity: self.clone(),
            slot,
        }
    }

    /// How long there has been no call; zero while there is one.
    pub(crate) fn idle(&self, now: Instant) -> Duration {
        let state = self.lock();
        if state.free.len() < state.calls.len() {
            return Duration::ZERO;
        }
        now.saturating_duration_since(state.idle_since)
    }

    /// Whether some call was to be over for so long already.
    ///
    /// A caller that does not read its answer leaves the server no room to write even the error that
    /// the deadline has ended it with: nothing that belongs to the call itself runs any more.
    pub(crate) fn is_overdue(&self, now: Instant, by: Duration) -> bool {
        let state = self.lock();
        let mut deadlines = state.under_way().filter_map(|slot| slot.deadline);
        deadlines.any(|deadline| now.saturating_duration_since(deadline) > by)
    }

    /// Whether a caller waits for an answer that can still come in time, give or take `grace`.
    pub(crate) fn is_held(&self, now: Instant, grace: Duration) -> bool {
        match self.lock().held_until(grace) {
            HeldUntil::Released => false,
            HeldUntil::At(until) => now < until,
            HeldUntil::Forever => true,
        }
    }

    /// Waits until no caller waits for an answer that can still come in time, give or take `grace`.
    pub(crate) async fn released(&self, grace: Duration) {
        loop {
            // Before the look at the calls, so that none ends in between.
            let released = self.released.notified();
            let held_until = self.lock().held_until(grace);
            match held_until {
                HeldUntil::Released => return,
                HeldUntil::At(until) if until <= Instant::now() => return,
                HeldUntil::At(until) => drop(tokio::time::timeout_at(until, released).await),
                HeldUntil::Forever => released.await,
            }
        }
    }

    /// Whether calls that come now are refused.
    pub(crate) fn is_refusing(&self) -> bool {
        self.refusing.load(Ordering::Relaxed)
    }

    /// Has all further calls refused.
    pub(crate) fn refuse(&self) {
        self.refusing.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn under_way(&self) -> impl Iterator<Item = &Slot> {
        self.calls.iter().filter(|slot| slot.handles > 0)
    }

    fn held_until(&self, grace: Duration) -> HeldUntil {
        let mut latest = HeldUntil::Released;
        if self.holding == 0 {
            return latest;
        }
        for slot in self.under_way().filter(|slot| slot.holds) {
            let until = slot
                .deadline
                .and_then(|deadline| deadline.checked_add(grace));
            latest = match (latest, until) {
                (_, None) => return HeldUntil::Forever,
                (HeldUntil::At(latest), Some(until)) => HeldUntil::At(latest.max(until)),
                (_, Some(until)) => HeldUntil::At(until),
            };
        }
        latest
    }
}

/// One call, from the arrival of its head until the last of its answer is written. Its place on the
/// connection is given back when the last clone is dropped, whatever the way in which the call ended.
#[derive(Debug)]
pub(crate) struct Underway {
    activity: Arc<Activity>,
    slot: usize,
}

impl Clone for Underway {
    fn clone(&self) -> Self {
        self.activity.lock().calls[self.slot].handles += 1;
        Self {
            activity: self.activity.clone(),
            slot: self.slot,
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut state = self.activity.lock();
        let slot = &mut state.calls[self.slot];
        slot.handles -= 1;
        if slot.handles > 0 {
            return;
        }
        let held = slot.holds;
        state.free.push(self.slot);
        if state.free.len() == state.calls.len() {
            state.idle_since = Instant::now();
        }
        state.holding -= usize::from(held);
        let released = held && state.holding == 0;
        drop(state);
        if released {
            self.activity.released.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn idle_time_begins_when_the_last_call_ends() {
        let activity = Arc::new(Activity::new());
        tokio::time::advance(SECOND).await;
        assert_eq!(activity.idle(Instant::now()), SECOND);
        let (one, two) = (activity.begin(None, true), activity.begin(None, false));
        tokio::time::advance(SECOND).await;
        assert_eq!(activity.idle(Instant::now()), Duration::ZERO);
        drop(one);
        let unwritten = two.clone();
        drop(two);
        tokio::time::advance(SECOND).await;
        assert_eq!(activity.idle(Instant::now()), Duration::ZERO);
        drop(unwritten);
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(activity.idle(Instant::now()), 2 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn overdue_is_a_call_that_its_deadline_did_not_end() {
        let activity = Arc::new(Activity::new());
        let now = Instant::now();
        let _endless = activity.begin(None, true);
        let call = activity.begin(Some(now + SECOND), false);
        assert!(!activity.is_overdue(now + 2 * SECOND, SECOND));
        assert!(activity.is_overdue(now + 3 * SECOND, SECOND));
        drop(call);
        assert!(!activity.is_overdue(now + 3 * SECOND, SECOND));
        // Its place serves the next one.
        let _next = activity.begin(Some(now + 9 * SECOND), true);
        assert_eq!(activity.lock().calls.len(), 2);
    }

    /// How long the connection is held, if it is given up within an hour.
    async fn held_for(activity: &Activity) -> Option<Duration> {
        let begun = Instant::now();
        let released = tokio::time::timeout(3600 * SECOND, activity.released(SECOND));
        released.await.ok().map(|()| begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_held_by_answers_that_can_come_in_time() {
        let activity = Arc::new(Activity::new());
        assert_eq!(held_for(&activity).await, Some(Duration::ZERO));
        let _health = activity.begin(None, false);
        assert_eq!(held_for(&activity).await, Some(Duration::ZERO));

        let now = Instant::now();
        let calls = [SECOND, 3 * SECOND].map(|left| activity.begin(Some(now + left), true));
        assert!(activity.is_held(now, SECOND));
        assert_eq!(held_for(&activity).await, Some(4 * SECOND));
        assert!(!activity.is_held(Instant::now(), SECOND));
        drop(calls);

        let endless = [Some(now), None].map(|deadline| activity.begin(deadline, true));
        assert_eq!(held_for(&activity).await, None);
        tokio::spawn(async move {
            tokio::time::sleep(5 * SECOND).await;
            drop(endless);
        });
        assert_eq!(held_for(&activity).await, Some(5 * SECOND));
    }
}
