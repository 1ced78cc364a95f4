use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::call::{Criticality, Outcome, call};
use super::connections::Connections;

/// So many callers of whom each makes a call when the one before has ended. Returns the answers
/// in a second while `measured` runs, which begins once it is warm.
pub(crate) async fn in_turn(
    addr: SocketAddr,
    callers: usize,
    measured: impl AsyncFnOnce(),
) -> Result<f64, String> {
    let connections = Connections::open(addr).await?;
    let (answers, over) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    for _ in 0..callers {
        let (connections, answers, over) = (connections.clone(), answers.clone(), over.clone());
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let now = tokio::time::Instant::now();
                if call(&connections, Criticality::Unsaid, now).await == Outcome::Answered {
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (before, begun) = (answers.load(Ordering::Relaxed), Instant::now());
    measured().await;
    let answered = answers.load(Ordering::Relaxed) - before;
    over.store(true, Ordering::Relaxed);
    Ok(answered as f64 / begun.elapsed().as_secs_f64())
}
