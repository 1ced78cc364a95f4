//! What the server does with callers that are hostile or broken: `cargo xtask bench abuse [NAME…]`.
//!
//! Each scenario has a server of its own, in a process of its own, so that its memory and CPU can be
//! read from outside, and healthy callers beside it. It is played twice: memory is compared before
//! and after the second time, when the allocator has what it keeps.

#[path = "../../tests/it/frames.rs"]
#[expect(dead_code, reason = "tests send frames of more kinds")]
mod frames;
mod healthy;
mod process;
mod report;
mod scenarios;
mod server;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use healthy::Healthy;
use process::Server;
use report::{Row, Verdict};
use scenarios::{SCENARIOS, Scenario};

/// As in a stamped service's image: it gives back what is not used. The system's own keeps it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What memory may come back to, in shares of what it was.
const MEMORY: f64 = 1.10;
/// No scenario takes so long: one that does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "--serve") {
        server::serve();
        return ExitCode::SUCCESS;
    }
    // cargo's own, for harnesses.
    args.retain(|arg| arg != "--bench");
    let unknown = args
        .iter()
        .find(|arg| SCENARIOS.iter().all(|it| it.name != **arg));
    if let Some(unknown) = unknown {
        let names: Vec<_> = SCENARIOS.iter().map(|it| it.name).collect();
        eprintln!(
            "there is no scenario {unknown}; there is {}",
            names.join(", ")
        );
        return ExitCode::from(2);
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("{}", report::head());
    let mut failed = 0;
    for scenario in SCENARIOS
        .iter()
        .filter(|it| args.is_empty() || args.iter().any(|arg| arg == it.name))
    {
        let row = runtime.block_on(play(scenario));
        println!("{row}");
        failed += usize::from(row.verdict.is_failed());
    }
    println!("{}", report::foot());
    ExitCode::from(u8::from(failed > 0))
}

async fn play(scenario: &Scenario) -> Row {
    let server = match Server::start(scenario.needs) {
        Ok(server) => server,
        Err(why) => return Row::skipped(scenario.name, why),
    };
    let healthy = Healthy::start(server.addr);
    let fresh = server.memory();
    let _ = attack(scenario, &server).await;
    // Of the first time only the memory counts: it is where the second begins.
    let before = server.settle().await;
    healthy.restart();
    let cpu = server.cpu();
    let begun = Instant::now();
    let peak = server.watch();
    let outcome = attack(scenario, &server).await;
    let took = begun.elapsed();
    let (peak_memory, held) = peak.end();
    let cpu = server.cpu() - cpu;
    let after = server.settle().await;
    let (share, p99) = healthy.end();

    let mut problems = Vec::new();
    if outcome.is_err() {
        problems.push("it hangs".to_owned());
    }
    if share < 0.99 {
        problems.push("healthy callers fail".to_owned());
    }
    if after as f64 > before as f64 * MEMORY {
        problems.push("memory does not come back".to_owned());
    }
    Row {
        name: scenario.name,
        outcome: outcome.unwrap_or_default(),
        held,
        share,
        p99,
        memory: [fresh, before, peak_memory, after],
        cpu,
        took,
        verdict: Verdict::of(problems),
    }
}

async fn attack(scenario: &Scenario, server: &Server) -> Result<String, ()> {
    let attack = (scenario.play)(server);
    tokio::time::timeout(PATIENCE, attack).await.map_err(drop)
}
