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
    let within = |one: &&Record| (begins..begins + LASTING).contains(&one.due);
    let due = records.iter().filter(within);
    answered(due.clone()) as f64 >= due.count() as f64 * 0.99
}

/// Where the load stays above the capacity, that is used for each fifth of a second: answers in time, when
/// they are there. (Those that were due in it are another matter: of a burst that waits in a queue they are
/// more than the capacity at first, and then as many fewer.) Not for all of it: few calls are in that time, and
/// their number varies by chance.
fn capacity_is_used(records: &[Record], begins: Duration, capacity: f64) -> bool {
    let part = LASTING / 5;
    let enough = 0.8 * capacity * part.as_secs_f64();
    (0..5).all(|at| {
        let begins = begins + part * at;
        let within = |one: &&Record| (begins..begins + part).contains(&(one.due + one.took));
        answered(records.iter().filter(within)) as f64 >= enough
    })
}

fn answered<'a>(records: impl Iterator<Item = &'a Record>) -> usize {
    records
        .filter(|one| one.outcome == Outcome::Answered)
        .count()
}
