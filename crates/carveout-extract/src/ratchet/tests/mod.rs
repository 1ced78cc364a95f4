//! The rules on models that are built by hand.

mod changes;
mod declarations;
mod keys;
mod outputs;
mod verdicts;
mod world;
