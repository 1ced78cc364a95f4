//! The generator as its users run it: a process in a workspace.

mod architecture;
mod concurrency;
mod dependencies;
mod foreign;
mod golden;
mod kill;
mod outside;
mod parity;
mod refusals;
mod remove;
mod rustfmt;
mod scratch;
mod start;
