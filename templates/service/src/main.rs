//! The process: everything it does is in the library, everything around it is in the kit.

use {{ crate_name }} as service;

fn main() -> std::process::ExitCode {
    carveout::run(service::ABOUT, service::start)
}
