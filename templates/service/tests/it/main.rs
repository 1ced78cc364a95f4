//! The promises of {{ project-name }}, held against a real server on a free port.

use std::sync::Arc;

use carveout_testing::{
    TestService, assert_config_is_valid, assert_facts_agree, assert_stop_loses_nothing,
};
use tokio::sync::broadcast;
use tonic::{Code, Status};

use {{ crate_name }}::domain::{Inserted, Item, Items, Store, StoreError};
use {{ crate_name }}::{ABOUT, Config, routes, start};
use {{ crate_name }}_api as api;

type Client = api::Client<carveout::Channel>;

async fn service() -> (TestService, Client) {
    let service = TestService::start_with(ABOUT, &["service.max_items=3"], start).await;
    let client = api::Client::new(service.channel());
    (service, client)
}

async fn create(client: &mut Client, request_id: &str, title: &str) -> Result<api::Item, Code> {
    let (request_id, title) = (request_id.into(), title.into());
    let request = api::CreateItemRequest { request_id, title };
    let answer = client.create_item(request).await;
    answer
        .map(|it| it.into_inner().item.unwrap())
        .map_err(|status| status.code())
}

async fn get(client: &mut Client, id: &str) -> Result<api::Item, Status> {
    let answer = client
        .get_item(api::GetItemRequest { id: id.into() })
        .await?;
    Ok(answer.into_inner().item.unwrap())
}

#[tokio::test]
async fn contract_writes_are_idempotent_and_reads_see_them() {
    let (service, mut client) = service().await;
    let item = create(&mut client, "r1", "one").await.unwrap();
    assert_eq!(create(&mut client, "r1", "one").await, Ok(item.clone()));
    assert_eq!(
        create(&mut client, "r1", "other").await,
        Err(Code::AlreadyExists)
    );
    assert_eq!(
        create(&mut client, "r2", "").await,
        Err(Code::InvalidArgument)
    );

    assert_eq!(get(&mut client, &item.id).await.unwrap(), item);
    let missing = get(&mut client, "404").await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    service.stop().await;
}

#[tokio::test]
async fn contract_lists_are_paged_and_watches_see_everything() {
    let (service, mut client) = service().await;
    for (id, title) in [("r1", "one"), ("r2", "two"), ("r3", "three")] {
        create(&mut client, id, title).await.unwrap();
    }
    assert_eq!(
        create(&mut client, "r4", "four").await,
        Err(Code::ResourceExhausted)
    );

    let mut request = api::ListItemsRequest {
        page_size: 2,
        page_token: String::new(),
    };
    let first = client
        .list_items(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (&*first.items[0].title, &*first.items[1].title),
        ("one", "two")
    );
    request.page_token = first.next_page_token;
    let last = client.list_items(request).await.unwrap().into_inner();
    assert_eq!((last.items.len(), &*last.items[0].title), (1, "three"));
    assert_eq!(last.next_page_token, "");

    let watch = client.watch_items(api::WatchItemsRequest {}).await;
    let first = watch
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.item.unwrap().title, "one");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_loses_no_call() {
    assert_stop_loses_nothing(ABOUT, start, |channel| async {
        let mut client = api::Client::new(channel);
        let (request_id, title) = ("r1".into(), "one".into());
        client
            .create_item(api::CreateItemRequest { request_id, title })
            .await?;
        let watch = client.watch_items(api::WatchItemsRequest {}).await?;
        watch.into_inner().message().await.map(drop)
    })
    .await;
}

/// A database that cannot be reached.
struct Down;

#[tonic::async_trait]
impl Store for Down {
    async fn insert(&self, _: &str, _: &str, _: usize) -> Result<Inserted, StoreError> {
        Err(StoreError::new("password refused for 10.0.0.7"))
    }
    async fn get(&self, _: u64) -> Result<Option<Item>, StoreError> {
        Err(StoreError::new("password refused for 10.0.0.7"))
    }
    async fn list(&self, _: u64, _: usize) -> Result<Vec<Item>, StoreError> {
        Err(StoreError::new("password refused for 10.0.0.7"))
    }
    fn watch(&self) -> broadcast::Receiver<Item> {
        broadcast::channel(1).1
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_unavailable_and_says_nothing_of_itself() {
    let service = TestService::start(ABOUT, async |_, config| {
        Ok(routes(Items::new(Arc::new(Down), config)))
    });
    let service = service.await;
    let mut client = api::Client::new(service.channel());
    let status = get(&mut client, "1").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(!format!("{status:?}").contains("10.0.0.7"), "{status:?}");
    service.stop().await;
}

#[test]
fn what_stands_in_two_places_is_the_same_in_both() {
    assert_facts_agree::<Config>(ABOUT, api::SERVICE_NAME);
}

#[test]
fn config_is_valid_in_every_profile() {
    assert_config_is_valid::<Config>(ABOUT);
}

#[tokio::test]
async fn health_is_serving_until_the_stop() {
    let (service, _) = service().await;
    assert!(service.serves(api::SERVICE_NAME).await);
    assert_eq!(service.admin_get("/readyz").await.status, 200);
    assert_eq!(service.stop().await.cut, 0);
}
