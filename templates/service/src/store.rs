//! Keeps items in memory, until there is a database.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::broadcast;

use crate::domain::{Inserted, Item, Store, StoreError};

/// A watcher that is this many items behind is told so and has to begin again.
const WATCH_BUFFER: usize = 256;

pub(crate) struct MemoryStore {
    kept: Mutex<Kept>,
    created: broadcast::Sender<Item>,
}

#[derive(Default)]
struct Kept {
    /// The item with id N is at N - 1.
    items: Vec<Item>,
    by_request: HashMap<String, u64>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            created: broadcast::Sender::new(WATCH_BUFFER),
        }
    }
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl Store for MemoryStore {
    async fn insert(
        &self,
        request_id: &str,
        title: &str,
        limit: usize,
    ) -> Result<Inserted, StoreError> {
        let mut kept = self.lock();
        if let Some(id) = kept.by_request.get(request_id) {
            return Ok(Inserted::Before(kept.items[*id as usize - 1].clone()));
        }
        if kept.items.len() >= limit {
            return Ok(Inserted::Full);
        }
        let item = Item {
            id: kept.items.len() as u64 + 1,
            title: title.to_owned(),
            created: SystemTime::now(),
        };
        kept.by_request.insert(request_id.to_owned(), item.id);
        kept.items.push(item.clone());
        // Nobody may be watching; sent under the lock, so that watchers see the order of creation.
        let _ = self.created.send(item.clone());
        Ok(Inserted::New(item))
    }

    async fn get(&self, id: u64) -> Result<Option<Item>, StoreError> {
        let index = id.checked_sub(1).and_then(|id| usize::try_from(id).ok());
        Ok(index.and_then(|index| self.lock().items.get(index).cloned()))
    }

    async fn list(&self, after: u64, limit: usize) -> Result<Vec<Item>, StoreError> {
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let kept = self.lock();
        Ok(kept.items.iter().skip(after).take(limit).cloned().collect())
    }

    fn watch(&self) -> broadcast::Receiver<Item> {
        self.created.subscribe()
    }
}
