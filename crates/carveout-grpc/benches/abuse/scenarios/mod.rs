//! What attackers do, one by one.

mod calls;
mod connections;
mod floods;
mod slow;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::process::{Needs, Server};

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) needs: Needs,
    /// Answers what was refused, and how.
    pub(crate) play: for<'a> fn(&'a Server) -> Pin<Box<dyn Future<Output = String> + 'a>>,
}

macro_rules! scenarios {
    ($($name:literal $needs:expr => $play:path,)*) => {
        pub(crate) const SCENARIOS: &[Scenario] = &[
            $(Scenario { name: $name, needs: $needs, play: |server| Box::pin($play(server)) },)*
        ];
    };
}

scenarios! {
    "silent" Needs::Nothing => connections::silent,
    "half-open" Needs::Nothing => connections::half_open,
    "half-open-at-drain" Needs::Nothing => connections::half_open_at_drain,
    "closed-watches" Needs::Nothing => slow::closed_watches,
    "slow-readers" Needs::Nothing => slow::slow_readers,
    "slow-writers" Needs::Nothing => slow::slow_writers,
    "leaking-client" Needs::Nothing => slow::leaking_client,
    "header-flood" Needs::Nothing => floods::header_flood,
    "rapid-reset" Needs::Nothing => floods::rapid_reset,
    "continuation-flood" Needs::Nothing => floods::continuation_flood,
    "ping-flood" Needs::Nothing => floods::ping_flood,
    "settings-flood" Needs::Nothing => floods::settings_flood,
    "oversized-messages" Needs::Nothing => calls::oversized,
    "compression-bombs" Needs::Nothing => calls::compression_bombs,
    "garbage" Needs::Nothing => connections::garbage,
    "panicking-handler" Needs::Nothing => calls::panics,
    "open-files" Needs::OpenFiles(256) => connections::open_files,
    "clock-jumps" Needs::Clock => calls::clock_jumps,
}

/// How much longer than its bound the end of a connection may take.
const LATE: Duration = Duration::from_secs(10);

/// Reads until the server hangs up; whether it has.
async fn hung_up(stream: &mut TcpStream, patience: Duration) -> bool {
    let mut rest = vec![0; 64 * 1024];
    let reading = async { while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(patience, reading).await.is_ok()
}

/// As many at once as `most`, and how many ended in which way.
async fn all<F>(most: usize, each: impl Fn(usize) -> F) -> BTreeMap<String, usize>
where
    F: Future<Output = String> + Send + 'static,
{
    let mut running = JoinSet::new();
    for number in 0..most {
        running.spawn(each(number));
    }
    let mut ends = BTreeMap::new();
    while let Some(end) = running.join_next().await {
        *ends.entry(end.expect("an attacker")).or_default() += 1;
    }
    ends
}

fn told(ends: BTreeMap<String, usize>) -> String {
    let ends = ends.iter().map(|(end, count)| format!("{count} {end}"));
    ends.collect::<Vec<_>>().join(", ")
}
