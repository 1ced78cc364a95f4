use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use criterion::Criterion;
use rustix::time::{ClockId, clock_gettime};

/// Times a call on one thread, and on each of two that make calls at once.
pub(crate) fn on_one_and_two<T: Clone + Send>(
    criterion: &mut Criterion,
    name: &str,
    shared: &T,
    call: impl Fn(&mut T) + Sync,
) {
    for threads in [1, 2] {
        let plural = if threads == 1 { "thread" } else { "threads" };
        criterion.bench_function(&format!("{name}, {threads} {plural}"), |bencher| {
            bencher.iter_custom(|calls| at_once(threads, calls, shared, &call));
        });
    }
}

/// How long each thread has a processor for so many calls, on the average. To wait for another's cache
/// line counts; to wait for whoever else the machine has to run does not.
fn at_once<T: Clone + Send>(
    threads: u32,
    calls: u64,
    shared: &T,
    call: &(impl Fn(&mut T) + Sync),
) -> Duration {
    let start = Barrier::new(threads as usize);
    let times: Duration = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                let (mut own, start) = (shared.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    let begun = had_processor();
                    for _ in 0..calls {
                        call(&mut own);
                    }
                    had_processor() - begun
                })
            })
            .collect();
        let times = running.into_iter().map(thread::ScopedJoinHandle::join);
        times.map(|time| time.expect("a thread")).sum()
    });
    times / threads
}

/// For how long this thread has had a processor.
fn had_processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("not before the thread began")
}
