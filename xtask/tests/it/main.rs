//! The generator as its users run it: a process in a workspace.

mod architecture;
