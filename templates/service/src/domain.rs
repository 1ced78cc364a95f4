//! The business logic: plain Rust that knows nothing of gRPC. Replace it with yours.

use std::sync::Arc;
use std::time::SystemTime;

use carveout::Live;
use tokio::sync::broadcast;

use crate::Config;

const MAX_TITLE: usize = 200;
const MAX_REQUEST_ID: usize = 64;

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Given by the store, in the order of creation.
    pub id: u64,
    /// What a person reads.
    pub title: String,
    /// When it was created.
    pub created: SystemTime,
}

/// What can go wrong, in the words of the domain. `rpc.rs` says what each is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no item with this id.
    NotFound(String),
    /// A field of the request is not what it has to be.
    Invalid(&'static str, String),
    /// The request id was used before, for something else.
    RequestIdReused(String),
    /// No more items can be kept.
    Full(usize),
}

/// Where items are kept. The one in `store.rs` forgets them with the process; put a database behind
/// this.
pub trait Store: Send + Sync + 'static {
    /// Keeps a new item unless `request_id` was seen before: then answers what that request
    /// created.
    fn insert(&self, request_id: &str, title: &str, limit: usize) -> Result<Item, Error>;
    /// Reads one item.
    fn get(&self, id: u64) -> Option<Item>;
    /// Reads at most `limit` items with an id greater than `after`, oldest first.
    fn list(&self, after: u64, limit: usize) -> Vec<Item>;
    /// Follows the items that are created from now on.
    fn watch(&self) -> broadcast::Receiver<Item>;
}

/// What the service does.
#[derive(Clone)]
pub struct Items {
    store: Arc<dyn Store>,
    config: Live<Config>,
}

impl Items {
    /// The service on top of `store`.
    pub fn new(store: Arc<dyn Store>, config: Live<Config>) -> Self {
        Self { store, config }
    }

    /// Reads one item by the id that a caller knows.
    pub fn get(&self, id: &str) -> Result<Item, Error> {
        let found = id.parse().ok().and_then(|id| self.store.get(id));
        found.ok_or_else(|| Error::NotFound(id.to_owned()))
    }

    /// Creates an item, once for each `request_id`.
    pub fn create(&self, request_id: &str, title: &str) -> Result<Item, Error> {
        check_length("request_id", request_id, MAX_REQUEST_ID)?;
        check_length("title", title, MAX_TITLE)?;
        self.store
            .insert(request_id, title, self.config.get().max_items)
    }

    /// Lists one page; the second value is the token of the next one, empty on the last.
    pub fn list(&self, page_size: i32, page_token: &str) -> Result<(Vec<Item>, String), Error> {
        let most = self.config.get().max_page_size;
        let invalid = |field, problem: &str| Error::Invalid(field, problem.to_owned());
        let size = match usize::try_from(page_size) {
            Err(_) => return Err(invalid("page_size", "must not be negative")),
            Ok(0) => most,
            Ok(size) => size.min(most),
        };
        let after = match page_token {
            "" => Ok(0),
            token => token.parse(),
        };
        let after = after.map_err(|_| invalid("page_token", "was not given out here"))?;
        // One more than asked for tells whether there is a next page.
        let mut items = self.store.list(after, size + 1);
        let more = items.len() > size;
        items.truncate(size);
        let last = items.last().filter(|_| more);
        let next = last.map_or(String::new(), |item| item.id.to_string());
        Ok((items, next))
    }

    /// Every item there is, and a receiver of each new one. An item that is created meanwhile may
    /// be in both; ids tell.
    pub fn watch(&self) -> (Vec<Item>, broadcast::Receiver<Item>) {
        let created = self.store.watch();
        (self.store.list(0, usize::MAX), created)
    }
}

fn check_length(field: &'static str, value: &str, most: usize) -> Result<(), Error> {
    let length = value.chars().count();
    if (1..=most).contains(&length) {
        return Ok(());
    }
    let problem = format!("has {length} characters; 1 to {most} are allowed");
    Err(Error::Invalid(field, problem))
}
