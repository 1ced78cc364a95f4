mod channel;
mod config;

pub use channel::{Channel, TargetError};
pub use config::ClientConfig;
