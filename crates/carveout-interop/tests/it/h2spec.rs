//! HTTP/2 and HPACK, frame by frame.

use crate::tools::{self, everything, run};

/// docs/interoperability.md explains each.
const FAILING: [&str; 3] = [
    "Sends a WINDOW_UPDATE frame on half-closed (remote) stream",
    "Sends a PRIORITY frame on half-closed (remote) stream",
    "Sends invalid connection preface",
];

/// Fails when the server has answered the first call before the last one arrives.
const RACY: &str =
    "Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded";

#[tokio::test]
async fn the_port_speaks_http2() {
    let Some(mut h2spec) = tools::program("h2spec") else {
        return;
    };
    let (_running, addr) = crate::serve().await;
    // Seconds without a frame, after which a test has failed.
    let (patience, port) = ("5", addr.port().to_string());
    let said = run(h2spec.args(["-h", "127.0.0.1", "-p", &port, "-o", patience])).await;
    let said = everything(&said);
    let (_, failures) = said.split_once("Failures:").unwrap_or((&said, ""));
    let failing: Vec<&str> = failures
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\u{d7} ")?.split_once(": "))
        .map(|(_, name)| name)
        .collect();
    let certain: Vec<&str> = failing
        .iter()
        .copied()
        .filter(|name| *name != RACY)
        .collect();
    assert_eq!(certain, FAILING, "{said}");
    let count = |what: &str| -> u32 {
        let summary = said.lines().rev().find(|line| line.contains(" tests, "));
        let parts = summary.unwrap_or_else(|| panic!("no summary in\n{said}"));
        let part = parts.split(", ").find_map(|part| part.strip_suffix(what));
        part.unwrap().trim().parse().unwrap()
    };
    let by_luck = u32::from(failing.len() == certain.len());
    let result = format!("{} of {}", count(" passed") - by_luck, count(" tests"));
    crate::assert_documented("`h2spec` 2.2.1", &result);
}
