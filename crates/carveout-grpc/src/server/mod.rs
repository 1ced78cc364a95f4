mod catch_panic;
mod config;
mod deadline;
mod explain;
mod observe;
mod serve;
mod stack;

pub use config::ServerConfig;
pub use serve::{Drained, bind, serve};
pub use stack::{Stack, StackOptions};
