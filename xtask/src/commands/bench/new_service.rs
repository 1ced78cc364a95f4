use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::median;
use crate::commands::{kit, say};
use crate::error::{Error, Result};

/// Times `cargo xtask new-service` as a whole process, cargo's own start included, in a workspace
/// with one service and in one with many.
pub(in crate::commands) fn run(services: usize, runs: usize) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("carveout-bench-{}", std::process::id()));
    let result = [1, services].into_iter().try_for_each(|count| {
        let root = folder.join(count.to_string());
        prepare(&root, count)?;
        let times = (0..runs).map(|_| time(&root)).collect::<Result<Vec<_>>>()?;
        let (middle, least, most) = median(times);
        say(&format!("new-service in a workspace of {count:4} services: median {middle:5.0} ms (from {least:.0} to {most:.0}, {runs} runs)"));
        Ok(())
    });
    let removed = fs::remove_dir_all(&folder).map_err(|error| Error::io("remove", &folder, error));
    result.and(removed)
}

/// A copy of this repository without its build products, with so many services stamped into it.
fn prepare(root: &Path, services: usize) -> Result<()> {
    fs::create_dir_all(root).map_err(|error| Error::io("write", root, error))?;
    let tracked = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(kit())
        .output();
    let tracked = tracked
        .map_err(|error| Error::failed(format!("cannot run git: {error}")))?
        .stdout;
    for file in String::from_utf8_lossy(&tracked)
        .split('\0')
        .filter(|file| !file.is_empty())
    {
        let (from, to) = (kit().join(file), root.join(file));
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(|error| Error::io("write", parent, error))?;
        }
        fs::copy(&from, &to).map_err(|error| Error::io("copy", &from, error))?;
    }
    for number in 1..services {
        stamp(root, &format!("bench-{number}"))?;
    }
    Ok(())
}

fn time(root: &Path) -> Result<f64> {
    let begun = Instant::now();
    // What a person types, so that cargo's own share is in the figure. The program itself is this
    // checkout's, built already.
    let manifest = kit().join("xtask/Cargo.toml");
    let status = Command::new("cargo")
        .args(["run", "-q", "--manifest-path"])
        .arg(manifest)
        .args(["--", "new-service", "orders", "--no-input"])
        .current_dir(root)
        .stdout(Stdio::null())
        .status();
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    if !status.is_ok_and(|status| status.success()) {
        return Err(Error::failed(
            "new-service failed in the benchmark's workspace",
        ));
    }
    xtask(root, &["remove-service", "orders"])?;
    Ok(took)
}

fn stamp(root: &Path, name: &str) -> Result<()> {
    xtask(root, &["new-service", name, "--no-input"])
}

fn xtask(root: &Path, args: &[&str]) -> Result<()> {
    let program: PathBuf =
        std::env::current_exe().map_err(|error| Error::failed(error.to_string()))?;
    let status = Command::new(program)
        .args(args)
        .current_dir(root)
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Error::failed(format!(
            "{} failed in the benchmark's workspace",
            args.join(" ")
        ))),
    }
}
