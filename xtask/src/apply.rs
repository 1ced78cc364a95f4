//! Carries out a plan so that it happens as a whole or not at all, also when the process is killed
//! in between.
//!
//! Everything is written to a folder outside of the workspace's members first. Then a journal says
//! what is about to be moved; then the moves happen, each a rename on the same file system; then
//! the journal goes. Whoever runs next and finds a journal undoes what it names, or keeps it if
//! every move was made. Until the last rename the workspace builds as before: a contract that
//! nobody compiles and a folder that is complete harm nobody.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::plan::Plan;

const FOLDER: &str = ".carveout";
const JOURNAL: &str = "journal.json";
const STAGE: &str = "stage";
/// What the files that are about to change hold now.
const BEFORE: &str = "before";
/// Where folders that go are kept until the end.
const GONE: &str = "gone";

/// Names a step at which the process ends as if it were killed: how the tests look at every state
/// in between.
const KILL_AT: &str = "CARVEOUT_XTASK_KILL_AT";

/// The right to change a workspace; one process at a time has it.
pub(crate) struct Change<'a> {
    root: &'a Path,
    _lock: File,
}

/// What is being moved, so that it can be undone.
#[derive(Serialize, Deserialize)]
struct Journal {
    create: Vec<String>,
    remove: Vec<String>,
    edit: Vec<String>,
}

/// What was done, so that a verification that fails can take it back.
pub(crate) struct Applied<'a> {
    change: Change<'a>,
    journal: Journal,
}

