//! Log lines: what they look like, and how they get out without holding anybody up.

mod fields;
mod json;
mod layer;
mod line;
mod text;
mod writer;

pub(crate) use layer::{LogLayer, notice};
pub(crate) use writer::LogWriter;
