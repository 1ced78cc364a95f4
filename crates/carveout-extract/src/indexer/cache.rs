//! Where indexes are kept: in the workspace's target folder, which is never committed.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Workspace;
use super::signals::Signals;
use crate::error::{Error, Result};

/// As many as are of use to somebody who goes to and fro between two branches.
const KEPT: usize = 4;

/// The folder of a workspace's indexes.
pub(super) struct Cache {
    folder: PathBuf,
}

/// Held while an index is made: two at once would need twice the gigabytes for the same.
pub(super) struct Lock(#[expect(dead_code, reason = "closing it unlocks")] File);

impl Cache {
    pub(super) fn of(workspace: &Workspace) -> Self {
        Self {
            folder: workspace.target_directory.join("carveout/index"),
        }
    }

    pub(super) fn index(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.scip"))
    }

    /// What the index does not show, one a line.
    pub(super) fn gaps(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.gaps"))
    }

    pub(super) fn partial(&self, end: &str) -> PathBuf {
        self.folder.join(format!("partial.{end}"))
    }

    pub(super) fn create(&self) -> Result<()> {
        let help = "indexes are kept in cargo's target folder: make that writable, or set CARGO_TARGET_DIR";
        fs::create_dir_all(&self.folder)
            .map_err(|error| Error::io("create", &self.folder, error).help(help))
    }

    /// Waits until nobody else makes an index here, and removes what one that was killed left behind.
    pub(super) fn lock(&self, signals: &Signals) -> Result<Lock> {
        let path = self.folder.join("lock");
        let file = File::create(&path).map_err(|error| Error::io("write", &path, error))?;
        let mut said = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut said, true) {
                        eprintln!("waiting for another indexing of this workspace to end");
                    }
                    signals.check()?;
                    std::thread::park_timeout(Duration::from_millis(100));
                }
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path, error)),
            }
        }
        self.sweep()?;
        Ok(Lock(file))
    }

    /// Removes partial files.
    fn sweep(&self) -> Result<()> {
        for end in ["scip", "gaps", "json"] {
            remove(&self.partial(end))?;
        }
        Ok(())
    }

    /// Gives a checked index its name. The gaps go first: an index without them would look better than
    /// it is.
    pub(super) fn keep(&self, key: &str, gaps: &[String]) -> Result<PathBuf> {
        let partial = self.partial("gaps");
        fs::write(&partial, gaps.join("\n"))
            .map_err(|error| Error::io("write", &partial, error))?;
        rename(&partial, &self.gaps(key))?;
        let index = self.index(key);
        rename(&self.partial("scip"), &index)?;
        self.forget_old(&index);
        Ok(index)
    }

    /// Removes all but the newest. One that cannot be removed takes space and does no harm.
    fn forget_old(&self, newest: &Path) {
        let mut old: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "scip") && path != newest)
            .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
            .collect();
        old.sort();
        let keep = old.len().min(KEPT - 1);
        for (_, path) in &old[..old.len() - keep] {
            let _ = fs::remove_file(path);
            let _ = fs::remove_file(path.with_extension("gaps"));
        }
    }
}

/// Takes away what an indexing that failed had begun.
pub(super) struct Sweep<'a>(pub(super) &'a Cache);

impl Drop for Sweep<'_> {
    fn drop(&mut self) {
        // The error that led here is told; the next indexing tries again.
        let _ = self.0.sweep();
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|error| Error::io("write", to, error))
}
