//! What the kit's server costs beside tonic's own, with the same handler and the same client, in
//! one run and interleaved: `cargo xtask bench overhead`.
//!
//! Telemetry is set up as a service's is: every call of the kit's server has its span and its place
//! in the metrics. Instructions are counted by valgrind, where there is one; they and the processor's time say
//! something on a machine that does other things too, the rest only on one that does not.

mod child;
mod client;
mod handler;
mod instructions;
mod load;
mod memory;
mod micro;
mod pin;
mod processor;
mod server;
mod table;
mod versions;

use client::{streamed, unary};
use load::{paced, saturate};
use pin::{Side, pin};
use server::{Server, Threads};
use table::Wanted;
use tokio::runtime::Runtime;

/// The one that services have.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some((server, threads)) = server::asked(&args) {
        return server::run(server, threads);
    }

    println!("{}", versions::line());
    table::head();
    let client = runtime("client", Side::Client);
    instructions::print();
    processor::print(&client);
    memory::print(&client);
    wall(&client);
    let _telemetry = server::telemetry();
    micro::print();
}

/// Each server is a process of its own, as in life, with one worker; it has a processor, and so has
/// the client.
fn wall(client: &Runtime) {
    let servers = Server::BOTH.map(|server| {
        server::start(server, Threads::AsUsual).unwrap_or_else(|why| panic!("{why}"))
    });
    let addrs = [0, 1].map(|at| servers[at].addr);
    let warm = [addrs; 3].into_iter().flatten();
    let warm = warm.map(|addr| client.block_on(saturate(addr, unary)));
    // Of the slowest, so that it is half of the load on a machine that has slowed down too.
    let half = warm.fold(f64::INFINITY, f64::min) / 2.0;
    let least = Wanted::AtLeast(0.95);
    table::compare("unary, saturated, calls/s", least, table::ROUNDS, |which| {
        client.block_on(saturate(addrs[which], unary))
    });
    table::compare("streamed, messages/s", least, table::ROUNDS, |which| {
        client.block_on(saturate(addrs[which], streamed))
    });
    let what = format!("unary, p99 at {half:.0}/s, us");
    pin(Side::Client);
    let client = alone();
    table::compare(&what, Wanted::AtMost(1.1), table::MANY_ROUNDS, |which| {
        client.block_on(paced(addrs[which], half))
    });
}

/// A runtime on the thread that blocks on it, and no other.
pub(crate) fn alone() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

fn runtime(name: &str, side: Side) -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let built = builder
        .worker_threads(1)
        .thread_name(name)
        .on_thread_start(move || pin(side))
        .enable_all()
        .build();
    built.expect("a runtime")
}
