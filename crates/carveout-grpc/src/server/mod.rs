mod accept;
mod activity;
mod catch_panic;
mod check_access;
mod config;
mod connection;
mod connections;
mod deadline;
mod descriptors;
mod explain;
mod message_size;
mod observe;
mod preface;
mod serve;
mod stack;

pub use config::ServerConfig;
pub use serve::{Drained, bind, serve};
pub use stack::{Stack, StackOptions};
