//! A service that does what a service must not do: it hangs, blocks or panics in its start, or jams every
//! worker, opens every file or panics once it is ready, or blocks in its end. `lifecycle.rs` and
//! `blocked_output.rs` stop it all the same, and `at_the_limit.rs` asks it how it is.

use std::fs::File;
use std::sync::Barrier;

use carveout::{About, Boot, BoxError, Live, Routes, ServiceConfig};
use carveout_metrics::prometheus_client::collector::Collector;
use carveout_metrics::prometheus_client::encoding::DescriptorEncoder;
use serde::{Deserialize, Serialize};

const ABOUT: About = About {
    name: "stubborn",
    version: "0.1.0",
    commit: None,
};

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// `hang`, `block`, `panic`, `jam`, `files`, `panics` or `drop`.
    misdeed: String,
}

impl ServiceConfig for Config {}

async fn start(boot: Boot, config: Live<Config>) -> Result<Routes, BoxError> {
    tracing::info!("starting");
    match config.get().misdeed.as_str() {
        "hang" => std::future::pending().await,
        "block" => block(),
        "panic" => panic!("on purpose"),
        "jam" => {
            let workers = tokio::runtime::Handle::current().metrics().num_workers();
            // One more than there are to begin, so that all of them block and none ever goes on.
            static JAM: Barrier = Barrier::new(usize::MAX);
            for _ in 0..workers {
                tokio::spawn(async { JAM.wait().is_leader() });
            }
        }
        "files" => {
            let mut readiness = boot.health().subscribe();
            tokio::spawn(async move {
                let ready = readiness.wait_for(|it| it.is_ready()).await.is_ok();
                let opened = std::iter::from_fn(|| File::open("/dev/null").ok());
                let files: Vec<File> = opened.collect();
                tracing::info!(ready, files = files.len(), "every file is open");
                std::future::pending::<()>().await;
                drop(files);
            });
        }
        "panics" => {
            tokio::spawn(async {
                loop {
                    let panicked = tokio::spawn(async { panic!("on purpose") });
                    assert!(panicked.await.is_err());
                }
            });
        }
        "drop" => boot.metrics().register(|registry| {
            registry.register_collector(Box::new(Endless));
        }),
        other => return Err(format!("misdeed {other:?} is none").into()),
    }
    Ok(Routes::new())
}

/// Has a destructor that never returns.
#[derive(Debug)]
struct Endless;

impl Collector for Endless {
    fn encode(&self, _: DescriptorEncoder<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        tracing::info!("it never returns");
        block()
    }
}

fn block() -> ! {
    loop {
        std::thread::park();
    }
}

fn main() -> std::process::ExitCode {
    carveout::run(ABOUT, start)
}
