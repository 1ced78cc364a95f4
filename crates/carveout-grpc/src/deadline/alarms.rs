use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tokio::time::Instant;

/// Wakes many calls at their deadlines with one timer of the runtime.
///
/// Most calls wait for something, and nearly all are answered long before their deadlines. A timer
/// for each would cost each a system call: the runtime is woken for every one that is due before all
/// others that it has. Here it has one, which is due with the first deadline, and is set again when
/// that has come: by then most calls behind it are over.
///
/// The timer's task ends with the last clone and the last alarm, whatever it is set for.
#[derive(Clone, Default)]
pub(crate) struct Alarms(Arc<Owner>);

/// What clones and alarms share, and the timer's task does not.
#[derive(Default)]
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        // Alarms are owners too: nothing waits any more.
        self.0.reset.notify_one();
    }
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// The timer has to be set for another instant, or for none.
    reset: Notify,
}

#[derive(Default)]
struct Waiting {
    wakers: BTreeMap<Key, Waker>,
    next: u64,
    /// When the timer is due; none while nobody runs it.
    set_for: Option<Instant>,
}

/// When it is due, and which of those due then.
type Key = (Instant, u64);

/// Ready from an instant on. Nothing waits for it before it is polled.
pub(crate) struct Alarm {
    alarms: Alarms,
    due: Instant,
    key: Option<Key>,
}

impl Alarms {
    pub(crate) fn at(&self, due: Instant) -> Alarm {
        Alarm {
            alarms: self.clone(),
            due,
            key: None,
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_timer(self: &Arc<Self>) {
        // Made here, since the runtime may end before the task has begun.
        let cut_short = CutShort(Some(self.clone()));
        let shared = self.clone();
        tokio::spawn(async move {
            while let Some(due) = shared.next() {
                tokio::select! {
                    () = tokio::time::sleep_until(due) => shared.wake(Instant::now()),
                    () = shared.reset.notified() => {}
                }
            }
            cut_short.did_not_happen();
        });
    }

    fn next(&self) -> Option<Instant> {
        let mut waiting = self.waiting();
        waiting.set_for = waiting.wakers.keys().next().map(|(due, _)| *due);
        waiting.set_for
    }

    fn wake(&self, now: Instant) {
        let due = {
            let mut waiting = self.waiting();
            let later = waiting.wakers.split_off(&(now, u64::MAX));
            mem::replace(&mut waiting.wakers, later)
        };
        due.into_values().for_each(Waker::wake);
    }
}

/// A runtime that ends takes the timer with it, and whoever waits on another one has to set it
/// again.
struct CutShort(Option<Arc<Shared>>);

impl CutShort {
    fn did_not_happen(mut self) {
        self.0 = None;
    }
}

impl Drop for CutShort {
    fn drop(&mut self) {
        let Some(shared) = &self.0 else { return };
        let wakers: Vec<Waker> = {
            let mut waiting = shared.waiting();
            waiting.set_for = None;
            waiting.wakers.values().cloned().collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Alarm {
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let shared = self.alarms.shared();
        let mut waiting = shared.waiting();
        match self.key {
            Some(key) => match waiting.wakers.get_mut(&key) {
                Some(waker) => waker.clone_from(cx.waker()),
                None => return Poll::Ready(()),
            },
            None => {
                let key = (self.due, waiting.next);
                waiting.next += 1;
                waiting.wakers.insert(key, cx.waker().clone());
                self.key = Some(key);
            }
        }
        match waiting.set_for {
            Some(set_for) if set_for <= self.due => {}
            Some(_) => shared.reset.notify_one(),
            None => {
                waiting.set_for = Some(self.due);
                drop(waiting);
                shared.set_timer();
            }
        }
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let _waker = self.alarms.shared().waiting().wakers.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::time::Duration;
    use tokio::runtime::{Builder, Handle, Runtime};

    const SECOND: Duration = Duration::from_secs(1);

    async fn ring(mut alarm: Alarm) -> Instant {
        poll_fn(|cx| alarm.poll(cx)).await;
        Instant::now()
    }

    #[tokio::test(start_paused = true)]
    async fn each_is_woken_when_it_is_due_whatever_the_order() {
        let (alarms, begun) = (Alarms::default(), Instant::now());
        // One that is set first and due last, then ever sooner ones, two at once, and one that was
        // due before.
        let due = [9, 5, 3, 3, 1, 0].map(|seconds| begun + seconds * SECOND);
        let rung = due.map(|due| tokio::spawn(ring(alarms.at(due))));
        for (due, rung) in due.into_iter().zip(rung) {
            let late = rung.await.expect("it rings") - due;
            assert!(late <= Duration::from_millis(1), "{late:?}");
        }
        assert_eq!(
            alarms.shared().waiting().set_for,
            None,
            "nothing waits any more"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_timer_stays_until_it_is_due_and_ends_when_nobody_waits() {
        let (alarms, begun) = (Alarms::default(), Instant::now());
        for calls in 1..=3_u32 {
            let rings = ring(alarms.at(Instant::now() + 2 * SECOND));
            let answered = tokio::time::timeout(SECOND / 4, rings);
            assert!(answered.await.is_err(), "it rang in call {calls}");
            let waiting = alarms.shared().waiting();
            assert!(waiting.wakers.is_empty());
            assert_eq!(waiting.set_for, Some(begun + 2 * SECOND));
        }
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(alarms.shared().waiting().set_for, None);
        assert_eq!(Arc::strong_count(alarms.shared()), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_timer_ends_with_its_last_owner_and_not_when_it_is_due() {
        let alarms = Alarms::default();
        let shared = alarms.shared().clone();
        let rings = ring(alarms.at(Instant::now() + 300 * SECOND));
        assert!(tokio::time::timeout(SECOND, rings).await.is_err());
        let tasks = || Handle::current().metrics().num_alive_tasks();
        // One that waits is an owner as well as the alarms themselves.
        let mut waits = Box::pin(ring(alarms.at(Instant::now() + 300 * SECOND)));
        assert!(
            poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx)))
                .await
                .is_pending()
        );
        drop(alarms);
        tokio::time::sleep(SECOND).await;
        assert_eq!(tasks(), 1);
        drop(waits);
        // The clock stands still until nothing is left to do.
        tokio::time::sleep(SECOND / 1000).await;
        assert_eq!((tasks(), Arc::strong_count(&shared)), (0, 1));
    }

    #[test]
    fn one_that_waits_outlives_the_runtime_that_had_the_timer() {
        let runtime = || -> Runtime {
            let mut builder = Builder::new_current_thread();
            builder.enable_time().build().expect("a runtime")
        };
        let alarms = Alarms::default();
        let (first, second) = (runtime(), runtime());
        let due = Instant::now() + SECOND / 10;
        let mut sets = Box::pin(ring(alarms.at(due)));
        first.block_on(poll_fn(|cx| {
            assert!(sets.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        }));
        let waits = second.spawn(ring(alarms.at(due)));
        second.block_on(tokio::task::yield_now());
        drop(first);
        assert!(second.block_on(waits).expect("it rings") >= due);
        assert!(second.block_on(sets) >= due);
    }
}
