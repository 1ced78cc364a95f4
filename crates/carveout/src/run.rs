use std::fmt::Display;
use std::process::ExitCode;

use carveout_config::Live;
use carveout_grpc::Routes;
use carveout_telemetry::{ServiceInfo, Telemetry};

use crate::args::{Action, Args};
use crate::panics::log_panics;
use crate::reload::Reloader;
use crate::service::{BoxError, Running, Stopped};
use crate::settings::{ServiceConfig, Settings, process_sources};
use crate::stop::Signals;
use crate::{About, Boot};

const FAILED: u8 = 1;
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
        Err(error) => return fail(&about, USAGE, error),
    };
    let settings = match Settings::<C>::load(process_sources(&about, load)) {
        Ok(settings) => settings,
        Err(error) => {
            if action == Action::Print {
                tell(error.effective());
            }
            eprintln!("{error}");
            return ExitCode::from(USAGE);
        }
    };
    match action {
        Action::Check => tell(&format!("{}: the configuration is valid", about.name)),
        Action::Print => tell(&settings.config.print()),
        Action::Serve => serve(about, settings, start),
    }
}

fn serve<C, F>(about: About, settings: Settings<C>, start: F) -> ExitCode
where
    C: ServiceConfig,
    F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("worker")
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(
                &about,
                FAILED,
                format_args!("start failed at runtime: {error}"),
            );
        }
    };
    let _inside = runtime.enter();
    let info = ServiceInfo {
        name: about.name.to_owned(),
        version: about.version.to_owned(),
    };
    let telemetry = match carveout_telemetry::init(&settings.telemetry.get(), info) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            return fail(
                &about,
                FAILED,
                format_args!("start failed at telemetry: {error}"),
            );
        }
    };
    log_panics();
    let ended = runtime.block_on(serve_until_told(about, settings, telemetry, start));
    // What is still running was given its time; a handler that blocks a worker must not hold the
    // process.
    runtime.shutdown_background();
    match ended {
        Ok(Stopped { cut: 0 }) => ExitCode::SUCCESS,
        Ok(Stopped { .. }) => ExitCode::from(FAILED),
        Err(error) => fail(&about, FAILED, error),
    }
}

async fn serve_until_told<C, F>(
    about: About,
    settings: Settings<C>,
    telemetry: Telemetry,
    start: F,
) -> Result<Stopped, BoxError>
where
    C: ServiceConfig,
    F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
{
    let mut signals = Signals::listen()?;
    let lifecycle = settings.lifecycle.clone();
    let reloader = Reloader {
        config: settings.config.clone(),
        telemetry: settings.telemetry.clone(),
        log: Some(telemetry.log_control()),
    };
    let flush = || {
        let report = telemetry.shutdown(lifecycle.get().flush_timeout);
        if !report.is_complete() {
            eprintln!(
                "{}: the last spans or logs did not leave: {report:?}",
                about.name
            );
        }
    };

    // A stop is obeyed at every step: a dependency that hangs must not make the start unkillable.
    let running = tokio::select! {
        running = Running::start(about, settings, Some(&telemetry), start) => match running {
            Ok(running) => running,
            Err(error) => {
                flush();
                return Err(error.into());
            }
        },
        signal = signals.stop_asked(&reloader) => {
            tracing::info!(signal, "stopped before the start was done");
            flush();
            return Ok(Stopped { cut: 0 });
        }
    };
    carveout_metrics::install_panic_hook(running.metrics());
    tracing::info!(grpc = %running.grpc_addr(), admin = %running.admin_addr(), version = about.version, "ready");

    let signal = signals.stop_asked(&reloader).await;
    tracing::info!(signal, lame_duck = ?lifecycle.get().lame_duck, drain_timeout = ?lifecycle.get().drain_timeout, "stopping");
    tokio::select! {
        stopped = running.stop(flush) => Ok(stopped),
        () = signals.stop_insisted() => Err("a second signal stopped the service at once".into()),
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

fn fail(about: &About, code: u8, why: impl Display) -> ExitCode {
    eprintln!("{}: {why}", about.name);
    ExitCode::from(code)
}
