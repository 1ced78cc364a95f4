//! What threads meet in: the gate's and the queue's numbers, the queue's lock, and how a call that
//! waits is told. `tests/loom` has a module of the same name in its place, and with it the sources
//! of this crate in every order in which threads can come.

pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize};
pub(crate) use std::sync::{Mutex, MutexGuard};

pub(crate) use tokio::sync::oneshot;

/// What each call changes is kept apart for so many threads, so that none waits for another's cache line.
pub(crate) const SHARDS: usize = 8;
