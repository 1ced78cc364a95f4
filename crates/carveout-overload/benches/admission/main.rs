//! What it costs to decide about one call and to be told of its end, beside limiters that Rust
//! services can have today, on one thread and on two at once: `cargo xtask bench admission`.
//!
//! A time is the processor's for one call, in its thread. On two threads each has a clone of its own of
//! what it asks, as connections have. The two reads of the clock that admission is given are part of
//! its time, and have a line of their own; peers read the clock by themselves or not at all.

mod peers;
mod refused;
mod threads;

use std::hint::black_box;
use std::time::{Duration, Instant};

use carveout_overload::{Admission, Arrival, Decision, GuardMode, OverloadConfig};
use criterion::Criterion;

use crate::threads::on_one_and_two;

/// The one that services have: some peers allocate.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    on_one_and_two(&mut criterion, "two reads of the clock", &(), |()| {
        black_box(Instant::now());
        black_box(Instant::now());
    });
    admitted(&mut criterion);
    refused::all(&mut criterion);
    peers::all(&mut criterion);
    criterion.final_summary();
}

fn admitted(criterion: &mut Criterion) {
    let modes = [GuardMode::Enforce, GuardMode::Dark, GuardMode::Off];
    for (name, holds_worker) in [
        ("admitted", Duration::ZERO),
        ("admitted to a worker", Duration::from_millis(1)),
    ] {
        for mode in modes {
            let admission = of(mode);
            let call = Arrival {
                holds_worker,
                ..Arrival::of(0)
            };
            let name = format!("carveout, {mode}: {name}");
            on_one_and_two(criterion, &name, &admission, |admission| {
                let decision = admission.arrive(Instant::now(), black_box(&call));
                let Decision::Admitted(mut permit) = decision else {
                    return;
                };
                permit.begin();
                permit.finish(Instant::now());
            });
        }
    }
    // Without the clock: time stands still.
    let (admission, now) = (of(GuardMode::Enforce), Instant::now());
    let name = "carveout, enforce: admitted, without the clock";
    on_one_and_two(criterion, name, &admission, |admission| {
        if let Decision::Admitted(permit) = admission.arrive(now, black_box(&Arrival::of(0))) {
            permit.finish(now);
        }
    });
}

/// For a service of one method and two workers.
fn of(mode: GuardMode) -> Admission {
    let config = OverloadConfig {
        mode,
        ..OverloadConfig::default()
    };
    Admission::new(config, 1, 2)
}
