use std::path;
use std::process::Command;

use super::run_cargo;
use crate::cli::Overload;
use crate::error::{Error, Result};

/// Runs the comparison, which needs the kit's crates and its peers, and so is a bench of theirs.
pub(in crate::commands) fn run(args: &Overload) -> Result<()> {
    let bench = "bench --quiet --locked -p carveout-grpc --bench overload --";
    let mut cargo = Command::new("cargo");
    cargo.args(bench.split(' '));
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
    run_cargo(&mut cargo, "the benchmark failed")
}
