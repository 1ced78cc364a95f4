use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A look at a page takes one, and the rest is for who comes meanwhile.
const MOST: usize = 4;

/// File descriptors that are let go when the process has no other left: an admin port that cannot
/// accept is silent just when it is needed.
///
/// `carveout-grpc` keeps its callers from taking the last ones. This is for everything else that
/// can: files that the service opens and never closes, or a limit that somebody lowered.
#[derive(Clone)]
pub(super) struct Spare(Arc<Mutex<Vec<File>>>);

impl Spare {
    pub(super) fn new() -> Self {
        let spare = Self(Arc::default());
        spare.refill();
        spare
    }

    /// Makes room for one; `false` when all are let go already.
    pub(super) fn let_go(&self) -> bool {
        self.lock().pop().is_some()
    }

    /// Takes back what there is again.
    pub(super) fn refill(&self) {
        let mut kept = self.lock();
        while kept.len() < MOST
            && let Ok(file) = File::open("/dev/null")
        {
            kept.push(file);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<File>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes back what a connection had, as soon as it has ended.
pub(super) struct Refill(pub(super) Spare);

impl Drop for Refill {
    fn drop(&mut self) {
        self.0.refill();
    }
}
