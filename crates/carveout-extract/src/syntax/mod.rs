//! Rust's source, as it is written: signatures, types, loops, transactions and strings, each with its
//! place, so that the index says what the names in them mean.
//!
//! It is read from the source and not from the index's documentation of a signature, which is what
//! macros have made of it: `async_trait` shows there as a boxed future.

mod collect;
mod flow;
mod literals;
mod regions;
mod source;

pub use flow::{Argument, Binding, Call, Flow, Guard, How, MacroUse, Root, Rules, Use};
pub use literals::Literal;
pub use source::{Function, Loop, Region, Source, Sources, TypeBody, TypeDefinition, Value};
