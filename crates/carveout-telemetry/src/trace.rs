//! Spans: their ids, their way in and out of the process, and their way to the receiver.

mod exporter;
mod ids;
mod layer;
mod pipeline;
mod place;
mod propagation;
mod quiet;
mod recording;
mod traceparent;

pub use ids::{SpanId, SpanIds, TraceId, ids, trace_id};
pub(crate) use layer::SpanLayer;
pub(crate) use pipeline::Pipeline;
pub(crate) use place::ids_of;
pub use propagation::{RemoteParent, adopt_parent, below_caller, inject, remote_parent};
