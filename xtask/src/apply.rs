//! Carries out a plan so that it happens as a whole or not at all, also when the process is killed
//! in between.
//!
//! Everything is written to a folder outside of the workspace's members first. Then a journal says
//! what is about to be moved; then the moves happen, each a rename on the same file system; then
//! the journal goes. Whoever runs next and finds a journal undoes what it names. In between cargo
//! sees a workspace that builds: a service that is complete or not there, and a lock file that it
//! can bring up to date by itself.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::plan::{Edit, Plan};

const FOLDER: &str = ".carveout";
const LOCK: &str = "Cargo.lock";
const JOURNAL: &str = "journal.json";
const STAGE: &str = "stage";
/// What the files that are about to change hold now.
const BEFORE: &str = "before";
/// Where folders that go are kept until the end.
const GONE: &str = "gone";

/// How many files are waited for at a time.
const AT_ONCE: usize = 8;

/// Names a step at which the process ends as if it were killed: how the tests look at every state
/// in between.
const KILL_AT: &str = "CARVEOUT_XTASK_KILL_AT";

/// The right to change a workspace; one process at a time has it.
pub(crate) struct Change<'a> {
    root: &'a Path,
    _lock: File,
}

/// What is being moved, so that it can be undone. A file is there with a hash of what it is given,
/// so that an undo takes back what this program wrote and never what somebody has written since.
#[derive(Serialize, Deserialize)]
struct Journal {
    create: BTreeMap<String, BTreeMap<String, u64>>,
    remove: Vec<String>,
    edit: BTreeMap<String, u64>,
    /// There was no lock file: one that is there later is cargo's, made for what is undone.
    #[serde(default)]
    no_lock: bool,
}

impl Journal {
    fn of(root: &Path, plan: &Plan) -> Self {
        let files = |files: &BTreeMap<String, Vec<u8>>| {
            let hashed = files.iter().map(|(file, text)| (file.clone(), hash(text)));
            hashed.collect()
        };
        let edit = |edit: &Edit| (edit.path.clone(), hash(edit.after.as_bytes()));
        Self {
            create: plan
                .create
                .iter()
                .map(|(folder, inner)| (folder.clone(), files(inner)))
                .collect(),
            remove: plan.remove.clone(),
            edit: plan.edit.iter().map(edit).collect(),
            no_lock: !root.join(LOCK).exists(),
        }
    }
}

/// What was done, so that a verification that fails can take it back.
pub(crate) struct Applied<'a> {
    change: Change<'a>,
    journal: Journal,
}

impl<'a> Change<'a> {
    /// Waits for its turn, and undoes what a process that was killed left behind.
    ///
    /// The lock is on the root folder itself: it needs no file, and no file that comes and goes can
    /// be locked twice.
    pub(crate) fn begin(root: &'a Path) -> Result<Self> {
        let lock = File::open(root).map_err(|error| Error::io("open", root, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                eprintln!("waiting for another xtask that is changing this workspace");
                lock.lock()
                    .map_err(|error| Error::io("lock", root, error))?;
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", root, error)),
        }
        let change = Self { root, _lock: lock };
        change.recover()?;
        Ok(change)
    }

    /// Undoes what a process that was killed left behind, if there is anything, so that what is
    /// planned next is planned for a whole workspace.
    pub(crate) fn recover_interrupted(root: &Path) -> Result<()> {
        if root.join(FOLDER).join(JOURNAL).exists() {
            Change::begin(root)?;
        }
        Ok(())
    }

    /// Writes, journals and moves. After an error, nothing has changed.
    pub(crate) fn apply(self, plan: &Plan) -> Result<Applied<'a>> {
        let journal = Journal::of(self.root, plan);
        let staged = self.stage(plan).and_then(|()| self.write_journal(&journal));
        if let Err(error) = staged {
            // Nothing was moved, and what is staged may be half written: nothing to go back to.
            let _ = self.clean();
            return Err(error);
        }
        match self.move_in(plan) {
            Ok(()) => Ok(Applied {
                change: self,
                journal,
            }),
            Err(error) => {
                // The first error is the one to tell; what cannot be undone now is undone by the
                // next run.
                if self.undo(&journal).is_ok() {
                    let _ = self.clean();
                }
                Err(error)
            }
        }
    }

