//! The gRPC side of a service: the server's stack and loop, the client's channel, errors and
//! deadlines.
//!
//! tonic generates the code and encodes the messages; hyper runs the connections. This is the only
//! crate that names tonic's transport, and no public type shows it, so that services survive its
//! replacement.
//!
//! The server:
//! - [`Routes`] collects generated servers with their contracts, [`Stack`] puts the layers around
//!   them, [`serve()`] runs them.
//! - Health (`grpc.health.v1`) and reflection are added by the stack.
//! - [`Access`] says who may call what, [`Quota`] how often, and [`Admission`] how many calls there may
//!   be at once.
//! - Every call has a deadline, a span, and its place in the metrics; every error carries one
//!   `ErrorInfo`; a panic is INTERNAL.
//!
//! The client: [`Channel`] gives every call a deadline, hands on the trace and what is left of the
//! caller's own deadline, and is measured.
//!
//! ```
//! use carveout_grpc::{Error, Reason};
//!
//! const ITEM_NOT_FOUND: Reason = Reason::new("ITEM_NOT_FOUND");
//!
//! fn find(id: &str) -> Result<String, Error> {
//!     Err(Error::not_found(ITEM_NOT_FOUND, format!("there is no item {id}")).with("id", id))
//! }
//!
//! let status = tonic::Status::from(find("7").unwrap_err());
//! assert_eq!(status.code(), tonic::Code::NotFound);
//! ```

mod access;
mod admission;
mod caller_fault;
mod client;
mod contract;
mod deadline;
mod draining;
#[cfg(test)]
#[path = "../../carveout-overload/tests/it/edits.rs"]
mod edits;
mod error;
mod health;
mod observe;
mod ongoing;
mod priority;
mod quota;
mod reflection;
mod routes;
mod secure;
mod server;
mod signal;
mod slow;
mod sparingly;

pub use access::{Access, AccessError, AccessPolicy};
pub use carveout_overload::{Admission, Blocking, GuardMode, OverloadConfig};
pub use client::{Channel, ClientConfig, TargetError};
pub use contract::{ContractError, Idempotency, MethodContract};
pub use deadline::current_deadline;
pub use draining::{Draining, EndOnDrain, draining, end_on_drain};
pub use error::{Error, Reason, code_name};
pub use health::check_health;
pub use priority::{NoCaller, Priority};
pub use quota::{CallerQuota, Quota, QuotaConfig, QuotaError, QuotaSnapshot, Rate};
pub use routes::Routes;
pub use secure::{Handshake, Identity, ReadWrite, Secure, Secured, Stream, TlsConfig};
pub use server::{Compression, Drained, ServerConfig, Stack, StackOptions, bind, serve};
pub use slow::{SlowCall, SlowCalls, Stage};
