//! Readers that fill a [`Model`](crate::model::Model).

mod approximate;
mod around;
mod build;
mod decode;
mod fresh;
mod gaps;
mod identifiers;
mod references;
mod scip;
mod stale;
mod symbol;
mod targets;

pub use approximate::read_approximate;
pub use scip::read_scip;