    fn stage(&self, plan: &Plan) -> Result<()> {
        // Nothing in there is for git.
        let mut staged = vec![create(&self.inner(".gitignore"), b"*\n")?];
        for (folder, files) in &plan.create {
            for (file, content) in files {
                staged.push(create(&self.inner(STAGE).join(folder).join(file), content)?);
            }
        }
        for edit in &plan.edit {
            for (place, text) in [(STAGE, &edit.after), (BEFORE, &edit.before)] {
                let path = self.inner(place).join(&edit.path);
                staged.push(create(&path, text.as_bytes())?);
                // A new file takes the old one's place: whoever may write to that may to this.
                if let Ok(old) = fs::metadata(self.root.join(&edit.path)) {
                    let _ = fs::set_permissions(&path, old.permissions());
                }
            }
        }
        sync(&staged)?;
        kill_at("staged");
        Ok(())
    }

    fn write_journal(&self, journal: &Journal) -> Result<()> {
        let path = self.inner("journal.new");
        let text = serde_json::to_string(journal).unwrap_or_default();
        sync(&[create(&path, text.as_bytes())?])?;
        rename(&path, &self.inner(JOURNAL))?;
        kill_at("journaled");
        Ok(())
    }

    fn move_in(&self, plan: &Plan) -> Result<()> {
        // What is new is complete before cargo is told of it, and cargo has forgotten what goes
        // before it is gone.
        for folder in plan.create.keys() {
            let to = self.root.join(folder);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(|error| Error::io("write to", parent, error))?;
            }
            rename(&self.inner(STAGE).join(folder), &to)?;
            kill_at(&format!("created {folder}"));
        }
        for edit in &plan.edit {
            rename(&self.inner(STAGE).join(&edit.path), &self.real(&edit.path))?;
            kill_at(&format!("edited {}", edit.path));
        }
        for folder in &plan.remove {
            let to = self.inner(GONE).join(folder);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(|error| Error::io("write to", parent, error))?;
            }
            rename(&self.root.join(folder), &to)?;
            kill_at(&format!("removed {folder}"));
        }
        Ok(())
    }

    /// Takes back what the journal names, as far as it was done; all of it stays if somebody has
    /// worked on some of it since.
    fn undo(&self, journal: &Journal) -> Result<()> {
        // Still staged means that it was never moved, and whatever is in its place is not ours.
        let moved = |folder: &str| {
            let (staged, place) = (self.inner(STAGE).join(folder), self.root.join(folder));
            (!staged.exists() && place.exists()).then_some(place)
        };
        let worked_on = |(folder, files): &(&String, &BTreeMap<String, u64>)| {
            moved(folder).is_some_and(|place| !holds(&place, files))
        };
        if let Some((folder, _)) = journal.create.iter().find(worked_on) {
            eprintln!("it stays as it is: {folder} was worked on since");
            return Ok(());
        }
        for (path, after) in &journal.edit {
            let (before, now) = (self.inner(BEFORE).join(path), self.root.join(path));
            let ours = fs::read(&now).is_ok_and(|text| hash(&text) == *after);
            // Nobody edits the lock file by hand; what changed it is cargo.
            if before.exists() && (ours || path == LOCK) {
                rename(&before, &self.real(path))?;
                kill_at(&format!("unedited {path}"));
            }
        }
        let lock = self.root.join(LOCK);
        if journal.no_lock && lock.exists() {
            fs::remove_file(&lock).map_err(|error| Error::io("remove", &lock, error))?;
        }
        for folder in &journal.remove {
            let (kept, place) = (self.inner(GONE).join(folder), self.root.join(folder));
            if kept.exists() && !place.exists() {
                if let Some(parent) = place.parent() {
                    fs::create_dir_all(parent)
                        .map_err(|error| Error::io("write to", parent, error))?;
                }
                rename(&kept, &place)?;
                kill_at(&format!("unremoved {folder}"));
            }
        }
        for folder in journal.create.keys() {
            if let Some(place) = moved(folder) {
                // Back to where it came from and not file by file: an undo that is killed is
                // undone too.
                let staged = self.inner(STAGE).join(folder);
                if let Some(parent) = staged.parent() {
                    fs::create_dir_all(parent)
                        .map_err(|error| Error::io("write to", parent, error))?;
                }
                rename(&place, &staged)?;
                kill_at(&format!("uncreated {folder}"));
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
                let created = journal.create.keys().cloned();
                let what: Vec<String> = created.chain(journal.remove.clone()).collect();
                let what = what.join(", ");
                eprintln!("undoing what an interrupted run left behind: {what}");
                self.undo(&journal)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("read", &path, error)),
        }
        self.clean()
    }

    /// Removes the journal first: what is left behind after it is rubbish that harms nobody.
    fn clean(&self) -> Result<()> {
        let gone = |removed: std::io::Result<()>, path: &Path| match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", path, error))
            }
            _ => Ok(()),
        };
        let (journal, folder) = (self.inner(JOURNAL), self.root.join(FOLDER));
        gone(fs::remove_file(&journal), &journal)?;
        gone(fs::remove_dir_all(&folder), &folder)
    }

    /// A link to a file stays a link: what it leads to is replaced.
    fn real(&self, file: &str) -> PathBuf {
        let path = self.root.join(file);
        path.canonicalize().unwrap_or(path)
    }

    fn inner(&self, name: &str) -> PathBuf {
        self.root.join(FOLDER).join(name)
    }
}

