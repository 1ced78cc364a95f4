//! A service that does what a service must not do: it hangs or blocks in its start, or jams every
//! worker or opens every file once it is ready. `lifecycle.rs` stops it all the same, and
//! `at_the_limit.rs` asks it how it is.

use std::fs::File;
use std::sync::Barrier;

use carveout::{About, Boot, BoxError, Live, Routes, ServiceConfig};
use serde::{Deserialize, Serialize};

const ABOUT: About = About {
    name: "stubborn",
    version: "0.1.0",
    commit: None,
};

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// `hang`, `block`, `panic`, `jam` or `files`.
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
        other => return Err(format!("misdeed {other:?} is none").into()),
    }
    Ok(Routes::new())
}

fn block() -> ! {
    loop {
        std::thread::park();
    }
}

fn main() -> std::process::ExitCode {
    carveout::run(ABOUT, start)
}
