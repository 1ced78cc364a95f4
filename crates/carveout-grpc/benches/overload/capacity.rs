use std::time::Duration;

use rustix::time::ClockId;
use tokio::time::sleep;

use crate::client::{as_planned, in_turn};
use crate::contender::Contender;
use crate::load::{Load, Plan};
use crate::process::Server;
use crate::scenario::Scenario;
use crate::{alone, clock};

/// What plain tonic makes of a handler when nobody waits for long: the measure of all loads.
#[derive(Clone, Copy, serde::Serialize)]
pub(crate) struct Capacity {
    /// Answers in a second.
    pub(crate) rate: f64,
    /// Processor seconds that there were in a second, for the server and the client together.
    pub(crate) processors: f64,
    /// Processor seconds of a call that is answered, in the server.
    pub(crate) served: f64,
    /// The same of one that is refused with nothing but a status: the least it can be had for here.
    pub(crate) refused: f64,
    #[serde(skip)]
    uses_processor: bool,
}

impl Capacity {
    pub(crate) fn measure(scenario: Scenario) -> Result<Self, String> {
        let server = Server::start(Contender::None, scenario)?;
        let mut used = [0.0; 2];
        let measured = async || {
            let before = both(&server);
            sleep(MEASURED).await;
            let after = both(&server);
            used = [0, 1].map(|at| (after[at] - before[at]) / MEASURED.as_secs_f64());
        };
        let callers = scenario.callers();
        let rate = alone().block_on(in_turn(server.addr, callers, measured))?;
        Ok(Self {
            rate,
            processors: used.iter().sum(),
            served: used[0] / rate,
            refused: refused(rate)?,
            uses_processor: scenario.uses_processor(),
        })
    }

    /// The most that any admission control could answer of so many calls a second, while the client
    /// has so many processors: `G = (W - λr) / (s - r)`. Each call that is not served is refused, and
    /// that has to be paid first. Where a proxy refuses, what it used is what that cost: nothing is
    /// left of `r` for the server. Where handlers do not compute, refusals take nothing from them.
    pub(crate) fn ceiling(
        &self,
        plan: &Plan,
        offered: f64,
        client: f64,
        proxy: Option<f64>,
    ) -> f64 {
        let share = plan.capacity();
        if !self.uses_processor {
            return offered.min(self.rate * share);
        }
        let processors = self.processors - client - proxy.unwrap_or_default();
        let refused = proxy.map_or(self.refused, |_| 0.0);
        let gained = self.served / share - refused;
        if gained <= 0.0 {
            // Handlers that take no time: refusing saves nothing.
            return offered.min(self.rate * share);
        }
        let most = (processors - offered * refused) / gained;
        most.clamp(0.0, offered)
    }
}

const MEASURED: Duration = Duration::from_secs(3);

/// At three times the capacity, or as near as the client comes to it: a refusal is cheaper when others
/// come with the same wake-up.
fn refused(capacity: f64) -> Result<f64, String> {
    const MOST: f64 = 10_000.0;
    let server = Server::start(Contender::None, Scenario::Refuse)?;
    let plan = Load::Times(1.0).plan(Duration::from_secs(1));
    let mut used = 0.0;
    let meanwhile = async |begun| {
        tokio::time::sleep_until(begun + plan.counted_from).await;
        let before = server.cpu()[0];
        tokio::time::sleep_until(begun + plan.end()).await;
        used = server.cpu()[0] - before;
    };
    let rate = (capacity * 3.0).min(MOST);
    let run = as_planned(server.addr, &plan, rate, 1, meanwhile);
    let run = alone().block_on(run)?;
    let counted = run
        .records
        .iter()
        .filter(|record| record.due >= plan.counted_from);
    Ok(used / counted.count() as f64)
}

/// Processor seconds so far of the server, and of the client: the thread that this runs on.
fn both(server: &Server) -> [f64; 2] {
    let own = clock::read(ClockId::ThreadCPUTime).as_secs_f64();
    [server.cpu()[0], own]
}