impl<'a> Change<'a> {
    /// Waits for its turn, and undoes what a process that was killed left behind.
    pub(crate) fn begin(root: &'a Path) -> Result<Self> {
        let folder = root.join(FOLDER);
        fs::create_dir_all(&folder).map_err(|error| Error::io("write to", root, error))?;
        let ignore = folder.join(".gitignore");
        fs::write(&ignore, "*\n").map_err(|error| Error::io("write", &ignore, error))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(|error| Error::io("write", &path, error))?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            eprintln!("waiting for another xtask that is changing this workspace");
            lock.lock()
                .map_err(|error| Error::io("lock", &path, error))?;
        }
        // The one that held the lock before may have removed the folder at its end.
        fs::create_dir_all(&folder).map_err(|error| Error::io("write to", root, error))?;
        let change = Self { root, _lock: lock };
        change.recover()?;
        Ok(change)
    }

    /// Writes, journals and moves. After an error, nothing has changed.
    pub(crate) fn apply(self, plan: &Plan) -> Result<Applied<'a>> {
        let journal = Journal {
            create: plan.create.keys().cloned().collect(),
            remove: plan.remove.clone(),
            edit: plan.edit.iter().map(|edit| edit.path.clone()).collect(),
        };
        let done = self
            .stage(plan)
            .and_then(|()| self.write_journal(&journal))
            .and_then(|()| self.move_in(plan));
        match done {
            Ok(()) => Ok(Applied {
                change: self,
                journal,
            }),
            Err(error) => {
                // The first error is the one to tell; what cannot be undone now is undone by the
                // next run.
                let _ = self.undo(&journal);
                let _ = self.clean();
                Err(error)
            }
        }
    }

    fn stage(&self, plan: &Plan) -> Result<()> {
        for (folder, files) in &plan.create {
            for (file, content) in files {
                write(&self.inner(STAGE).join(folder).join(file), content)?;
            }
        }
        for edit in &plan.edit {
            write(&self.inner(STAGE).join(&edit.path), edit.after.as_bytes())?;
            write(&self.inner(BEFORE).join(&edit.path), edit.before.as_bytes())?;
        }
        kill_at("staged");
        Ok(())
    }

    fn write_journal(&self, journal: &Journal) -> Result<()> {
        let path = self.inner("journal.new");
        write(
            &path,
            serde_json::to_string(journal)
                .unwrap_or_default()
                .as_bytes(),
        )?;
        rename(&path, &self.inner(JOURNAL))?;
        kill_at("journaled");
        Ok(())
    }

    fn move_in(&self, plan: &Plan) -> Result<()> {
        // The contract and the service come first, what makes cargo see them last.
        for folder in plan.create.keys() {
            let to = self.root.join(folder);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(|error| Error::io("write to", parent, error))?;
            }
            rename(&self.inner(STAGE).join(folder), &to)?;
            kill_at(&format!("created {folder}"));
        }
        for folder in &plan.remove {
            let to = self.inner(GONE).join(folder);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(|error| Error::io("write to", parent, error))?;
            }
            rename(&self.root.join(folder), &to)?;
            kill_at(&format!("removed {folder}"));
        }
        for edit in &plan.edit {
            rename(
                &self.inner(STAGE).join(&edit.path),
                &self.root.join(&edit.path),
            )?;
            kill_at(&format!("edited {}", edit.path));
        }
        Ok(())
    }

    /// Takes back what the journal names, as far as it was done.
    fn undo(&self, journal: &Journal) -> Result<()> {
        for path in &journal.edit {
            let before = self.inner(BEFORE).join(path);
            if before.exists() {
                rename(&before, &self.root.join(path))?;
            }
        }
        for folder in &journal.remove {
            let kept = self.inner(GONE).join(folder);
            if kept.exists() {
                rename(&kept, &self.root.join(folder))?;
            }
        }
        for folder in &journal.create {
            // Still staged means that it was never moved, and whatever is in its place is not ours.
            let (staged, moved) = (self.inner(STAGE).join(folder), self.root.join(folder));
            if !staged.exists() && moved.exists() {
                fs::remove_dir_all(&moved).map_err(|error| Error::io("remove", &moved, error))?;
            }
            remove_empty_parents(self.root, folder);
        }
        Ok(())
    }

    fn recover(&self) -> Result<()> {
        let path = self.inner(JOURNAL);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let journal: Journal =
                    serde_json::from_str(&text).map_err(|error| Error::io("read", &path, error))?;
                let what = [journal.create.clone(), journal.remove.clone()]
                    .concat()
                    .join(", ");
                if self.is_done(&journal) {
                    eprintln!("an interrupted run was done but for its tidying up: {what}");
                } else {
                    eprintln!("undoing what an interrupted run left behind: {what}");
                    self.undo(&journal)?;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("read", &path, error)),
        }
        self.clean()
    }

    /// Whether every move of the journal was made.
    fn is_done(&self, journal: &Journal) -> bool {
        let staged = |path: &String| self.inner(STAGE).join(path).exists();
        let kept = |path: &String| self.inner(GONE).join(path).exists();
        !journal.create.iter().chain(&journal.edit).any(staged) && journal.remove.iter().all(kept)
    }

    /// Removes the journal first: what is left behind after it is rubbish that harms nobody.
    fn clean(&self) -> Result<()> {
        for name in [JOURNAL, "journal.new", STAGE, BEFORE, GONE] {
            let path = self.inner(name);
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("remove", &path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn inner(&self, name: &str) -> PathBuf {
        self.root.join(FOLDER).join(name)
    }
}

impl Applied<'_> {
    /// The change stays.
    pub(crate) fn commit(self) -> Result<()> {
        kill_at("applied");
        self.change.clean()
    }

    /// The change is taken back.
    pub(crate) fn roll_back(self) -> Result<()> {
        self.change.undo(&self.journal)?;
        self.change.clean()
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        // Whoever waits for the lock makes the folder again. A journal that is still there keeps
        // it.
        let folder = self.root.join(FOLDER);
        if !folder.join(JOURNAL).exists() {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Writes a file through to the disk: after a rename it must not come up empty.
fn write(path: &Path, content: &[u8]) -> Result<()> {
    let written = (|| {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create(path)?;
        file.write_all(content)?;
        file.sync_data()
    })();
    written.map_err(|error| Error::io("write", path, error))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)
        .map_err(|error| Error::io("move", from, format!("to {}: {error}", to.display())))
}

/// Folders that were made for a new one, `proto/acme` say, and are empty again.
fn remove_empty_parents(root: &Path, folder: &str) {
    for parent in Path::new(folder)
        .ancestors()
        .skip(1)
        .take_while(|parent| !parent.as_os_str().is_empty())
    {
        // It fails for one that is not empty, and then those above are not empty either.
        if fs::remove_dir(root.join(parent)).is_err() {
            return;
        }
    }
}

fn kill_at(step: &str) {
    if std::env::var_os(KILL_AT).is_some_and(|at| at == step) {
        std::process::abort();
    }
}
