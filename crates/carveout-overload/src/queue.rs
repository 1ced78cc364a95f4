use std::collections::VecDeque;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::SeqCst;

use crate::arrival::Refusal;
use crate::in_flight::Ticket;
use crate::level::Criticality;
use crate::permit::{Called, Permit};
use crate::sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard, oneshot};

/// Calls that wait for their turn, those of one criticality in lines of their own: one for those that
/// wait for a worker, and one for those that need none and may go past them.
///
/// The lock is for calls that wait; one that need not, or is refused, only reads the lengths.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lines: Mutex<Lines>,
    lengths: [AtomicUsize; 4],
    /// Since when all have had to wait, in nanoseconds; 0 while the queue is empty.
    since: AtomicU64,
}

type Lines = [VecDeque<Queued>; 8];

/// A call that waits.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) told: oneshot::Sender<Result<Permit, Refusal>>,
    pub(crate) class: Criticality,
    /// In nanoseconds.
    pub(crate) since: u64,
    pub(crate) call: Called,
}

/// What the queue's front is to be asked.
pub(crate) enum Next {
    /// It has waited for too long, or cannot be answered in time: it goes.
    Drop,
    /// It is admitted; with how many permits in use.
    Enter(Ticket, usize),
    /// There is no room for its method.
    Stay,
    /// There is no worker for it, or for anybody who needs one.
    StayForWorker,
}

impl Queue {
    pub(crate) fn push(&self, call: Queued) {
        let mut lines = self.lock();
        let class = call.class as usize;
        if self.is_empty() {
            self.since.store(call.since.max(1), SeqCst);
        }
        self.lengths[class].fetch_add(1, SeqCst);
        lines[2 * class + usize::from(!call.call.holds_worker)].push_back(call);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.since.load(SeqCst) == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.ahead_of(Criticality::Sheddable)
    }

    /// How many wait that are as critical as `class`, or more.
    pub(crate) fn ahead_of(&self, class: Criticality) -> usize {
        let lengths = &self.lengths[class as usize..];
        lengths.iter().map(|length| length.load(SeqCst)).sum()
    }

    /// For how long nobody has come in without a wait.
    pub(crate) fn standing_for(&self, now: u64) -> u64 {
        match self.since.load(SeqCst) {
            0 => 0,
            since => now.saturating_sub(since),
        }
    }

    /// Takes the oldest call of each line for as long as `is_late` says so of it.
    pub(crate) fn late(&self, is_late: impl Fn(&Queued) -> bool) -> Vec<Queued> {
        let mut late = Vec::new();
        let mut lines = self.lock();
        for line in lines.iter_mut() {
            while let Some(call) = line.pop_front_if(|call| is_late(call)) {
                late.push(call);
            }
        }
        self.taken(&late);
        late
    }

    /// Takes the call whose turn it is: of the most critical the oldest,
    /// or of a criticality that `newest` says so of the newest.
    pub(crate) fn next(
        &self,
        newest: impl Fn(Criticality) -> bool,
        ask: impl Fn(&Queued) -> Next,
    ) -> Option<(Queued, Next)> {
        let mut lines = self.lock();
        // The last method without a permit.
        let mut full = None;
        for line in lines.iter_mut().rev() {
            let Some(front) = line.front() else {
                continue;
            };
            let newest = newest(front.class);
            for nth in 0..line.len() {
                let index = if newest { line.len() - 1 - nth } else { nth };
                let call = &line[index];
                if full == Some(call.call.method) {
                    continue;
                }
                let next = ask(call);
                match next {
                    Next::Stay => full = Some(call.call.method),
                    Next::StayForWorker => break,
                    Next::Enter(..) | Next::Drop => {
                        let call = line.remove(index)?;
                        self.taken(std::slice::from_ref(&call));
                        return Some((call, next));
                    }
                }
            }
        }
        None
    }

    /// Somebody has come in at `now`, and hardly had to wait.
    pub(crate) fn moved(&self, now: u64) {
        let since = self.since.load(SeqCst);
        if since != 0 {
            // The last one may be gone by now, and then nobody waits any more.
            let _ = self
                .since
                .compare_exchange(since, now.max(1), SeqCst, SeqCst);
        }
    }

    /// Called with the lock held.
    fn taken(&self, calls: &[Queued]) {
        for call in calls {
            self.lengths[call.class as usize].fetch_sub(1, SeqCst);
        }
        if self.lengths.iter().all(|length| length.load(SeqCst) == 0) {
            self.since.store(0, SeqCst);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
