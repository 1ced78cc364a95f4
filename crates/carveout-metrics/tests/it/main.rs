//! The crate as a scraper and a service see it.

mod exposition;
mod panics;
mod process;
mod promtool;
mod rpc;
mod scrape;
