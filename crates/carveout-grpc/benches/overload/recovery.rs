use std::time::Duration;

use crate::client::{Outcome, Record};
use crate::load::{Load, Plan};

/// Milliseconds from when it should go well again to when it does.
pub(crate) fn after(load: Load, plan: &Plan, records: &[Record], capacity: f64) -> Option<f64> {
    const STEP: Duration = Duration::from_millis(20);
    let from = plan.recovers_from?;
    let capacity = capacity * plan.capacity();
    let well = |begins: &Duration| match load {
        Load::Retries => storm_is_over(records, *begins),
        _ => capacity_is_used(records, *begins, capacity),
    };
    let steps = (0..).map(|step| from + STEP * step);
    let mut steps = steps.take_while(|begins| *begins + LASTING <= plan.end());
    let first = steps.find(well)?;
    Some((first - from).as_secs_f64() * 1e3)
}

/// A moment in which it goes well, before a queue has built up say, is no recovery.
const LASTING: Duration = Duration::from_secs(1);

/// After a storm of retries nearly every call is answered in the end.
fn storm_is_over(records: &[Record], begins: Duration) -> bool {
    let (due, answered) = count(records, begins, LASTING);
    answered as f64 >= due as f64 * 0.99
}

/// Where the load stays above the capacity, that is used for each fifth of a second. Not for all of
/// it: few calls are in that time, and their number varies by chance.
fn capacity_is_used(records: &[Record], begins: Duration, capacity: f64) -> bool {
    let part = LASTING / 5;
    let enough = 0.8 * capacity * part.as_secs_f64();
    (0..5).all(|at| count(records, begins + part * at, part).1 as f64 >= enough)
}

/// The calls that are due from then on for a time, and those of them that were answered.
fn count(records: &[Record], begins: Duration, time: Duration) -> (usize, usize) {
    let within = |one: &&Record| (begins..begins + time).contains(&one.due);
    let due = records.iter().filter(within);
    let answered = due.clone().filter(|one| one.outcome == Outcome::Answered);
    (due.count(), answered.count())
}
