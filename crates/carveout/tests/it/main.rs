//! The facade as a process (the examples, started and signalled) and as a library.

mod admin;
mod at_the_limit;
mod driver;
mod lifecycle;
mod process;
mod slow_files;
