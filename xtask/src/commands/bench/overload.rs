use std::path;
use std::process::Command;

use crate::cli::Overload;
use crate::commands::kit;
use crate::error::{Error, Result};

/// Runs the comparison, which needs the kit's crates and its peers, and so is a bench of theirs.
pub(in crate::commands) fn run(args: &Overload) -> Result<()> {
    let bench = "bench --quiet --locked -p carveout-grpc --bench overload --";
    let mut cargo = Command::new("cargo");
    cargo.args(bench.split(' ')).current_dir(kit());
    if args.short {
        cargo.arg("--short");
    }
    let named = [
        ("--scenario", &args.scenario),
        ("--load", &args.load),
        ("--contender", &args.contender),
    ];
    for (option, names) in named {
        for name in names {
            cargo.args([option, name]);
        }
    }
    if let Some(seeds) = args.seeds {
        cargo.args(["--seeds", &seeds.to_string()]);
    }
    if let Some(out) = &args.out {
        // The bench runs in another folder than the one that this is relative to.
        let out = path::absolute(out).map_err(|error| Error::io("find", out, error))?;
        cargo.arg("--out").arg(out);
    }
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Error::failed("the benchmark failed")),
        Err(error) => Err(Error::failed(format!("cannot run cargo: {error}"))),
    }
}
