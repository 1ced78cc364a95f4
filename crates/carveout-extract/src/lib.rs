//! What a module's boundary is in somebody's existing monolith, what cutting there would cost, and a
//! ratchet that keeps the boundary from eroding.
//!
//! An index says what every name means ([`reader`]), the source says how it is written ([`syntax`]);
//! both fill a small [`Model`](model::Model), which everything else reads. Nothing here changes the
//! code that it looks at.

pub mod boundary;
pub mod commands;
pub mod error;
pub mod indexer;
pub mod model;
pub mod output;
pub mod rank;
mod ratchet;
pub mod reader;
pub mod report;
pub mod syntax;

pub use error::{Error, Kind, Result};
