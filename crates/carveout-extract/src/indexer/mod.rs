//! Makes the index of a Cargo workspace, and keeps it until the source is another.
//!
//! `rust-analyzer scip` does the work. It runs the build scripts and procedural macros of the
//! workspace and of its dependencies, needs minutes and gigabytes, and calls it a success when it
//! could not see half of the names; so what runs is announced and supervised, and what it leaves is
//! checked before it gets its name.

mod cache;
mod features;
mod key;
mod log;
mod precheck;
mod program;
mod progress;
mod run;
mod signals;
mod supervise;
mod workspace;

pub use features::Features;
pub use run::{Indexed, Options, index};
pub use workspace::{Member, Workspace};
