//! What other services import of greeter: its messages, its client, and its contract's descriptors.
//!
//! ```no_run
//! use carveout_grpc::{Channel, ClientConfig};
//! use greeter_api::{Client, GetItemRequest};
//!
//! # async fn call() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = Client::new(Channel::new(&ClientConfig::to("http://greeter:25450"))?);
//! let answer = client.get_item(GetItemRequest { id: "1".into() }).await?;
//! # Ok(()) }
//! ```

include!(concat!(env!("OUT_DIR"), "/contract.rs"));
