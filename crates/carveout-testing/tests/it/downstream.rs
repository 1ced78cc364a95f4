//! A service that calls another one, which is a fake.

use std::time::Duration;

use carveout::{
    About, Boot, BoxError, ClientConfig, Dependency, Live, Routes, ServiceConfig, Settings, Sources,
};
use carveout_testing::TestService;
use greeter_api as api;
use serde::{Deserialize, Serialize};
use tonic::{Code, Request, Response, Status};

const ABOUT: About = About {
    name: "caller",
    version: "0.1.0",
    commit: None,
};

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    greeter: ClientConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            greeter: ClientConfig::to("http://greeter:50051"),
        }
    }
}

impl ServiceConfig for Config {}

/// Answers one method of four.
struct Fake;

#[tonic::async_trait]
impl api::fake::Service for Fake {
    async fn get_item(
        &self,
        _: Request<api::GetItemRequest>,
    ) -> Result<Response<api::GetItemResponse>, Status> {
        let title = "from the fake".to_owned();
        let item = Some(api::Item {
            title,
            ..api::Item::default()
        });
        Ok(Response::new(api::GetItemResponse { item }))
    }
}

async fn fake() -> TestService {
    let routes = Routes::new().add(api::fake::server(Fake), api::FILE_DESCRIPTOR_SET);
    TestService::fake(routes).await
}

/// A service that is ready while greeter is.
async fn start(boot: Boot, config: Live<Config>) -> Result<Routes, BoxError> {
    let channel = boot.channel(&config.get().greeter, api::FILE_DESCRIPTOR_SET)?;
    let greeter = Dependency::critical("greeter").interval(Duration::from_millis(20));
    boot.watch_service(greeter.thresholds(1, 1), &channel, api::SERVICE_NAME);
    Ok(Routes::new())
}

#[tokio::test]
async fn a_fake_answers_what_it_has_and_the_rest_is_unimplemented() {
    let fake = fake().await;
    let mut client = api::Client::new(fake.channel());
    let answer = client.get_item(api::GetItemRequest::default()).await;
    assert_eq!(
        answer.unwrap().into_inner().item.unwrap().title,
        "from the fake"
    );
    let answer = client.list_items(api::ListItemsRequest::default()).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
    let answer = client.watch_items(api::WatchItemsRequest {}).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
    fake.stop().await;
}

#[tokio::test]
async fn a_service_is_ready_while_what_it_watches_serves() {
    let fake = fake().await;
    let target = format!("service.greeter.target={}", fake.target());
    let service = TestService::start_with(ABOUT, &[&target], start).await;
    let mut readiness = service.running().health().subscribe();
    readiness.wait_for(|it| it.is_ready()).await.unwrap();

    fake.stop().await;
    readiness.wait_for(|it| !it.is_ready()).await.unwrap();
    let page = service.admin_get("/readyz?verbose").await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("greeter"), "{}", page.body);
    service.stop().await;
}

#[test]
fn a_channel_that_could_not_be_made_is_a_mistake_of_the_configuration() {
    let wrong = [
        ("target=orders:50051", "the text \"orders:50051\""),
        ("target=orders", "the text \"orders\""),
        ("target=http://", "the text \"http://\""),
        ("target=http://:50051", "the text \"http://:50051\""),
        (
            "target=ftp://orders:50051",
            "the text \"ftp://orders:50051\"",
        ),
        ("target=", "an empty text"),
        ("timeout=0s", "0ns"),
        ("connect_timeout=0s", "0ns"),
        ("keepalive_interval=500000000years", "the text"),
        ("keepalive_timeout=0s", "0ns"),
    ];
    for (setting, found) in wrong {
        let set = format!("service.greeter.{setting}");
        let error = Settings::<Config>::load(Sources::new("caller").set(set)).err();
        let error = error
            .unwrap_or_else(|| panic!("{setting} is taken"))
            .to_string();
        let key = setting.split('=').next().unwrap();
        let key = format!("`service.greeter.{key}`");
        for part in [&*key, found, "from: --set", "fix: "] {
            assert!(error.contains(part), "{setting}: no {part:?} in\n{error}");
        }
    }
    for target in [
        "http://orders:50051",
        "https://orders",
        "http://[::1]:50051",
    ] {
        let set = format!("service.greeter.target={target}");
        let taken = Settings::<Config>::load(Sources::new("caller").set(set));
        assert_eq!(taken.err().map(|error| error.to_string()), None, "{target}");
    }
}
