use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use carveout_config::Live;
use carveout_grpc::Routes;
use carveout_telemetry::{ServiceInfo, Telemetry};
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;

use crate::lifecycle::{self, End, Process, State};
use crate::panics::log_panics;
use crate::reload::Reloader;
use crate::run::{FAILED, fail};
use crate::service::{BoxError, Running, StartError};
use crate::settings::{LifecycleConfig, ServiceConfig, Settings};
use crate::signals::Signals;
use crate::{About, Boot};

/// How long the start function may take to let go of the main thread once the life is over.
const LET_GO: Duration = Duration::from_millis(200);
/// What is left for the last log lines when somebody insists.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Runs the service until it is told to stop.
///
/// Its life goes on on a thread of its own, with timers of its own: handlers that block every
/// worker stop the workers' timers too, and a start function that blocks holds the main thread.
/// Neither may keep a signal from being obeyed.
pub(crate) fn serve<C, F>(about: About, settings: Settings<C>, start: F) -> ExitCode
where
    C: ServiceConfig,
    F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
{
    let runtimes = workers().and_then(|workers| Ok((workers, timers()?)));
    let (workers, timers) = match runtimes {
        Ok(runtimes) => runtimes,
        Err(error) => return failed_at(&about, "runtime", error),
    };
    // Before anything else: a signal that comes during the start is obeyed, and kills nobody.
    let signals = {
        let _timers = timers.enter();
        Signals::listen()
    };
    let signals = match signals {
        Ok(signals) => signals,
        Err(error) => return failed_at(&about, "signals", error),
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
        let code = live(process, signals, reloader, timers);
        let _ = ended.send(code);
        if gone.recv_timeout(LET_GO) == Err(mpsc::RecvTimeoutError::Timeout) {
            #[expect(
                clippy::disallowed_methods,
                reason = "all is flushed, and the start function holds the main thread"
            )]
            std::process::exit(code.into());
        }
    };
    if let Err(error) = thread::Builder::new().name("lifecycle".into()).spawn(life) {
        return failed_at(&about, "runtime", error);
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

fn live(mut process: Service, mut signals: Signals, reloader: Reloader, timers: Runtime) -> u8 {
    let about = process.about;
    let telemetry = process.telemetry.clone();
    let signal = async || signals.stop(&reloader).await;
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

fn workers() -> io::Result<Runtime> {
    runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("worker")
        .build()
}

fn timers() -> io::Result<Runtime> {
    runtime::Builder::new_current_thread().enable_all().build()
}

fn failed_at(about: &About, step: &str, why: impl std::fmt::Display) -> ExitCode {
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
        let flushed = tokio::task::spawn_blocking(move || telemetry.shutdown(timeout)).await;
        match flushed {
            Ok(report) if report.is_complete() => {}
            Ok(report) => eprintln!(
                "{}: the last spans or logs did not leave: {report:?}",
                self.about.name
            ),
            Err(panic) => eprintln!("{}: the flush failed: {panic}", self.about.name),
        }
    }
}
