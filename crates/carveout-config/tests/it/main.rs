//! What a service sees of its configuration.

mod from_file;
mod mistakes;
mod precedence;
mod printing;
mod reload;
mod round_trip;
mod secrets;
mod shapes;
mod world;
