//! What rust-analyzer says while it indexes. It ends with 0 whatever that was.

use std::collections::HashSet;

use super::Workspace;

/// Signs that the index cannot be whole, with what to do.
const FATAL: [(&str, &str); 6] = [
    (
        "`cargo metadata` failed",
        "make `cargo metadata --locked` pass: a dependency cannot be found or fetched",
    ),
    (
        "Failed to read Cargo metadata",
        "make `cargo metadata --locked` pass: a dependency cannot be found or fetched",
    ),
    (
        "Loading cargo metadata: failed",
        "make `cargo metadata --locked` pass: a dependency cannot be found or fetched",
    ),
    ("Failed to load", "make `cargo check` pass"),
    (
        "can't load standard library",
        "rustup component add rust-analyzer rust-src",
    ),
    (
        "Failed to run proc-macro server",
        "rustup component add rust-analyzer rust-src",
    ),
];

/// The line that says why the index is not whole, and what to do.
pub(super) fn fatal(lines: &[String]) -> Option<(&str, &'static str)> {
    lines.iter().find_map(|line| {
        let (_, help) = FATAL.iter().find(|(sign, _)| line.contains(sign))?;
        Some((line.as_str(), *help))
    })
}

/// What the log says is missing: build scripts and procedural macros of the workspace's own packages
/// that did not run. Their dependencies' may be for other systems, and are not expected to.
pub(super) fn gaps(lines: &[String], workspace: &Workspace) -> Vec<String> {
    let mut gaps = Vec::new();
    let said: HashSet<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("rust-analyzer: Loading "))
        .collect();
    for member in &workspace.members {
        let name = &member.name;
        let has = |kind: &cargo_metadata::TargetKind| {
            member
                .targets
                .iter()
                .any(|target| target.kind.contains(kind))
        };
        let ran = said.contains(format!("build script {name} run").as_str());
        if has(&cargo_metadata::TargetKind::CustomBuild) && !ran {
            gaps.push(format!(
                "the build script of {name} did not run to its end, so what it generates is not seen"
            ));
        }
        let built = said.contains(format!("proc-macro {name} built").as_str());
        if has(&cargo_metadata::TargetKind::ProcMacro) && !built {
            gaps.push(format!(
                "the procedural macros of {name} were not built, so what they generate is not seen"
            ));
        }
    }
    if lines
        .iter()
        .any(|line| line.contains("Failed to run build scripts"))
    {
        gaps.push("rust-analyzer says that it could not run all build scripts".to_owned());
    }
    gaps
}

/// Lines that whole indexes have too, by the thousand.
pub(super) fn is_noise(line: &str) -> bool {
    [
        "Encountered enclosing definition with no name",
        "should have been in an SCIP document but was not",
        "Duplicate symbol",
        "Loading cargo metadata: ?",
    ]
    .iter()
    .any(|noise| line.contains(noise))
}
