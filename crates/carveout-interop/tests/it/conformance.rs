//! connectrpc's conformance suite in gRPC mode, with its reference client and server. What is known to
//! fail is listed beside the adapters; the runner refuses a list with a case that passes.

use std::path::Path;

use crate::tools::{self, run_well};

async fn conforms(mode: &str, adapter: &str) {
    let Some(mut runner) = tools::program("connectconformance") else {
        return;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    runner
        .args(["--mode", mode, "--conf"])
        .arg(folder.join(format!("{mode}.yaml")))
        .arg("--known-failing")
        .arg(format!(
            "@{}",
            folder.join(format!("{mode}-known-failing.txt")).display()
        ))
        .args(["--", adapter]);
    let said = run_well(&mut runner).await;
    let number = |before: &str, after: &str| -> u32 {
        let found = said.lines().rev().find_map(|line| {
            let number = line.strip_prefix(before)?.split(after).next()?;
            number.trim().parse().ok()
        });
        found.unwrap_or_else(|| panic!("no {before:?} number {after:?} in\n{said}"))
    };
    let (passed, total) = (number("", " passed"), number("Total cases: ", "\n"));
    let suite = format!("`connectconformance` 1.0.7, {mode}");
    crate::assert_documented(&suite, &format!("{passed} of {total}"));
}

#[tokio::test]
async fn the_server_conforms() {
    conforms("server", env!("CARGO_BIN_EXE_conformance-server")).await;
}

#[tokio::test]
async fn the_client_conforms() {
    conforms("client", env!("CARGO_BIN_EXE_conformance-client")).await;
}
