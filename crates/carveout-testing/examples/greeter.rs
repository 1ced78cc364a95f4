//! The golden service as a program. The tests beside it run this one, because cargo builds a
//! package's examples before its tests, and another package's binary only sometimes.

fn main() -> std::process::ExitCode {
    carveout::run(greeter::ABOUT, greeter::start)
}
