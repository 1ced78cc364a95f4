//! The promises of greeter, held against a real server on a free port.

use carveout_testing::{TestService, assert_config_is_valid};
use tonic::{Code, Status};

use greeter::{ABOUT, Config, start};
use greeter_api as api;

type Client = api::Client<carveout::Channel>;

async fn service() -> (TestService, Client) {
    let service = TestService::start_with(ABOUT, &["service.max_items=3"], start).await;
    let client = api::Client::new(service.channel());
    (service, client)
}

async fn create(client: &mut Client, request_id: &str, title: &str) -> Result<api::Item, Status> {
    let request = api::CreateItemRequest {
        request_id: request_id.into(),
        title: title.into(),
    };
    Ok(client
        .create_item(request)
        .await?
        .into_inner()
        .item
        .unwrap())
}

#[tokio::test]
async fn contract_writes_are_idempotent_and_reads_see_them() {
    let (service, mut client) = service().await;
    let item = create(&mut client, "r1", "one").await.unwrap();
    assert_eq!(create(&mut client, "r1", "one").await.unwrap(), item);
    assert_eq!(
        create(&mut client, "r1", "other").await.unwrap_err().code(),
        Code::AlreadyExists
    );
    assert_eq!(
        create(&mut client, "r2", "").await.unwrap_err().code(),
        Code::InvalidArgument
    );

    let read = client
        .get_item(api::GetItemRequest {
            id: item.id.clone(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(read.item, Some(item));
    let missing = client
        .get_item(api::GetItemRequest { id: "404".into() })
        .await
        .unwrap_err();
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
        create(&mut client, "r4", "four").await.unwrap_err().code(),
        Code::ResourceExhausted
    );

    let (mut pages, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = client
            .list_items(api::ListItemsRequest {
                page_size: 2,
                page_token,
            })
            .await
            .unwrap()
            .into_inner();
        pages.push(
            page.items
                .into_iter()
                .map(|item| item.title)
                .collect::<Vec<_>>(),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, [vec!["one", "two"], vec!["three"]]);

    let mut watch = client
        .watch_items(api::WatchItemsRequest {})
        .await
        .unwrap()
        .into_inner();
    let first = watch.message().await.unwrap().unwrap().item.unwrap();
    assert_eq!(first.title, "one");
    drop(watch);
    service.stop().await;
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
