//! The facade as a process (the examples, started and signalled) and as a library.

mod admin;
mod at_the_limit;
mod blocked_output;
mod driver;
mod few_threads;
mod lifecycle;
mod process;
mod signals;
mod slow_clients;
mod slow_files;
mod web_pages;
