//! The business logic: plain Rust that knows nothing of gRPC. Replace it with yours.

use std::sync::Arc;
use std::time::SystemTime;

use carveout::{BoxError, Live};
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
#[derive(Debug)]
pub enum Error {
    /// There is no item with this id.
    NotFound(String),
    /// A field of the request is not what it has to be.
    Invalid(&'static str, String),
    /// The request id was used before, for something else.
    RequestIdReused(String),
    /// No more items can be kept.
    Full(usize),
    /// The store did not answer: nothing is known of what was asked.
    Unavailable(StoreError),
}

// Ports: what the domain needs of the world, in its own words. Each is a trait here, and an adapter in
// a file of its own. A service that this one calls is a port too: its adapter holds the client of its
// API crate.

/// Where items are kept. The one in `store.rs` forgets them with the process; put a database behind
/// this.
#[tonic::async_trait]
pub trait Store: Send + Sync + 'static {
    /// Keeps a new item, unless there are `limit` of them or `request_id` was seen before. All of it
    /// is one transaction.
    async fn insert(
        &self,
        request_id: &str,
        title: &str,
        limit: usize,
    ) -> Result<Inserted, StoreError>;
    /// Reads one item.
    async fn get(&self, id: u64) -> Result<Option<Item>, StoreError>;
    /// Reads at most `limit` items with an id greater than `after`, oldest first.
    async fn list(&self, after: u64, limit: usize) -> Result<Vec<Item>, StoreError>;
    /// Follows the items that are created from now on.
    fn watch(&self) -> broadcast::Receiver<Item>;
}

/// What became of an insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// There is a new item.
    New(Item),
    /// The request id was seen before: this is what that request created.
    Before(Item),
    /// There were as many as are allowed.
    Full,
}

/// The store did not answer. The driver's own error is the source: it is for the log, and no caller
/// sees it.
#[derive(Debug)]
pub struct StoreError(BoxError);

impl StoreError {
    /// Wraps whatever the driver fails with: `.map_err(StoreError::new)?`.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self(source.into())
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the store does not answer")
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.as_ref())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Error::Unavailable(error)
    }
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
    pub async fn get(&self, id: &str) -> Result<Item, Error> {
        let found = match id.parse() {
            Ok(id) => self.store.get(id).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| Error::NotFound(id.to_owned()))
    }

    /// Creates an item, once for each `request_id`.
    pub async fn create(&self, request_id: &str, title: &str) -> Result<Item, Error> {
        check_length("request_id", request_id, MAX_REQUEST_ID)?;
        check_length("title", title, MAX_TITLE)?;
        let limit = self.config.get().max_items;
        match self.store.insert(request_id, title, limit).await? {
            Inserted::New(item) => Ok(item),
            Inserted::Before(item) if item.title == title => Ok(item),
            Inserted::Before(_) => Err(Error::RequestIdReused(request_id.to_owned())),
            Inserted::Full => Err(Error::Full(limit)),
        }
    }

    /// Lists one page; the second value is the token of the next one, empty on the last.
    pub async fn list(
        &self,
        page_size: i32,
        page_token: &str,
    ) -> Result<(Vec<Item>, String), Error> {
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
        let mut items = self.store.list(after, size + 1).await?;
        let more = items.len() > size;
        items.truncate(size);
        let last = items.last().filter(|_| more);
        let next = last.map_or(String::new(), |item| item.id.to_string());
        Ok((items, next))
    }

    /// Every item there is, and a receiver of each new one. An item that is created meanwhile may
    /// be in both; ids tell.
    pub async fn watch(&self) -> Result<(Vec<Item>, broadcast::Receiver<Item>), Error> {
        let created = self.store.watch();
        Ok((self.store.list(0, usize::MAX).await?, created))
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
