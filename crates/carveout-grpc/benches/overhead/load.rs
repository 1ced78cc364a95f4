use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tonic::Code;

use crate::client::{Client, ask, connect};

/// How long a server is saturated at a time.
const ROUND: Duration = Duration::from_millis(700);
/// The same at half of that load. A virtual machine stands still for some milliseconds every second: in
/// a round as long as the other that alone is the 99th percentile, and most rounds of this length have
/// none of it.
const PACED_ROUND: Duration = Duration::from_millis(100);
const CONNECTIONS: usize = 4;
/// Calls under way on each connection at once.
const DEPTH: usize = 16;

/// Calls without a pause for a round, and returns what a second of it made.
pub(crate) async fn saturate<Fut>(
    addr: SocketAddr,
    call: impl Fn(Client) -> Fut + Clone + Send + 'static,
) -> f64
where
    Fut: Future<Output = u64> + Send,
{
    let (over, count) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut callers = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = connect(addr).await;
        for _ in 0..DEPTH {
            let (client, call) = (client.clone(), call.clone());
            let (over, count) = (over.clone(), count.clone());
            callers.push(tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    count.fetch_add(call(client.clone()).await, Ordering::Relaxed);
                }
            }));
        }
    }
    let begun = Instant::now();
    tokio::time::sleep(ROUND).await;
    let (done, took) = (count.load(Ordering::Relaxed), begun.elapsed());
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("a caller");
    }
    done as f64 / took.as_secs_f64()
}

/// Calls `rate` times in a second on average, whatever the answers do and as callers that know
/// nothing of each other would: the time from a call to the next is exponentially distributed.
/// Returns the 99th percentile of the time from when a call was due to its answer, in microseconds.
///
/// This never sleeps, since no timer would wake it as exactly as that: it wants a runtime of one
/// thread, and a processor for itself.
pub(crate) async fn paced(addr: SocketAddr, rate: f64) -> f64 {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(connect(addr).await);
    }
    let mut clients = clients.iter().cycle();
    let mut gaps = gaps(rate);
    let mut answers = JoinSet::new();
    let mut times = Vec::new();
    let mut take = |answer: Result<Duration, _>| {
        times.push(answer.expect("an answer").as_secs_f64() * 1e6);
    };
    let end = Instant::now() + PACED_ROUND;
    let mut due = Instant::now();
    while due < end {
        while due <= Instant::now() {
            answers.spawn(timed(clients.next().expect("there are some").clone(), due));
            due += gaps.next().expect("it never ends");
        }
        while let Some(answer) = answers.try_join_next() {
            take(answer);
        }
        tokio::task::yield_now().await;
    }
    while let Some(answer) = answers.join_next().await {
        take(answer);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}

/// One that its deadline has ended, on a machine that has slowed down since the load was chosen,
/// counts with the time that it took.
async fn timed(client: Client, due: Instant) -> Duration {
    let answer = ask(client).await;
    let code = answer.map_or_else(|status| status.code(), |()| Code::Ok);
    assert!(matches!(code, Code::Ok | Code::DeadlineExceeded), "{code}");
    due.elapsed()
}

/// The same ones every time.
fn gaps(rate: f64) -> impl Iterator<Item = Duration> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Above zero, and at most one.
        let share = ((state >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        Duration::from_secs_f64(-share.ln() / rate)
    })
}

/// Calls `batches` times `DEPTH` times at once on one connection, each batch when the one before is
/// answered: the same bytes in the same order whenever it is run. Returns the messages of all
/// answers.
pub(crate) async fn in_step<Fut>(
    addr: SocketAddr,
    batches: usize,
    call: impl Fn(Client) -> Fut,
) -> u64
where
    Fut: Future<Output = u64> + Send + 'static,
{
    let client = connect(addr).await;
    let mut messages = 0;
    for _ in 0..batches {
        let calls: Vec<_> = (0..DEPTH)
            .map(|_| tokio::spawn(call(client.clone())))
            .collect();
        for call in calls {
            messages += call.await.expect("an answer");
        }
    }
    messages
}
