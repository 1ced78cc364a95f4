use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use carveout_config::Live;
use carveout_grpc::Routes;
use carveout_telemetry::{ServiceInfo, Telemetry};
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;

use crate::lifecycle::{self, End, Process, State};
use crate::panics::{caught, log_panics};
use crate::reload::Reloader;
use crate::run::{FAILED, fail};
use crate::service::{BoxError, Running, StartError};
use crate::settings::{LifecycleConfig, ServiceConfig, Settings};
use crate::signals::{Obeyed, Signals};
use crate::{About, Boot, stderr, threads};

/// How long the start function may take to let go of the main thread once the life is over.
const LET_GO: Duration = Duration::from_millis(200);
/// What is left for the last log lines when somebody insists.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Runs the service until it is told to stop.
///
/// Its life goes on on a thread of its own, with timers of its own: handlers that block every
/// worker stop the workers' timers too, and a start function that blocks holds the main thread.
/// Neither may keep a signal from being obeyed. Should that thread be blocked itself, by a destructor
/// of the service say, the one of [`Signals`] ends the process.
pub(crate) fn serve<C, F>(
    about: About,
    settings: Settings<C>,
    signals: Signals,
    start: F,
) -> ExitCode
where
    C: ServiceConfig,
    F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
{
    let runtimes = timers().and_then(|timers| Ok((workers(&timers)?, timers)));
    let (workers, timers) = match runtimes {
        Ok(runtimes) => runtimes,
        Err(error) => return failed_at(&about, "runtime", error),
    };
    let info = ServiceInfo {
        name: about.name.to_owned(),
        version: about.version.to_owned(),
    };
    let telemetry = match carveout_telemetry::init(&settings.telemetry.get(), info) {
        Ok(telemetry) => Arc::new(telemetry),
        Err(error) => return failed_at(&about, "telemetry", error),
    };
    log_panics();

    let reloader = Reloader {
        config: settings.config.clone(),
        admin: settings.admin.clone(),
        telemetry: settings.telemetry.clone(),
        overload: settings.overload.clone(),
        log: Some(telemetry.log_control()),
    };
    signals.obey(Obeyed {
        reloader,
        lifecycle: settings.lifecycle.clone(),
    });
    let (mut started, starting) = oneshot::channel();
    let process = Service {
        about,
        starting: Some(starting),
        running: None,
        lifecycle: settings.lifecycle.clone(),
        telemetry: telemetry.clone(),
    };
    let (ended, end) = mpsc::channel();
    let (let_go, gone) = mpsc::channel();
    let life = move || {
        let code = live(process, signals, timers);
        let _ = ended.send(code);
        if gone.recv_timeout(LET_GO) == Err(mpsc::RecvTimeoutError::Timeout) {
            // All is flushed, and the start function holds the main thread.
            signal_hook::low_level::exit(code.into());
        }
    };
    if let Err(error) = threads::start("lifecycle", life) {
        return failed_at(&about, "lifecycle", error);
    }

    let starting = async {
        tokio::select! {
            // The life has ended, or goes to its end without a start.
            () = started.closed() => {}
            running = Running::start(about, settings, Some(&telemetry), start) => {
                let _ = started.send(running);
            }
        }
    };
    // The hook has told of a panic, and the life hears of it through the channel.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| workers.block_on(starting)));
    let code = end.recv().unwrap_or(FAILED);
    drop::<mpsc::Sender<()>>(let_go);
    // What is still running was given its time; a handler that blocks a worker must not hold the
    // process.
    workers.shutdown_background();
    ExitCode::from(code)
}

fn live(mut process: Service, mut signals: Signals, timers: Runtime) -> u8 {
    let about = process.about;
    let telemetry = process.telemetry.clone();
    let signal = async || signals.stop().await;
    let end = timers.block_on(lifecycle::live(&mut process, State::Starting, signal));
    // The admin port closes here, last of all. A flush that was abandoned must not hold the thread.
    drop(process);
    timers.shutdown_background();
    match end {
        End::Stopped { cut: 0 } => 0,
        End::Stopped { .. } => FAILED,
        End::Failed(why) => fail(&about, why),
        End::Insisted => {
            telemetry.shutdown(LAST_WORDS);
            fail(&about, "a second signal stopped the service at once")
        }
    }
}

/// Built within `timers`: there a runtime that lacks a thread is not waited for when it is dropped, which
/// would be for ever, because the threads that it has do not end.
fn workers(timers: &Runtime) -> io::Result<Runtime> {
    let build = || {
        runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("worker")
            .build()
    };
    let built = timers.block_on(async { caught(build) });
    built.unwrap_or_else(|panic| Err(io::Error::other(panic)))
}

fn timers() -> io::Result<Runtime> {
    runtime::Builder::new_current_thread().enable_all().build()
}

pub(crate) fn failed_at(about: &About, step: &str, why: impl std::fmt::Display) -> ExitCode {
    ExitCode::from(fail(about, format_args!("start failed at {step}: {why}")))
}

/// A service as a process has it.
struct Service {
    about: About,
    /// What the start, on the main thread, comes to.
    starting: Option<oneshot::Receiver<Result<Running, StartError>>>,
    running: Option<Running>,
    lifecycle: Live<LifecycleConfig>,
    telemetry: Arc<Telemetry>,
}

impl Process for Service {
    type Error = BoxError;

    async fn start(&mut self) -> Result<(), BoxError> {
        // Taken, so that a start which is abandoned hears of it.
        let starting = self.starting.take().ok_or("it was started before")?;
        let running = starting
            .await
            .map_err(|_| "start failed at dependencies: the start function panicked")??;
        carveout_metrics::install_panic_hook(running.metrics());
        tracing::info!(
            grpc = %running.grpc_addr(),
            admin = %running.admin_addr(),
            version = self.about.version,
            "ready"
        );
        self.running = Some(running);
        Ok(())
    }

    async fn serve(&mut self) -> BoxError {
        match &mut self.running {
            Some(running) => running.ended().await.into(),
            None => "there is nothing to serve".into(),
        }
    }

    async fn lame_duck(&mut self) {
        let LifecycleConfig {
            lame_duck,
            drain_timeout,
            ..
        } = *self.lifecycle.get();
        tracing::info!(?lame_duck, ?drain_timeout, "stopping");
        if let Some(running) = &mut self.running {
            running.lame_duck().await;
        }
    }

    async fn drain(&mut self) -> usize {
        match &mut self.running {
            Some(running) => running.drain().await,
            None => 0,
        }
    }

    async fn flush(&mut self) {
        let (telemetry, timeout) = (self.telemetry.clone(), self.lifecycle.get().flush_timeout);
        let flush = {
            let telemetry = telemetry.clone();
            move || telemetry.shutdown(timeout)
        };
        // Without a thread it is this one that waits, and a second signal for it at most.
        let flushed = threads::run("flush", flush).await;
        let flushed = flushed.unwrap_or_else(|_| telemetry.shutdown(timeout));
        if !flushed.is_complete() {
            stderr::line(format_args!(
                "{}: the last spans or logs did not leave: {flushed:?}",
                self.about.name
            ));
        }
    }
}
