//! Calls {{ crate_name }} as another service would:
//! `cargo run -p {{ project-name }}-api --example call -- http://HOST:PORT`

use carveout_grpc::{Channel, ClientConfig};

use {{ crate_name }}_api as api;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target = std::env::args().nth(1);
    let target = target.ok_or("usage: call http://HOST:PORT")?;
    let mut client = api::Client::new(Channel::new(&ClientConfig::to(target))?);

    let (request_id, title) = ("example".into(), "Hello from another service".into());
    let request = api::CreateItemRequest { request_id, title };
    let created = client.create_item(request).await?.into_inner().item;
    let id = created.ok_or("the answer has no item")?.id;
    let read = client.get_item(api::GetItemRequest { id }).await?;
    let item = read.into_inner().item.ok_or("the answer has no item")?;
    println!("{}/GetItem answered {item:?}", api::SERVICE_NAME);
    Ok(())
}
