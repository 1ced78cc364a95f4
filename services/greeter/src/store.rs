//! Keeps items in memory, until there is a database.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::broadcast;

use crate::domain::{Error, Item, Store};

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

impl Store for MemoryStore {
    fn insert(&self, request_id: &str, title: &str, limit: usize) -> Result<Item, Error> {
        let mut kept = self.lock();
        if let Some(id) = kept.by_request.get(request_id) {
            let item = kept.items[*id as usize - 1].clone();
            return match item.title == title {
                true => Ok(item),
                false => Err(Error::RequestIdReused(request_id.to_owned())),
            };
        }
        if kept.items.len() >= limit {
            return Err(Error::Full(limit));
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
        Ok(item)
    }

    fn get(&self, id: u64) -> Option<Item> {
        let index = usize::try_from(id.checked_sub(1)?).ok()?;
        self.lock().items.get(index).cloned()
    }

    fn list(&self, after: u64, limit: usize) -> Vec<Item> {
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let kept = self.lock();
        kept.items.iter().skip(after).take(limit).cloned().collect()
    }

    fn watch(&self) -> broadcast::Receiver<Item> {
        self.created.subscribe()
    }
}
