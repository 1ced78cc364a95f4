//! Admission in every order in which a few threads can come: loom runs each model once for each of
//! them. The sources are the crate's own, all but its contents page, with another [`sync`].
//!
//! `cargo test -p carveout-overload --test loom [PART OF A NAME]`. With `LOOM_LOG=trace` and
//! `LOOM_LOCATION=1` a model that fails says what each thread did.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "not everything is used here that the crate's own contents page shows"
)]

#[path = "../../src/admission/mod.rs"]
mod admission;
#[path = "../../src/arrival.rs"]
mod arrival;
#[path = "../../src/average.rs"]
mod average;
#[path = "../../src/clock.rs"]
mod clock;
#[path = "../../src/config.rs"]
mod config;
#[path = "../it/edits.rs"]
mod edits;
#[path = "../../src/gate.rs"]
mod gate;
#[path = "../../src/in_flight.rs"]
mod in_flight;
#[path = "../../src/level.rs"]
mod level;
#[path = "../../src/limit.rs"]
mod limit;
#[path = "../../src/method.rs"]
mod method;
#[path = "../../src/mode.rs"]
mod mode;
#[path = "../../src/permit.rs"]
mod permit;
#[path = "../../src/queue.rs"]
mod queue;
#[path = "../../src/shard.rs"]
mod shard;
#[path = "../../src/slope.rs"]
mod slope;
#[path = "../../src/snapshot.rs"]
mod snapshot;
#[path = "../../src/spread.rs"]
mod spread;
#[path = "../../src/threshold.rs"]
mod threshold;
#[path = "../../src/window.rs"]
mod window;

mod models;
mod service;
mod sync;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use models::Model;

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let wanted = wanted.unwrap_or_default();
    let mut failed = false;
    for model in models::ALL {
        let name = model.name;
        if !name.contains(wanted.as_str()) {
            continue;
        }
        let begun = Instant::now();
        let orders = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&orders);
        // The one that panics has said why, and the others are to be seen, too.
        let result = std::thread::spawn(move || check(model, &count)).join();
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        let orders = orders.load(Relaxed);
        println!(
            "model {name} ... {verdict}: {orders} orders in {:.1?}",
            begun.elapsed()
        );
        failed |= result.is_err();
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn check(model: &Model, orders: &Arc<AtomicUsize>) {
    let (run, orders) = (model.run, Arc::clone(orders));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(model.interruptions);
    builder.check(move || {
        orders.fetch_add(1, Relaxed);
        // loom's first thread has a small stack.
        service::spawn(run).join().expect("the model");
    });
}
