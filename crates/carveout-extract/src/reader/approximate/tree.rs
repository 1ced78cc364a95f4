//! Which files are modules of what: from each target's root along `mod name;`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::facts::{Facts, Outside};
use super::parse::parse;
use crate::error::{Error, Result};
use crate::indexer::Workspace;

/// Every file that a target of the workspace leads to.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) files: Vec<Source>,
    /// From file, scope and name to the file that is that module.
    pub(super) links: Vec<(usize, usize, String, usize)>,
    /// The root file of each target: package, whether it is the library, its name in paths.
    pub(super) roots: Vec<Root>,
    pub(super) gaps: Vec<String>,
}

/// A target's.
pub(super) struct Root {
    pub(super) package: usize,
    pub(super) library: Option<String>,
    pub(super) file: usize,
}

/// A file.
pub(super) struct Source {
    /// From the workspace on.
    pub(super) path: String,
    pub(super) package: usize,
    /// The modules around it and itself.
    pub(super) modules: Vec<String>,
    pub(super) facts: Facts,
}

/// A file that is to be read.
struct Job {
    path: PathBuf,
    package: usize,
    modules: Vec<String>,
    /// Where its `mod name;` are: beside it for a root, a `mod.rs` and what `#[path]` names.
    folder: PathBuf,
}

impl Tree {
    pub(super) fn load(workspace: &Workspace) -> Result<Self> {
        let mut tree = Self::default();
        let mut known: HashMap<PathBuf, usize> = HashMap::new();
        let mut jobs = Vec::new();
        for (package, member) in workspace.members.iter().enumerate() {
            let mut targets: Vec<_> = member.targets.iter().collect();
            // What a library and a binary share is the library's.
            targets.sort_by_key(|target| !is_library(target));
            for target in targets {
                let path = target.src_path.as_std_path().to_owned();
                let folder = path.parent().unwrap_or(&path).to_owned();
                let job = Job {
                    path,
                    package,
                    modules: Vec::new(),
                    folder,
                };
                if let Some(file) = schedule(job, workspace, &mut known, &mut jobs, &mut tree.gaps)
                {
                    tree.roots.push(Root {
                        package,
                        library: is_library(target).then(|| target.name.replace('-', "_")),
                        file,
                    });
                }
            }
        }
        while !jobs.is_empty() {
            let read = read_all(&jobs)?;
            let mut next = Vec::new();
            for (job, facts) in std::mem::take(&mut jobs).into_iter().zip(read) {
                tree.add(&job, facts, workspace, &mut known, &mut next);
            }
            jobs = next;
        }
        Ok(tree)
    }

    fn add(
        &mut self,
        job: &Job,
        facts: Facts,
        workspace: &Workspace,
        known: &mut HashMap<PathBuf, usize>,
        next: &mut Vec<Job>,
    ) {
        let file = self.files.len();
        let path = job.path.strip_prefix(&workspace.root).unwrap_or(&job.path);
        let path = path.to_string_lossy().replace('\\', "/");
        if let Some(error) = &facts.error {
            self.gaps.push(format!("{path}: {error}"));
        }
        if facts.includes > 0 {
            self.gaps.push(format!(
                "{path}: what it includes with include! is not followed"
            ));
        }
        for (scope, around) in facts.scopes.iter().enumerate() {
            for outside in &around.outside {
                let (folder, names) = folder_of(job, &facts, scope);
                let Some((found, folder)) = find(job, folder, !names.is_empty(), outside) else {
                    if !outside.conditional {
                        self.gaps.push(format!(
                            "{path}: there is no file for `mod {}`",
                            outside.name
                        ));
                    }
                    continue;
                };
                let mut modules = job.modules.clone();
                modules.extend(names);
                modules.push(outside.name.clone());
                let job = Job {
                    path: found,
                    package: job.package,
                    modules,
                    folder,
                };
                if let Some(child) = schedule(job, workspace, known, next, &mut self.gaps) {
                    self.links.push((file, scope, outside.name.clone(), child));
                }
            }
        }
        self.files.push(Source {
            path,
            package: job.package,
            modules: job.modules.clone(),
            facts,
        });
    }
}

