//! The command line of `carveout-extract`.

use std::process::ExitCode;

fn main() -> ExitCode {
    carveout_extract::commands::main()
}
