//! The crate as its users see it: what is logged, what is passed on, what is sent.

mod closed_output;
mod context;
mod level;
mod logs;
mod otlp;
mod world;
