use crate::scrape::metrics;
use carveout_metrics::RpcMetrics;
use carveout_metrics::prometheus_client::metrics::counter::Counter;
use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

/// What Prometheus itself thinks of all that this crate can write: `apt-get install prometheus`.
#[test]
fn promtool_finds_nothing_to_criticise() {
    let spawned = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut promtool = match spawned {
        Ok(promtool) => promtool,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: no promtool (apt-get install prometheus)");
            return;
        }
        Err(error) => panic!("promtool: {error}"),
    };

    let metrics = metrics();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    metrics.register_runtime(runtime.handle().clone(), "workers");
    metrics.register(|registry| {
        registry.register("orders_placed", "Orders placed", Counter::<u64>::default())
    });
    for rpc in [
        RpcMetrics::server(&metrics, ["a.v1.A/Get"]),
        RpcMetrics::client(&metrics, ["b.v1.B/Get"]),
    ] {
        rpc.start(Some(0))
            .finish("OK", Some(0x4bf92f3577b34da6a3ce929d0e0e4736));
        rpc.start(None).finish("UNIMPLEMENTED", None);
    }
    let body = metrics.encode(None).body;
    promtool
        .stdin
        .take()
        .expect("piped")
        .write_all(body.as_bytes())
        .expect("it reads");
    let output = promtool.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr]
        .map(|said| String::from_utf8_lossy(&said).into_owned())
        .concat();
    assert!(output.status.success() && said.is_empty(), "{said}\n{body}");
}
