//! Signal handling and the stop watchdog, on a dedicated thread: even if the rest of the process is blocked,
//! a stop completes within its budget, and a second signal stops the process within a second.
//!
//! | signal | what it does |
//! |---|---|
//! | SIGTERM, SIGINT, SIGQUIT, SIGPWR | the first one drains and stops, the second one stops at once |
//! | SIGHUP | reads the configuration again |
//! | SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT, SIGXCPU, SIGXFSZ, real-time signals | nothing but a line in the log: their default is the end of the process without a drain |
//!
//! SIGPIPE is ignored by Rust's runtime. Signals that report a fault (SIGSEGV, SIGABRT, …) end the
//! process as they always do.

use std::io;
use std::time::Duration;

use rustix::process::Signal as Number;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::About;
use crate::reload::Reloader;
use crate::run::FAILED;
use crate::service::STUCK;
use crate::settings::LifecycleConfig;
use crate::{stderr, threads};
use carveout_config::Live;

/// How much longer than the sum of its steps' budgets a stop may take.
const STOP_MARGIN: Duration = Duration::from_secs(1);
/// How long a second signal leaves for the last log lines.
const INSISTED: Duration = Duration::from_secs(1);

const IGNORED: [Number; 8] = [
    Number::USR1,
    Number::USR2,
    Number::ALARM,
    Number::VTALARM,
    Number::PROF,
    Number::IO,
    Number::XCPU,
    Number::XFSZ,
];

/// What Linux alone has, by the numbers of all its architectures but MIPS and SPARC.
mod linux {
    pub(super) const POWER: i32 = 30;
    /// SIGSTKFLT, and the real-time signals.
    pub(super) fn ignored() -> impl Iterator<Item = i32> {
        std::iter::once(16).chain(34..=64)
    }
}

/// What a signal needs to know of a service that has its configuration.
#[derive(Clone)]
pub(crate) struct Obeyed {
    pub(crate) reloader: Reloader,
    pub(crate) lifecycle: Live<LifecycleConfig>,
}

impl Obeyed {
    /// How long all steps of a stop may take together.
    fn stop_budget(&self) -> Duration {
        let it = self.lifecycle.get();
        it.lame_duck + it.drain_timeout + STUCK + it.flush_timeout + STOP_MARGIN
    }
}

/// The signals that tell a process to stop, in the order in which they came.
pub(crate) struct Signals {
    stops: mpsc::Receiver<&'static str>,
    obeyed: watch::Sender<Option<Obeyed>>,
}

impl Signals {
    /// From here on no signal ends the process by itself but one that tells it to stop before
    /// [`obey`](Self::obey): nothing has begun then.
    pub(crate) fn listen(about: &About) -> io::Result<Self> {
        let (stop, stops) = mpsc::channel(2);
        let (obeyed, obeys) = watch::channel(None);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let caught = {
            let _runtime = runtime.enter();
            Caught::listen()?
        };
        let listener = Listener {
            name: about.name,
            stop,
            obeys,
            told: Vec::new(),
        };
        threads::start("signals", move || runtime.block_on(listener.attend(caught)))?;
        Ok(Self { stops, obeyed })
    }

    /// Hands over what signals act on. A SIGHUP that came before is obeyed now.
    pub(crate) fn obey(&self, obeyed: Obeyed) {
        self.obeyed.send_replace(Some(obeyed));
    }

    /// Waits for the next signal that tells the process to stop.
    pub(crate) async fn stop(&mut self) {
        match self.stops.recv().await {
            Some(signal) => tracing::info!(signal, "told to stop"),
            None => std::future::pending().await,
        }
    }
}

struct Caught {
    stops: Stops,
    hangup: Signal,
}

struct Stops {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    /// Where there is one.
    power: Option<Signal>,
}

