use std::sync::atomic::Ordering::SeqCst;

use crate::shard;
use crate::sync::{AtomicU64, SHARDS};

/// Minimum length of a generation, in nanoseconds. Also how often generations are advanced.
pub(crate) const MIN_GENERATION: u64 = 50_000_000;
/// Length of a generation, in multiples of the method's usual latency.
const GENERATION_LATENCIES: u64 = 2;
/// Counters per method: three for the live generations, one that is free for the next.
const COUNTERS: usize = 4;

/// A counter holds its generation in the upper half and the number of calls in the lower.
const TAG: u64 = 1 << 32;

/// In-flight calls of each method that count against the limit, by generation (an aging counter).
///
/// Three generations are live. A call older than these has stalled: it takes several times its method's
/// usual latency, so it is not the other calls that it waits for but a dependency that hangs, say, and it
/// stops counting.
#[derive(Debug)]
pub(crate) struct InFlight {
    methods: Box<[Generation]>,
    shards: [Shard; SHARDS],
}

/// The current generation of a method, and when it began, in nanoseconds.
#[derive(Debug, Default)]
struct Generation {
    number: AtomicU64,
    since: AtomicU64,
}

/// Counters of each method, those of one thread.
#[derive(Debug)]
#[repr(align(128))]
struct Shard(Box<[[AtomicU64; COUNTERS]]>);

/// Where a call is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    generation: u32,
    shard: u8,
}

impl InFlight {
    pub(crate) fn new(methods: usize) -> Self {
        Self {
            methods: (0..methods).map(|_| Generation::default()).collect(),
            shards: std::array::from_fn(|_| {
                Shard((0..methods).map(|_| Default::default()).collect())
            }),
        }
    }

    pub(crate) fn enter(&self, method: usize) -> Ticket {
        let shard = shard::mine();
        let counters = &self.shards[shard].0[method];
        let current = &self.methods[method].number;
        let mut generation = current.load(SeqCst);
        loop {
            let counter = &counters[generation as usize % COUNTERS];
            let value = counter.load(SeqCst);
            // A different tag means that the generation has been advanced meanwhile.
            if value / TAG == generation
                && counter
                    .compare_exchange(value, value + 1, SeqCst, SeqCst)
                    .is_ok()
            {
                return Ticket {
                    generation: generation as u32,
                    shard: shard as u8,
                };
            }
            generation = current.load(SeqCst);
        }
    }

    /// Returns whether the call still counted; false if it had stalled.
    pub(crate) fn leave(&self, method: usize, ticket: Ticket) -> bool {
        let counters = &self.shards[usize::from(ticket.shard)].0[method];
        let counter = &counters[ticket.generation as usize % COUNTERS];
        let mut value = counter.load(SeqCst);
        while value / TAG == u64::from(ticket.generation) {
            match counter.compare_exchange(value, value - 1, SeqCst, SeqCst) {
                Ok(_) => return true,
                Err(current) => value = current,
            }
        }
        false
    }

    /// In-flight calls of the method that have not stalled.
    pub(crate) fn count(&self, method: usize) -> usize {
        let counters = self.shards.iter().flat_map(|shard| &shard.0[method]);
        let counts = counters.map(|counter| counter.load(SeqCst) % TAG);
        counts.sum::<u64>() as usize
    }

    /// The max-min fair share of `permits` per method, given that each active method wants one more than
    /// it has. At least one.
    pub(crate) fn fair_share(&self, permits: usize) -> usize {
        let counts = (0..self.methods.len()).map(|method| self.count(method));
        let mut demands: Vec<_> = counts.filter(|it| *it > 0).map(|it| it + 1).collect();
        demands.sort_unstable();
        let (mut left, mut methods) = (permits, demands.len());
        for demand in demands {
            if demand > left / methods {
                return (left / methods).max(1);
            }
            left -= demand;
            methods -= 1;
        }
        permits
    }

    /// Starts the method's next generation if it is due, and returns how many calls have stalled. One
    /// thread at a time.
    pub(crate) fn advance(&self, method: usize, at: u64, latency: u64) -> usize {
        let current = &self.methods[method];
        let length = latency
            .saturating_mul(GENERATION_LATENCIES)
            .max(MIN_GENERATION);
        let since = current.since.load(SeqCst);
        if at < since.saturating_add(length) {
            return 0;
        }
        // After an idle period the live generations are advanced one per look.
        let since = (since + length).max(at.saturating_sub(2 * length));
        current.since.store(since, SeqCst);
        let next = (current.number.load(SeqCst) + 1) % TAG;
        let stalled = self.shards.iter().map(|shard| {
            let counters = &shard.0[method];
            let [oldest, newest] = [next + 1, next].map(|it| &counters[it as usize % COUNTERS]);
            newest.store(next * TAG, SeqCst);
            oldest.swap(next * TAG, SeqCst) % TAG
        });
        let stalled = stalled.sum::<u64>() as usize;
        current.number.store(next, SeqCst);
        stalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_counts(counts: &[usize]) -> InFlight {
        let in_flight = InFlight::new(counts.len());
        for (method, count) in counts.iter().enumerate() {
            for _ in 0..*count {
                in_flight.enter(method);
            }
        }
        in_flight
    }

    #[test]
    fn a_share_that_one_method_does_not_use_goes_to_the_others() {
        // One method alone, one that hangs beside one with few calls, and five alike.
        assert_eq!(with_counts(&[70]).fair_share(64), 64);
        assert_eq!(with_counts(&[31, 1]).fair_share(10), 8);
        assert_eq!(with_counts(&[2, 2, 2, 2, 2]).fair_share(10), 2);
        assert_eq!(with_counts(&[9, 9, 0]).fair_share(1), 1);
    }

    #[test]
    fn calls_stall_after_three_generations_and_not_before() {
        for latency in [0, 500_000_000] {
            let length = MIN_GENERATION.max(latency * GENERATION_LATENCIES);
            let in_flight = InFlight::new(1);
            let old = in_flight.enter(0);
            let mut at = 0;
            for _ in 0..2 {
                at += length;
                assert_eq!(in_flight.advance(0, at - 1, latency), 0);
                assert_eq!(in_flight.advance(0, at, latency), 0);
            }
            let young = in_flight.enter(0);
            assert_eq!(in_flight.count(0), 2);
            assert_eq!(in_flight.advance(0, at + length, latency), 1);
            assert_eq!(in_flight.count(0), 1);
            assert!(!in_flight.leave(0, old));
            assert!(in_flight.leave(0, young));
            assert_eq!(in_flight.count(0), 0);
        }
    }
}
