//! A hash of the files that a section names. Their content shows in nothing else that the loader
//! could compare, and a file that was replaced must count as a change.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

thread_local! {
    /// There while the loader is reading a section on this thread.
    static HASHER: RefCell<Option<DefaultHasher>> = const { RefCell::new(None) };
}

/// Runs `read` and returns, beside its result, a number that differs when it has read other texts.
pub(crate) fn of<R>(read: impl FnOnce() -> R) -> (R, u64) {
    HASHER.set(Some(DefaultHasher::new()));
    let result = read();
    let hash = HASHER.take().map_or(0, |hasher| hasher.finish());
    (result, hash)
}

/// Adds a text that was read.
pub(crate) fn add(text: &str) {
    HASHER.with_borrow_mut(|hasher| {
        if let Some(hasher) = hasher {
            text.hash(hasher);
        }
    });
}
