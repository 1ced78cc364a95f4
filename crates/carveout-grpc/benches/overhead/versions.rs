use std::path::Path;
use std::process::Command;

/// What the figures depend on: `rustc 1.95.0, tonic 0.14.9, ...`, and the processors.
pub(crate) fn line() -> String {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap_or_default();
    let mut versions = vec![rustc()];
    for package in ["tonic", "hyper", "h2", "tokio"] {
        let locked = lock.split("\n[[package]]\n").filter_map(|entry| {
            let rest = entry.strip_prefix(&format!("name = \"{package}\"\nversion = \""))?;
            Some(rest.split_once('"')?.0)
        });
        versions.push(format!(
            "{package} {}",
            locked.collect::<Vec<_>>().join("/")
        ));
    }
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    versions.push(format!("{processors} processors"));
    versions.join(", ")
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "rustc unknown".into())
}
