use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use greeter_api as api;
use tokio::runtime::Runtime;

use crate::child::Child;
use crate::client::Client;
use crate::load::saturate;
use crate::table::{self, Wanted};

/// Prints the memory of a stamped service: once it is ready, and once it has been under full load.
pub(crate) fn print(runtime: &Runtime) {
    let [idle, after] = match measure(runtime) {
        Ok(figures) => figures.map(|mib| Ok(format!("{mib:.1}"))),
        Err(why) => [Err(why.clone()), Err(why)],
    };
    let what = "memory of an idle service, MiB";
    table::own(what, idle, Some(Wanted::AtMost(25.0)));
    table::own("the same after full load, MiB", after, None);
}

fn measure(runtime: &Runtime) -> Result<[f64; 2], String> {
    let service = service().ok_or("cargo build --release -p greeter makes it")?;
    let mut command = Command::new(service);
    for setting in ["grpc.host=127.0.0.1", "grpc.port=0", "admin.port=0"] {
        command.args(["--set", setting]);
    }
    let server = Child::start(&mut command, ready)?;
    let idle = server.resident()?;
    runtime.block_on(saturate(server.addr, list));
    Ok([idle, server.resident()?])
}

/// The golden service, beside this bench's own folder.
fn service() -> Option<PathBuf> {
    let bench = std::env::current_exe().ok()?;
    let service = bench.parent()?.parent()?.join("greeter");
    service.is_file().then_some(service)
}

/// The address in the log line that says that the service is ready.
fn ready(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("\"grpc\":\"")?;
    rest.split_once('"')?.0.parse().ok()
}

async fn list(mut client: Client) -> u64 {
    let answer = client.list_items(api::ListItemsRequest::default()).await;
    answer.expect("an answer");
    1
}
