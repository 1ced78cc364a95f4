//! The server and the client against each other, over real sockets, with handlers that misbehave on
//! purpose.

mod deadline;
mod errors;
mod generated;
mod health;
mod stop;
mod support;