impl Applied<'_> {
    /// The change stays.
    pub(crate) fn commit(self) -> Result<()> {
        kill_at("applied");
        self.change.clean()?;
        for folder in &self.journal.remove {
            remove_empty_parents(self.change.root, folder);
        }
        Ok(())
    }

    /// The change is taken back.
    pub(crate) fn roll_back(self) -> Result<()> {
        self.change.undo(&self.journal)?;
        self.change.clean()
    }
}

/// A file that is written, though maybe not to the disk yet.
struct Written {
    path: PathBuf,
    file: File,
}

fn create(path: &Path, content: &[u8]) -> Result<Written> {
    let written = (|| -> std::io::Result<File> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create(path)?;
        file.write_all(content)?;
        Ok(file)
    })();
    let path = path.to_owned();
    match written {
        Ok(file) => Ok(Written { path, file }),
        Err(error) => Err(Error::io("write", &path, error)),
    }
}

/// Waits until all of it is on the disk: after a rename no file must come up empty. A file system
/// that is asked for many files at once writes its own journal fewer times.
fn sync(files: &[Written]) -> Result<()> {
    let each = |files: &[Written]| {
        files.iter().try_for_each(|Written { path, file }| {
            file.sync_data()
                .map_err(|error| Error::io("write", path, error))
        })
    };
    thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(AT_ONCE).max(1));
        let waiting: Vec<_> = parts.map(|part| scope.spawn(move || each(part))).collect();
        waiting
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
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

/// Whether `folder` holds these files and nothing else.
fn holds(folder: &Path, files: &BTreeMap<String, u64>) -> bool {
    let same = |(file, expected): (&String, &u64)| {
        fs::read(folder.join(file)).is_ok_and(|text| hash(&text) == *expected)
    };
    count_files(folder) == files.len() && files.iter().all(same)
}

fn count_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => count_files(&entry.path()),
        _ => 1,
    };
    entries.map(count).sum()
}

/// FNV-1a: the same in every version of this program, which a journal may outlive.
fn hash(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn kill_at(step: &str) {
    if std::env::var_os(KILL_AT).is_some_and(|at| at == step) {
        std::process::abort();
    }
}
