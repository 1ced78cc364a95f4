//! Starts the golden service inside this program, asks it what its callers and operators ask, and
//! stops it: `cargo run -p carveout-testing --example in_process`.

use carveout_testing::TestService;
use greeter_api as api;

#[tokio::main]
async fn main() -> Result<(), tonic::Status> {
    let service = TestService::start(greeter::ABOUT, greeter::start).await;
    let mut client = api::Client::new(service.channel());
    let request = api::CreateItemRequest {
        request_id: "first".into(),
        title: "Hello".into(),
    };
    println!("{:?}", client.create_item(request).await?.into_inner());
    println!("serving: {}", service.serves(api::SERVICE_NAME).await);
    let ready = service.admin_get("/readyz?verbose").await;
    println!("{} {}", ready.status, ready.body.trim());
    drop(client);
    println!("{:?}", service.stop().await);
    Ok(())
}
