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
use server::Server;
use table::Wanted;
use tokio::runtime::Runtime;

/// The one that services have.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, server] = args.as_slice() {
        // A process that the instructions are counted of.
        let server = Server::named(server).filter(|_| mode == "serve");
        return server::alone(server.expect("serve bare, or serve kit"));
    }

    println!("{}", versions::line());
    table::head();
    let client = runtime("client", Side::Client);
    instructions::print();
    processor::print(&client);
    memory::print(&client);
    let _telemetry = server::telemetry();
    micro::print();
    wall(&client);
}

/// Server and client have a runtime of one thread each, and each thread a processor.
fn wall(client: &Runtime) {
    let runtimes = Server::BOTH.map(|server| runtime(server.name(), Side::Server));
    let addrs = [0, 1].map(|at| runtimes[at].block_on(Server::BOTH[at].start()));
    let warm = [addrs; 3].into_iter().flatten();
    let warm = warm.map(|addr| client.block_on(saturate(addr, unary)));
    // Of the slowest, so that it is half of the load on a machine that has slowed down too.
    let half = warm.fold(f64::INFINITY, f64::min) / 2.0;
    let least = Wanted::AtLeast(0.95);
    table::compare("unary, saturated, calls/s", least, |which| {
        client.block_on(saturate(addrs[which], unary))
    });
    table::compare("streamed, messages/s", least, |which| {
        client.block_on(saturate(addrs[which], streamed))
    });
    let what = format!("unary, p99 at {half:.0}/s, us");
    pin(Side::Client);
    let client = alone();
    table::compare(&what, Wanted::AtMost(1.1), |which| {
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
