//! Spans: their ids, their way in and out of the process, and their way to the receiver.

mod exporter;
mod ids;
mod pipeline;
mod propagation;
mod quiet;
mod traceparent;
mod unrecorded;

pub(crate) use ids::context_ids;
pub use ids::{SpanId, SpanIds, TraceId, ids, trace_id};
pub(crate) use pipeline::Pipeline;
pub use propagation::{RemoteParent, adopt_parent, inject, remote_parent};
pub(crate) use unrecorded::UnrecordedTracer;
