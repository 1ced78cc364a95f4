//! Real handshakes, with certificates made for the occasion.

mod authority;
mod callers;
mod files;
mod log;
mod reload;
mod servers;
mod world;
