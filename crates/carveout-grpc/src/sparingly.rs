use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

/// Lets one a second pass: for log lines that a caller can cause as often as it likes.
#[derive(Debug)]
pub(crate) struct Sparingly {
    begun: Instant,
    /// The first millisecond, after `begun`, in which one may pass again.
    next: AtomicU64,
    held_back: AtomicU64,
}

impl Default for Sparingly {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            next: AtomicU64::new(0),
            held_back: AtomicU64::new(0),
        }
    }
}

impl Sparingly {
    /// If this one may pass, how many could not since the last that did.
    pub(crate) fn pass(&self) -> Option<u64> {
        let now = self.begun.elapsed().as_millis() as u64;
        let next = self.next.load(Ordering::Relaxed);
        let take = || {
            let (relaxed, later) = (Ordering::Relaxed, now + 1000);
            self.next.compare_exchange(next, later, relaxed, relaxed)
        };
        if now >= next && take().is_ok() {
            return Some(self.held_back.swap(0, Ordering::Relaxed));
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_a_second_passes_and_knows_how_many_did_not() {
        let sparingly = Sparingly::default();
        let three = [(); 3].map(|()| sparingly.pass());
        assert_eq!(three, [Some(0), None, None]);
        tokio::time::advance(Duration::from_millis(999)).await;
        assert_eq!(sparingly.pass(), None);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(sparingly.pass(), Some(3));
    }
}
