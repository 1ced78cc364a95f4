mod answer;
mod channel;
mod config;
mod failure;
mod messages;
mod status;

pub use channel::{Channel, TargetError};
pub use config::ClientConfig;
