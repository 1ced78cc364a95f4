use std::time::{Duration, Instant};

/// Lets something be said once in an interval, and counts what went unsaid in between.
#[derive(Debug)]
pub(super) struct Quiet {
    interval: Duration,
    last: Option<Instant>,
    unsaid: u64,
}

impl Quiet {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            last: None,
            unsaid: 0,
        }
    }

    /// If it is time to say it: how often it happened since it was last said, this time included.
    pub(super) fn say(&mut self, now: Instant) -> Option<u64> {
        self.unsaid += 1;
        let due = self
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= self.interval);
        due.then(|| {
            self.last = Some(now);
            std::mem::take(&mut self.unsaid)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Quiet;
    use std::time::{Duration, Instant};

    #[test]
    fn it_is_said_once_a_minute_with_what_went_unsaid() {
        let minute = Duration::from_secs(60);
        let mut quiet = Quiet::new(minute);
        let start = Instant::now();
        assert_eq!(quiet.say(start), Some(1));
        assert_eq!(quiet.say(start), None);
        assert_eq!(quiet.say(start + minute - Duration::from_nanos(1)), None);
        assert_eq!(quiet.say(start + minute), Some(3));
        assert_eq!(quiet.say(start + minute), None);
    }
}