impl Caught {
    fn listen() -> io::Result<Self> {
        let of = |number: Number| SignalKind::from_raw(number.as_raw());
        for number in IGNORED {
            ignore(of(number))?;
        }
        let on_linux = cfg!(target_os = "linux");
        for number in linux::ignored().filter(|_| on_linux) {
            // The C library keeps the first real-time signals for itself, musl one more than glibc.
            let _ = ignore(SignalKind::from_raw(number));
        }
        let stops = Stops {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            power: match on_linux {
                true => Some(signal(SignalKind::from_raw(linux::POWER))?),
                false => None,
            },
        };
        let hangup = signal(SignalKind::hangup())?;
        Ok(Self { stops, hangup })
    }
}

impl Stops {
    async fn next(&mut self) -> &'static str {
        let power = async {
            match &mut self.power {
                Some(power) => power.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.quit.recv() => "SIGQUIT",
            _ = power => "SIGPWR",
        }
    }
}

/// By a handler and not by `SIG_IGN`, which the process's children would inherit.
fn ignore(kind: SignalKind) -> io::Result<()> {
    let mut signals = signal(kind)?;
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            let number = kind.as_raw_value();
            tracing::warn!(number, "a signal was ignored; SIGTERM stops the service");
        }
    });
    Ok(())
}

struct Listener {
    name: &'static str,
    stop: mpsc::Sender<&'static str>,
    obeys: watch::Receiver<Option<Obeyed>>,
    /// When the process was told to stop.
    told: Vec<Instant>,
}

impl Listener {
    async fn attend(mut self, mut caught: Caught) {
        let mut reload_later = false;
        // False once the sender is dropped: the lifecycle has ended.
        let mut is_open = true;
        loop {
            let deadline = self.deadline();
            tokio::select! {
                name = caught.stops.next() => self.stop(name),
                _ = caught.hangup.recv() => match &*self.obeys.borrow() {
                    Some(obeyed) => reload(obeyed.reloader.clone()),
                    None => reload_later = true,
                },
                changed = self.obeys.changed(), if is_open => {
                    is_open = changed.is_ok();
                    if let Some(obeyed) = &*self.obeys.borrow_and_update()
                        && std::mem::take(&mut reload_later)
                    {
                        reload(obeyed.reloader.clone());
                    }
                }
                () = until(deadline) => {
                    // A reload may have changed the budget meanwhile.
                    if self.deadline().is_some_and(|deadline| deadline <= Instant::now()) {
                        self.end_now();
                    }
                }
            }
        }
    }

    fn stop(&mut self, name: &'static str) {
        if self.obeys.borrow().is_none() {
            // The configuration is still being read.
            signal_hook::low_level::exit(0);
        }
        self.told.push(Instant::now());
        // The channel holds two: further signals add nothing.
        let _ = self.stop.try_send(name);
    }

    /// When the process ends whether or not its lifecycle has come to its own end.
    fn deadline(&self) -> Option<Instant> {
        let budget = self.obeys.borrow().as_ref()?.stop_budget();
        let first = *self.told.first()? + budget;
        let second = self.told.get(1).map(|told| *told + INSISTED);
        Some(second.map_or(first, |second| second.min(first)))
    }

    /// Without destructors and exit handlers: one of them may be what the stop waits for.
    fn end_now(&self) -> ! {
        let why = "the stop took longer than its budget; the process ends without it";
        tracing::error!("{why}");
        stderr::line(format_args!("{}: {why}", self.name));
        signal_hook::low_level::exit(FAILED.into())
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The outcome is in the counters and in the log: a signal has nobody to answer to. Files can take as
/// long as what they lie on likes, and a stop must not wait for that.
fn reload(reloader: Reloader) {
    let kept = "configuration not reloaded, the last good one stays";
    let reload = move || match reloader.reload() {
        Ok(done) => tracing::info!(
            in_force = ?done.in_force,
            after_restart = ?done.after_restart,
            "configuration reloaded"
        ),
        Err(error) => tracing::error!(%error, "{kept}"),
    };
    if let Err(error) = threads::start("reload", reload) {
        tracing::error!(%error, "{kept}");
    }
}
