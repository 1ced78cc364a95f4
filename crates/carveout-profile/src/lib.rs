//! Profiles of the process that this runs in, while it runs.
//!
//! [`cpu`] samples the stacks of every thread that is on a CPU; [`heap`] tells where the memory that
//! is in use was allocated. Both come gzipped in the format of [pprof], which `go tool pprof` and
//! many others read, or as a flamegraph for a browser.
//!
//! This crate makes jemalloc the allocator of the program that uses it, because the system's own
//! cannot say who allocated what. jemalloc reads at its start whether to keep track, from the
//! environment: [`HEAP_SETTING`]. It costs next to nothing, one allocation in half a megabyte is
//! looked at.
//!
//! ```
//! use std::time::Duration;
//! use carveout_profile::Format;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let profile = carveout_profile::cpu(Duration::from_millis(20), Format::Pprof).await.unwrap();
//! assert_eq!(profile[..2], [0x1f, 0x8b], "gzip");
//! # }
//! ```
//!
//! [pprof]: https://github.com/google/pprof/blob/main/proto/profile.proto

mod cpu;
mod error;
mod heap;
mod proto;
mod stacks;
mod turn;

pub use cpu::{MOST, cpu};
pub use error::ProfileError;
pub use heap::{HEAP_SETTING, heap};

/// How a profile is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// pprof's protobuf, gzipped.
    Pprof,
    /// A flamegraph, as SVG.
    Svg,
}
