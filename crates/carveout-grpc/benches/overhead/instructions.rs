use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::runtime::Runtime;

use crate::alone;
use crate::child::Child;
use crate::client::{Client, streamed, unary};
use crate::load::in_step;
use crate::server::{self, Server, Threads};
use crate::table;

/// Prints the instructions of each server for one unary call, and for one message of a stream: unlike
/// times, they are the same on a machine that is busy with something else.
pub(crate) fn print() {
    let runtime = alone();
    let what = "instructions of a unary call";
    table::counts(what, both(&runtime, "unary", [50, 250], unary));
    let what = "instructions of a streamed message";
    table::counts(what, both(&runtime, "streamed", [2, 8], streamed));
}

fn both<Fut>(
    runtime: &Runtime,
    what: &str,
    batches: [usize; 2],
    call: impl Fn(Client) -> Fut + Copy,
) -> Result<[f64; 2], String>
where
    Fut: Future<Output = u64> + Send + 'static,
{
    let count = |server| {
        let [few, many] = [
            run(runtime, server, what, batches[0], call)?,
            run(runtime, server, what, batches[1], call)?,
        ];
        // The start, the first calls and the end are in both, and so in neither.
        Ok::<_, String>((many.0 - few.0) as f64 / (many.1 - few.1) as f64)
    };
    Ok([count(Server::Bare)?, count(Server::Kit)?])
}

/// The instructions of a whole run of the server, and the messages that it answered with.
fn run<Fut>(
    runtime: &Runtime,
    server: Server,
    what: &str,
    batches: usize,
    call: impl Fn(Client) -> Fut,
) -> Result<(u64, u64), String>
where
    Fut: Future<Output = u64> + Send + 'static,
{
    let profile = profile(server, what);
    let mut command = Command::new("valgrind");
    command
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::env::current_exe().map_err(|error| error.to_string())?)
        .args(server::args(server, Threads::One));
    let child = Child::start(&mut command, |line| line.parse().ok())?;
    let messages = runtime.block_on(in_step(child.addr, batches, call));
    child.end()?;
    Ok((total(&profile)?, messages))
}

/// Where the profile of the longer run stays, for `callgrind_annotate`.
fn profile(server: Server, what: &str) -> PathBuf {
    let name = format!("callgrind.{}.{what}", server.name());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn total(profile: &Path) -> Result<u64, String> {
    let unreadable = |why: String| format!("{} cannot be used: {why}", profile.display());
    let text = std::fs::read_to_string(profile).map_err(|error| unreadable(error.to_string()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total
        .and_then(|total| total.trim().parse().ok())
        .ok_or_else(|| unreadable("it has no total".into()))
}
