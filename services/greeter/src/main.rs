//! The process: everything it does is in the library, everything around it is in the kit.

fn main() -> std::process::ExitCode {
    carveout::run(greeter::ABOUT, greeter::start)
}
