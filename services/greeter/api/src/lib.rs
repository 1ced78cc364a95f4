//! What other services import of greeter: its messages, its client, and its contract's descriptors.
//!
//! ```no_run
//! use carveout_grpc::{Channel, ClientConfig};
//! use greeter_api::{Client, GetItemRequest};
//!
//! # async fn call(target: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = Client::new(Channel::new(&ClientConfig::to(target))?);
//! let answer = client.get_item(GetItemRequest { id: "1".into() }).await?;
//! # Ok(()) }
//! ```

include!(concat!(env!("OUT_DIR"), "/contract.rs"));
