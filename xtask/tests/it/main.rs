//! The generator as its users run it: a process in a workspace.

mod alerts;
mod answers;
mod architecture;
mod boundary;
mod concurrency;
mod dependencies;
mod disk;
mod first_service;
mod foreign;
mod generated;
mod golden;
mod image;
mod kill;
mod names;
mod outside;
mod parity;
mod refusals;
mod remove;
mod rustfmt;
mod scratch;
mod start;
mod tree;
