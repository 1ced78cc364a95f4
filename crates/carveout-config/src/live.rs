//! A section's current value, which a reload swaps.

use std::sync::Arc;

use tokio::sync::watch;

/// A section's current value. Cheap to read and to clone; a reload swaps the value behind every
/// clone at once.
///
/// Hold on to the [`Arc`] for as long as one piece of work should see one value, and no longer.
#[derive(Clone, Debug)]
pub struct Live<T> {
    current: watch::Receiver<Arc<T>>,
}

impl<T> Live<T> {
    /// A value that never changes: for tests, and for a service that reads no configuration.
    pub fn fixed(value: T) -> Self {
        Self::channel(value).1
    }

    pub(crate) fn channel(value: T) -> (watch::Sender<Arc<T>>, Self) {
        let (sender, current) = watch::channel(Arc::new(value));
        (sender, Self { current })
    }

    /// Counts the value as seen, because it is the first that its holder gets.
    pub(crate) fn mark_seen(&mut self) {
        self.current.mark_unchanged();
    }

    /// The value as of now.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.current.borrow())
    }

    /// Waits until a reload has changed the section since this handle last saw it (by being created
    /// or cloned from one that had seen it, or by an earlier `changed`), and returns the new value.
    /// It never returns for a value that can change no more. Dropping the future loses no change.
    pub async fn changed(&mut self) -> Arc<T> {
        match self.current.changed().await {
            Ok(()) => Arc::clone(&self.current.borrow_and_update()),
            Err(_) => std::future::pending().await,
        }
    }
}
