//! Admission control: a server that gets more than it can do does as much as it can, and refuses the
//! rest at once.
//!
//! ```
//! use carveout_overload::{Admission, Arrival, Decision, OverloadConfig};
//! use std::time::Instant;
//!
//! // A service with one method, on two workers.
//! let admission = Admission::new(OverloadConfig::default(), 1, 2);
//! match admission.arrive(Instant::now(), &Arrival::of(0)) {
//!     // Do the work, then say that it is done; dropping the permit is enough for a call that failed.
//!     Decision::Admitted(permit) => permit.finish(Instant::now()),
//!     // Await the permit.
//!     Decision::Queued(waiting) => drop(waiting),
//!     // Answer with `refusal` now: it costs next to nothing.
//!     Decision::Refused(refusal) => println!("{refusal}"),
//! }
//! ```
//!
//! Ask where a request first exists, before it is spawned, decoded or traced, and hold the permit to
//! the end of its answer, body included. A limiter that is asked in the request's own task sees
//! nothing of the time that the task has waited for a worker, and so nothing of an overload of the
//! processor.
//!
//! - [`Admission`]: who gets in. [`Decision`], [`Permit`], [`Waiting`], [`Refusal`].
//! - [`Criticality`], [`Level`]: who goes first.
//! - [`Holds`]: which calls hold a worker, measured.
//! - [`OverloadConfig`], [`GuardMode`]: what can be set, and what it is without.
//! - [`Snapshot`]: everything that it knows.
//! - [`Blocking`]: so much work at once that blocks its thread.
#![cfg_attr(
    feature = "tower",
    doc = "- [`AdmissionLayer`]: all of this around axum, any tower service of HTTP, or hyper's."
)]
//!
//! Without features it knows no transport. `http` reads a [`Level`] from headers, `tower` is the layer,
//! and `hyper` puts the same around a hyper service.

mod admission;
mod arrival;
mod average;
mod blocking;
mod clock;
mod config;
#[cfg(test)]
#[path = "../tests/it/edits.rs"]
mod edits;
mod gate;
#[cfg(feature = "http")]
mod headers;
mod hold;
mod in_flight;
#[cfg(feature = "tower")]
mod layer;
mod level;
mod limit;
mod method;
mod mode;
mod permit;
mod queue;
mod shard;
mod slope;
mod snapshot;
mod spread;
mod sync;
mod threshold;
mod trace_key;
mod window;

pub use admission::Admission;
pub use arrival::{Arrival, Decision, Refusal};
pub use blocking::Blocking;
pub use clock::Clock;
pub use config::OverloadConfig;
pub use hold::{Held, Holds};
#[cfg(feature = "tower")]
pub use layer::{AdmissionLayer, Admit, AdmittedBody, AdmittedFuture, CallKind};
pub use level::{Criticality, Level};
pub use mode::GuardMode;
pub use permit::{Permit, Waiting};
pub use snapshot::{Counts, Snapshot};
pub use trace_key::TraceKey;
