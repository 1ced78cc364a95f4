use std::fmt::Display;
use std::process::ExitCode;

use carveout_config::Live;
use carveout_grpc::Routes;

use crate::args::{Action, Args};
use crate::panics::print_panics;
use crate::process::{failed_at, serve};
use crate::service::BoxError;
use crate::settings::{ServiceConfig, Settings, process_sources};
use crate::signals::Signals;
use crate::{About, Boot, stderr};

pub(crate) const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// Runs a service from its command line to its end: `main` is this call and nothing else.
///
/// `start` builds the service's routes; it runs after configuration, telemetry and the admin port,
/// and before the gRPC port is bound. `--help` lists the arguments and exit codes.
pub fn run<C, F>(about: About, start: F) -> ExitCode
where
    C: ServiceConfig,
    F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
{
    let (load, action) = match Args::parse(&about, std::env::args_os().skip(1)) {
        Ok(Args::Tell(text)) => return tell(&text),
        Ok(Args::Load(load, action)) => (load, action),
        Err(error) => {
            fail(&about, error);
            return ExitCode::from(USAGE);
        }
    };
    let signals = match action {
        Action::Serve => {
            print_panics(about.name);
            // Before any file is read: a configuration reloader may send SIGHUP at any time.
            match Signals::listen(&about) {
                Ok(signals) => Some(signals),
                Err(error) => return failed_at(&about, "signals", error),
            }
        }
        Action::Check | Action::Print => None,
    };
    let settings = match Settings::<C>::load(process_sources(&about, load)) {
        Ok(settings) => settings,
        Err(error) => {
            if action == Action::Print {
                tell(error.effective());
            }
            stderr::line(error);
            return ExitCode::from(USAGE);
        }
    };
    match signals {
        Some(signals) => serve(about, settings, signals, start),
        None if action == Action::Print => tell(&settings.config.print()),
        None => tell(&format!("{}: the configuration is valid", about.name)),
    }
}

/// Prints to standard output. A reader that has gone away (`| head`) is no failure.
fn tell(text: &str) -> ExitCode {
    use std::io::Write;
    let written = writeln!(std::io::stdout(), "{}", text.trim_end());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::from(FAILED),
        _ => ExitCode::SUCCESS,
    }
}

/// Says why on standard error, in one line.
pub(crate) fn fail(about: &About, why: impl Display) -> u8 {
    stderr::line(format_args!("{}: {why}", about.name));
    FAILED
}
