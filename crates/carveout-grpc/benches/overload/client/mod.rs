//! Callers that cost little: HTTP/2 itself, on one thread.

mod call;
mod closed;
mod connections;
mod open;

pub(crate) use call::Outcome;
pub(crate) use closed::in_turn;
pub(crate) use open::{Record, as_planned};

/// Calls in a second that this makes without being late itself, on a processor that it has to share.
/// What comes of more is a figure of the client's.
pub(crate) const MOST: f64 = 40_000.0;
