use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::envoy::Envoy;

/// What the figures depend on: the compiler, the crates that were compared and those below them, and
/// Envoy where it is installed.
pub(crate) fn all() -> BTreeMap<String, String> {
    const CRATES: [&str; 8] = [
        "h2",
        "hyper",
        "little-loadshedder",
        "tokio",
        "tonic",
        "tower",
        "tower-acc",
        "tower-resilience-adaptive",
    ];
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap_or_default();
    let locked = |name: &str| {
        let begins = format!("name = \"{name}\"\nversion = \"");
        let entries = lock.split("\n[[package]]\n");
        let versions =
            entries.filter_map(|entry| entry.strip_prefix(begins.as_str())?.split('"').next());
        versions.collect::<Vec<_>>().join("/")
    };
    let mut all: BTreeMap<_, _> = CRATES
        .map(|name| (name.to_owned(), locked(name)))
        .into_iter()
        .collect();
    all.insert("carveout".into(), env!("CARGO_PKG_VERSION").into());
    all.insert("rustc".into(), rustc());
    if let Ok(envoy) = Envoy::version() {
        all.insert("envoy".into(), envoy);
    }
    all
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.split(' ').nth(1).unwrap_or("unknown").to_owned()
}

pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}
