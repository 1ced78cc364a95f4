use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::call::{Criticality, Outcome, call};
use super::connections::Connections;
use crate::arrivals::{Random, arrivals};
use crate::load::Plan;

/// One call, with all that was tried for it.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    /// Since the beginning.
    pub(crate) due: Duration,
    /// How late it was sent: what the client adds to what it measures.
    pub(crate) lag: Duration,
    /// From when it was due to its end.
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
    pub(crate) critical: bool,
}

pub(crate) struct Run {
    pub(crate) records: Vec<Record>,
    pub(crate) reconnects: u64,
}

/// Makes the calls of a plan when they are due, whatever becomes of them. `meanwhile` gets the
/// instant that they begin at.
pub(crate) async fn as_planned(
    addr: SocketAddr,
    plan: &Plan,
    capacity: f64,
    seed: u64,
    meanwhile: impl AsyncFnOnce(Instant),
) -> Result<Run, String> {
    let connections = Connections::open(addr).await?;
    let mut random = Random::new(seed);
    let due = arrivals(&plan.phases, capacity, &mut random);
    let begun = Instant::now() + Duration::from_millis(20);
    let calls = async {
        let mut calls = JoinSet::new();
        for due in due {
            // The timer wakes this at whole milliseconds: what is due by then is sent at once.
            if begun + due > Instant::now() {
                sleep_until(begun + due).await;
            }
            let criticality = match plan.critical {
                None => Criticality::Unsaid,
                Some(share) if random.share() <= share => Criticality::Critical,
                Some(_) => Criticality::Sheddable,
            };
            let seed = random.next();
            calls.spawn(one(
                connections.clone(),
                criticality,
                plan.retries,
                (begun, due),
                seed,
            ));
        }
        calls.join_all().await
    };
    let (records, ()) = tokio::join!(calls, meanwhile(begun));
    Ok(Run {
        records,
        reconnects: connections.reconnects(),
    })
}

/// A call, and what is tried after it has failed, with the usual back-off: 50 ms, twice as long each
/// time, up to a second, of which a random share is waited (full jitter).
async fn one(
    connections: Arc<Connections>,
    criticality: Criticality,
    retries: u32,
    (begun, due): (Instant, Duration),
    seed: u64,
) -> Record {
    let mut random = Random::new(seed);
    let lag = (begun + due).elapsed();
    let mut outcome = call(&connections, criticality, begun + due).await;
    for retry in 0..retries {
        if outcome == Outcome::Answered {
            break;
        }
        let longest = Duration::from_millis(50 << retry).min(Duration::from_secs(1));
        sleep(longest.mul_f64(random.share())).await;
        outcome = call(&connections, criticality, Instant::now()).await;
    }
    Record {
        due,
        lag,
        took: (begun + due).elapsed(),
        outcome,
        critical: criticality == Criticality::Critical,
    }
}
