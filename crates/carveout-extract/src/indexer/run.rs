use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::cache::{Cache, Sweep};
use super::precheck::precheck;
use super::program::Program;
use super::progress::Progress;
use super::signals::Signals;
use super::supervise::{Ended, Limit, supervise};
use super::{Features, Workspace, key, log};
use crate::error::{Error, Kind, Result};
use crate::model::Model;
use crate::reader::read_scip;

/// How an index is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program, where it is not `rust-analyzer` of the path.
    pub rust_analyzer: Option<PathBuf>,
    /// How long it may take, dependencies and all.
    pub timeout: Duration,
    /// Which features are on.
    pub features: Features,
    /// Whether to make one although there is one.
    pub refresh: bool,
}

/// An index that was checked.
#[derive(Debug)]
pub struct Indexed {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub model: Model,
    /// Whether it was there already.
    pub cached: bool,
}

/// The index of `workspace`: the one that is cached for this state of the source, else a new one.
///
/// While it runs, a signal that ends programs ends it cleanly, as [`Kind::Interrupted`].
pub fn index(workspace: &Workspace, options: &Options) -> Result<Indexed> {
    let root = &workspace.root;
    let program = Program::find(options.rust_analyzer.as_deref(), root)?;
    let key = key::key(workspace, &program.version, &options.features)?;
    let cache = Cache::of(workspace);
    if let Some(found) = (!options.refresh)
        .then(|| cached(&cache, &key, root))
        .flatten()
    {
        return Ok(found);
    }
    cache.create()?;
    let signals = Signals::listen()?;
    let limit = Limit::from_now(options.timeout);
    let _lock = cache.lock(&signals)?;
    // Whoever had the lock may have made this very one.
    if let Some(found) = (!options.refresh)
        .then(|| cached(&cache, &key, root))
        .flatten()
    {
        return Ok(found);
    }
    let _sweep = Sweep(&cache);
    announce(&program, root);
    precheck(workspace, &options.features, limit, &signals)?;
    // Where there was no lock file, cargo has written one now.
    let key = key::key(workspace, &program.version, &options.features)?;
    let ended = analyze(&program, workspace, options, &cache, limit, &signals)?;
    let gaps = check_log(&ended, workspace, &options.features)?;
    // Asked first: an index of source that was edited since looks like one of somewhere else.
    if key::key(workspace, &program.version, &options.features)? != key {
        let message =
            "the source was edited while it was indexed, so the index is of neither state";
        return Err(Error::index(message).help("index it again"));
    }
    let partial = cache.partial("scip");
    let mut model = read_scip(&partial, root)?;
    model.gaps.extend(gaps.iter().cloned());
    signals.check()?;
    let path = cache.keep(&key, &gaps)?;
    Ok(Indexed {
        path,
        model,
        cached: false,
    })
}

/// `None` if there is none, or if it is not right: then a new one is made.
fn cached(cache: &Cache, key: &str, root: &Path) -> Option<Indexed> {
    let path = cache.index(key);
    let gaps = fs::read_to_string(cache.gaps(key)).ok()?;
    if !path.is_file() {
        return None;
    }
    match read_scip(&path, root) {
        Ok(mut model) => {
            model.gaps.extend(gaps.lines().map(str::to_owned));
            Some(Indexed {
                path,
                model,
                cached: true,
            })
        }
        Err(error) => {
            eprintln!("the cached index cannot be used: {}", error.message);
            None
        }
    }
}

fn announce(program: &Program, root: &Path) {
    eprintln!(
        "indexing {} with {}\nthis executes code: the build scripts and procedural macros of the workspace and of its dependencies",
        root.display(),
        program.version
    );
}

fn analyze(
    program: &Program,
    workspace: &Workspace,
    options: &Options,
    cache: &Cache,
    limit: Limit,
    signals: &Signals,
) -> Result<Ended> {
    let config = cache.partial("json");
    fs::write(&config, options.features.config().to_string())
        .map_err(|error| Error::io("write", &config, error))?;
    let mut command = Command::new(&program.path);
    command
        .arg("scip")
        .arg(&workspace.root)
        .arg("--output")
        .arg(cache.partial("scip"))
        .arg("--config-path")
        .arg(&config)
        .current_dir(&workspace.root);
    let mut progress = Progress::new("indexing");
    let ended = supervise(&mut command, limit, signals, &mut progress)?;
    if ended.status.success() {
        eprintln!("indexed in {}", progress.summary());
        return Ok(ended);
    }
    let message = format!(
        "{} failed ({}), its last lines:\n  {}",
        program.version,
        ended.status,
        ended.last_lines()
    );
    Err(Error::new(Kind::Index, message).help(
        "an old rust-analyzer, a full disk and a lack of memory do this; `rustup update` brings a newer one",
    ))
}

fn check_log(ended: &Ended, workspace: &Workspace, features: &Features) -> Result<Vec<String>> {
    if let Some((line, help)) = log::fatal(&ended.lines) {
        let message = format!(
            "rust-analyzer could not see the whole workspace, although it calls that a success: {}",
            line.trim()
        );
        return Err(Error::index(message).help(help));
    }
    let mut gaps = log::gaps(&ended.lines, workspace);
    let off = features.off(workspace);
    if !off.is_empty() {
        const FEW: usize = 8;
        let more = match off.len().saturating_sub(FEW) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        gaps.push(format!(
            "code behind features that are off is not seen: {}{more} (--features, --all-features)",
            off[..off.len().min(FEW)].join(", ")
        ));
    }
    Ok(gaps)
}
