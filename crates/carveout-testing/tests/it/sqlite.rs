//! A database behind the stamped service's store.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use carveout::Blocking;
use carveout_testing::TestService;
use greeter::domain::{Inserted, Item, Items, Store, StoreError};
use greeter_api as api;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::broadcast;
use tonic::Code;

/// rusqlite blocks its thread, so that it runs where that is allowed.
struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    blocking: Blocking,
    created: broadcast::Sender<Item>,
}

impl SqliteStore {
    fn open(path: &Path, blocking: Blocking) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS items (
                id INTEGER PRIMARY KEY, request_id TEXT UNIQUE NOT NULL,
                title TEXT NOT NULL, created INTEGER NOT NULL)",
        )?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            blocking,
            created: broadcast::Sender::new(256),
        })
    }

    async fn with<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = self.connection.clone();
        let asked = self
            .blocking
            .run(move || ask(&mut connection.lock().unwrap_or_else(PoisonError::into_inner)));
        asked.await.map_err(StoreError::new)
    }
}

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let created = Duration::from_secs(row.get::<_, u32>("created")?.into());
    Ok(Item {
        id: row.get::<_, u32>("id")?.into(),
        title: row.get("title")?,
        created: SystemTime::UNIX_EPOCH + created,
    })
}

fn number(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

#[tonic::async_trait]
impl Store for SqliteStore {
    async fn insert(
        &self,
        request_id: &str,
        title: &str,
        limit: usize,
    ) -> Result<Inserted, StoreError> {
        let (request_id, title) = (request_id.to_owned(), title.to_owned());
        let created = self.created.clone();
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            let before = transaction
                .query_row("SELECT * FROM items WHERE request_id = ?", [&request_id], item)
                .optional()?;
            if let Some(before) = before {
                return Ok(Inserted::Before(before));
            }
            let count: u32 =
                transaction.query_row("SELECT count(*) FROM items", [], |row| row.get(0))?;
            if count as usize >= limit {
                return Ok(Inserted::Full);
            }
            let new = transaction.query_row(
                "INSERT INTO items (request_id, title, created) VALUES (?, ?, unixepoch()) RETURNING *",
                params![request_id, title],
                item,
            )?;
            transaction.commit()?;
            let _ = created.send(new.clone());
            Ok(Inserted::New(new))
        })
        .await
    }

    async fn get(&self, id: u64) -> Result<Option<Item>, StoreError> {
        let id = number(id);
        self.with(move |connection| {
            connection
                .query_row("SELECT * FROM items WHERE id = ?", [id], item)
                .optional()
        })
        .await
    }

    async fn list(&self, after: u64, limit: usize) -> Result<Vec<Item>, StoreError> {
        let (after, limit) = (number(after), number(limit));
        self.with(move |connection| {
            let mut query =
                connection.prepare("SELECT * FROM items WHERE id > ? ORDER BY id LIMIT ?")?;
            let rows = query.query_map([after, limit], item)?;
            rows.collect()
        })
        .await
    }

    fn watch(&self) -> broadcast::Receiver<Item> {
        self.created.subscribe()
    }
}

async fn service(path: &Path) -> (TestService, api::Client<carveout::Channel>) {
    let service = TestService::start_with(
        greeter::ABOUT,
        &["service.max_items=2"],
        async |boot: carveout::Boot, config| {
            let store = SqliteStore::open(path, boot.blocking().clone())?;
            Ok(greeter::routes(Items::new(Arc::new(store), config)))
        },
    )
    .await;
    let client = api::Client::new(service.channel());
    (service, client)
}

fn create(request_id: &str, title: &str) -> api::CreateItemRequest {
    let (request_id, title) = (request_id.into(), title.into());
    api::CreateItemRequest { request_id, title }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_in_sqlite_survive_a_restart_and_its_errors_stay_inside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("items.db");
    let (first, mut client) = service(&path).await;
    let item = client
        .create_item(create("r1", "one"))
        .await
        .unwrap()
        .into_inner()
        .item;
    first.stop().await;

    let (second, mut client) = service(&path).await;
    let again = client
        .create_item(create("r1", "one"))
        .await
        .unwrap()
        .into_inner()
        .item;
    assert_eq!(again, item);
    let other = client.create_item(create("r1", "other")).await.unwrap_err();
    assert_eq!(other.code(), Code::AlreadyExists);
    client.create_item(create("r2", "two")).await.unwrap();
    let full = client.create_item(create("r3", "three")).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted);
    let page = client
        .list_items(api::ListItemsRequest::default())
        .await
        .unwrap();
    assert_eq!(page.into_inner().items.len(), 2);
    let watch = client.watch_items(api::WatchItemsRequest {}).await.unwrap();
    assert!(watch.into_inner().message().await.unwrap().is_some());

    // Somebody else's migration.
    Connection::open(&path)
        .unwrap()
        .execute_batch("DROP TABLE items")
        .unwrap();
    let id = item.unwrap().id;
    let broken = client
        .get_item(api::GetItemRequest { id })
        .await
        .unwrap_err();
    assert_eq!(broken.code(), Code::Unavailable);
    assert!(!format!("{broken:?}").contains("table"), "{broken:?}");
    second.stop().await;
}
