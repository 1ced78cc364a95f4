//! The facade as a process (the `minimal` example, started and signalled) and as a library.

mod admin;
mod process;
