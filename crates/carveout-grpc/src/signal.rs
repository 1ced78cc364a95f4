use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// A value that comes at some time, and that any number of tasks may wait for. A clone is the same
/// signal.
///
/// A tenth of the size of tokio's `watch`: each connection has two.
#[derive(Debug)]
pub(crate) struct Signal<T>(Arc<State<T>>);

#[derive(Debug)]
struct State<T> {
    value: Mutex<Option<T>>,
    changed: Notify,
}

impl<T> Default for Signal<T> {
    fn default() -> Self {
        Self(Arc::new(State {
            value: Mutex::new(None),
            changed: Notify::new(),
        }))
    }
}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Copy> Signal<T> {
    /// Of several values the last counts.
    pub(crate) fn raise(&self, value: T) {
        let mut current = self.0.value.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(value);
        drop(current);
        self.0.changed.notify_waiters();
    }

    /// Waits until there is a value of which `holds` is true.
    pub(crate) async fn wait_for(&self, holds: impl Fn(T) -> bool) {
        loop {
            // Before the look, so that no value comes in between.
            let changed = self.0.changed.notified();
            let value = *self.0.value.lock().unwrap_or_else(PoisonError::into_inner);
            if value.is_some_and(&holds) {
                return;
            }
            changed.await;
        }
    }
}
