//! A service that does what a service must not do: it hangs or blocks in its start, or jams every
//! worker once it is ready. `lifecycle.rs` stops it all the same.

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
    /// `hang`, `block`, `panic` or `jam`.
    misdeed: String,
}

impl ServiceConfig for Config {}

async fn start(_: Boot, config: Live<Config>) -> Result<Routes, BoxError> {
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