/// The number that the job's file has or will have; each file is read once, under the first path that
/// leads to it.
fn schedule(
    job: Job,
    workspace: &Workspace,
    known: &mut HashMap<PathBuf, usize>,
    jobs: &mut Vec<Job>,
    gaps: &mut Vec<String>,
) -> Option<usize> {
    let real = std::fs::canonicalize(&job.path).unwrap_or_else(|_| job.path.clone());
    if let Some(file) = known.get(&real) {
        return Some(*file);
    }
    if !job.path.starts_with(&workspace.root) {
        gaps.push(format!(
            "{} is outside of the workspace's folder",
            job.path.display()
        ));
        return None;
    }
    let file = known.len();
    known.insert(real, file);
    jobs.push(job);
    Some(file)
}

pub(super) fn is_library(target: &cargo_metadata::Target) -> bool {
    use cargo_metadata::TargetKind::{CDyLib, DyLib, Lib, ProcMacro, RLib, StaticLib};
    let kinds = [Lib, RLib, DyLib, CDyLib, StaticLib, ProcMacro];
    target.kind.iter().any(|kind| kinds.contains(kind))
}

/// Where the files of modules in a scope are, and the names of the modules between braces around it.
fn folder_of(job: &Job, facts: &Facts, scope: usize) -> (PathBuf, Vec<String>) {
    let mut inline = Vec::new();
    let mut at = Some(scope);
    while let Some(scope) = at.filter(|scope| *scope > 0) {
        inline.extend(facts.scopes[scope].module.as_ref());
        at = facts.scopes[scope].parent;
    }
    let mut folder = job.folder.clone();
    for module in inline.iter().rev() {
        folder.push(
            module
                .path
                .as_deref()
                .unwrap_or_else(|| plain(&module.name)),
        );
    }
    let names = inline.iter().rev().map(|module| module.name.clone());
    (folder, names.collect())
}

/// The file of `mod name;`, and where the modules of that are.
fn find(job: &Job, folder: PathBuf, inline: bool, outside: &Outside) -> Option<(PathBuf, PathBuf)> {
    let name = plain(&outside.name);
    if let Some(written) = &outside.path {
        let from = if inline { &folder } else { job.path.parent()? };
        let path = tidy(&from.join(written));
        let beside = path.parent()?.to_owned();
        return path.is_file().then_some((path, beside));
    }
    let inner = folder.join(name);
    let beside = folder.join(format!("{name}.rs"));
    let within = inner.join("mod.rs");
    [beside, within]
        .into_iter()
        .find(|path| path.is_file())
        .map(|path| (path, inner))
}

/// Without `..`, so that a path that leaves a folder and comes back is one that is in the workspace.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                tidy.pop();
            }
            std::path::Component::CurDir => {}
            part => tidy.push(part),
        }
    }
    tidy
}

fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// Parses on two threads: there is no machine to build on that has fewer, and a hook before a commit
/// should leave the others alone.
fn read_all(jobs: &[Job]) -> Result<Vec<Facts>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { break };
            let text =
                std::fs::read(&job.path).map_err(|error| Error::io("read", &job.path, error))?;
            let facts = match String::from_utf8(text) {
                Ok(text) => parse(text),
                Err(_) => {
                    let mut facts = parse(String::new());
                    facts.error = Some("it is not UTF-8".to_owned());
                    facts
                }
            };
            done.push((at, facts));
        }
        Ok(done)
    };
    let mut read: Vec<(usize, Facts)> = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut own = work()?;
        match other.join() {
            Ok(theirs) => own.extend(theirs?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok::<_, Error>(own)
    })?;
    read.sort_by_key(|(job, _)| *job);
    Ok(read.into_iter().map(|(_, facts)| facts).collect())
}
