use std::time::Duration;

use rustix::time::ClockId;
use serde::Serialize;
use tokio::time::sleep_until;

use crate::capacity::Capacity;
use crate::client::{Outcome, Record, as_planned};
use crate::contender::Contender;
use crate::load::{Load, Plan};
use crate::process::Server;
use crate::recovery;
use crate::scenario::Scenario;
use crate::{alone, clock};

/// What one contender did with one load, once. Times are in milliseconds, rates in a second, and
/// shares of one; nothing is where there was no such call.
#[derive(Clone, Serialize)]
pub(crate) struct Cell {
    pub(crate) scenario: &'static str,
    pub(crate) load: String,
    pub(crate) contender: &'static str,
    pub(crate) seed: u64,
    pub(crate) offered: f64,
    pub(crate) goodput: f64,
    /// The goodput as a share of what was offered, or of the capacity where that is less.
    pub(crate) of_capacity: f64,
    /// The same of what could have been answered when each refusal costs what it costs.
    pub(crate) of_ceiling: f64,
    pub(crate) ok_p50: Option<f64>,
    pub(crate) ok_p99: Option<f64>,
    pub(crate) refused_p99: Option<f64>,
    pub(crate) refused: f64,
    pub(crate) late: f64,
    pub(crate) broken: f64,
    pub(crate) reconnects: u64,
    /// Processors in use.
    pub(crate) server_cpu: f64,
    pub(crate) proxy_cpu: f64,
    pub(crate) client_cpu: f64,
    /// How late the client sent: it is in every other time.
    pub(crate) lag_p99: Option<f64>,
    /// The share of critical calls that was answered.
    pub(crate) critical: Option<f64>,
    /// Until it went well again; nothing also where it never did.
    pub(crate) recovered_after: Option<f64>,
}

/// Plays a load against a server that is started for it.
pub(crate) fn measure(
    (scenario, load, contender): (Scenario, Load, Contender),
    capacity: &Capacity,
    seed: u64,
    measured: Duration,
) -> Result<Cell, String> {
    let plan = load.plan(measured);
    let mut server = Server::start(contender, scenario)?;
    let addr = server.addr;
    let mut used = [0.0; 3];
    let meanwhile = async |begun| {
        sleep_until(begun + plan.counted_from).await;
        let before = processors(&server);
        if plan.halved_at.is_some() {
            server.halve();
        }
        sleep_until(begun + plan.end()).await;
        let after = processors(&server);
        let time = (plan.end() - plan.counted_from).as_secs_f64();
        used = [0, 1, 2].map(|at| (after[at] - before[at]) / time);
    };
    let run = as_planned(addr, &plan, capacity.rate, seed, meanwhile);
    let run = alone().block_on(run)?;
    let mut cell = counted(&plan, &run.records, capacity, used);
    cell.reconnects = run.reconnects;
    cell.recovered_after = recovery::after(load, &plan, &run.records, capacity.rate);
    Ok(Cell {
        scenario: scenario.name(),
        load: load.name(),
        contender: contender.name(),
        seed,
        ..cell
    })
}

/// Processor seconds so far of the server, the proxy, and the client: the thread that this runs on.
fn processors(server: &Server) -> [f64; 3] {
    let [server, proxy] = server.cpu();
    let own = clock::read(ClockId::ThreadCPUTime).as_secs_f64();
    [server, proxy, own]
}

fn counted(plan: &Plan, records: &[Record], capacity: &Capacity, used: [f64; 3]) -> Cell {
    let time = (plan.end() - plan.counted_from).as_secs_f64();
    let records = records.iter().filter(|one| one.due >= plan.counted_from);
    let records: Vec<_> = records.copied().collect();
    let [server_cpu, proxy_cpu, client_cpu] = used;
    let proxy = (proxy_cpu > 0.0).then_some(proxy_cpu);
    let count = |outcome| records.iter().filter(|one| one.outcome == outcome).count() as f64;
    let share = |outcome| count(outcome) / records.len() as f64;
    let (offered, goodput) = (records.len() as f64 / time, count(Outcome::Answered) / time);
    let took = |outcome| records.iter().filter(move |one| one.outcome == outcome);
    let took = |outcome| took(outcome).map(|one| one.took).collect::<Vec<_>>();
    let critical: Vec<_> = records.iter().filter(|one| one.critical).collect();
    let answered = critical
        .iter()
        .filter(|one| one.outcome == Outcome::Answered);
    Cell {
        offered,
        goodput,
        of_capacity: goodput / offered.min(capacity.rate * plan.capacity()),
        of_ceiling: goodput / capacity.ceiling(plan, offered, client_cpu, proxy),
        ok_p50: percentile(took(Outcome::Answered), 50),
        ok_p99: percentile(took(Outcome::Answered), 99),
        refused_p99: percentile(took(Outcome::Refused), 99),
        refused: share(Outcome::Refused),
        late: share(Outcome::Late),
        broken: share(Outcome::Broken),
        server_cpu,
        proxy_cpu,
        client_cpu,
        lag_p99: percentile(records.iter().map(|one| one.lag).collect(), 99),
        critical: plan
            .critical
            .map(|_| answered.count() as f64 / critical.len() as f64),
        // The rest is said by who knows what was measured.
        scenario: "",
        load: String::new(),
        contender: "",
        seed: 0,
        reconnects: 0,
        recovered_after: None,
    }
}

fn percentile(mut times: Vec<Duration>, percent: usize) -> Option<f64> {
    times.sort();
    let at = times.len() * percent / 100;
    Some(times.get(at)?.as_secs_f64() * 1e3)
}
