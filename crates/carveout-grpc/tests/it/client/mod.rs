//! The client against peers that are not what they should be: proxies, broken servers, hostile ones.

mod calls;
mod fuzz;
mod mapping;
mod peer;
mod unbounded;
