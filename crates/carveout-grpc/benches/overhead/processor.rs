use tokio::runtime::Runtime;

use crate::client::unary;
use crate::load::in_step;
use crate::server::{self, Server, Threads};
use crate::table::{self, Wanted};

/// Of [`in_step`]: a third of a second.
const BATCHES: usize = 2000;

/// Prints how long each server has a processor for one unary call. Another program that wants the
/// processor too makes a call take longer, and this hardly so; unlike instructions it knows what a
/// look at the clock costs.
pub(crate) fn print(runtime: &Runtime) {
    let what = "processor time of a unary call, ns";
    let servers = Server::BOTH.map(|server| {
        let child = server::start(server, Threads::One)?;
        child.processor_time()?;
        Ok::<_, String>(child)
    });
    let servers = match servers {
        [Ok(bare), Ok(kit)] => [bare, kit],
        [Err(why), _] | [_, Err(why)] => return table::own(what, Err(why), None),
    };
    table::compare(what, Wanted::AtMost(1.05), table::ROUNDS, |which| {
        let server = &servers[which];
        let time = || server.processor_time().expect("it was there before");
        let before = time();
        let calls = runtime.block_on(in_step(server.addr, BATCHES, unary));
        (time() - before) / calls as f64
    });
}
