use crate::filter::{ActiveFilter, Filter, FilterError};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How long another log level is in force when nothing is said: 15 minutes.
pub const DEFAULT_OVERRIDE: Duration = Duration::from_secs(15 * 60);

/// The longest that another log level can be in force: 4 hours. What is to last belongs in the
/// configuration.
pub const MAX_OVERRIDE: Duration = Duration::from_secs(4 * 60 * 60);

/// A log level that cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LogControlError {
    /// The filter is not one.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The duration is zero, or above [`MAX_OVERRIDE`].
    #[error(
        "another log level is in force for up to {}, not {}",
        humantime::format_duration(MAX_OVERRIDE),
        humantime::format_duration(*.0)
    )]
    Duration(Duration),
}

/// What is logged just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLevel {
    /// The filter in force.
    pub filter: String,
    /// The filter of the configuration.
    pub configured: String,
    /// How long until the configured filter is in force again, if another one is now.
    pub expires_in: Option<Duration>,
}

/// Changes the log level of a running service, for a while. A handle, cheap to clone.
///
/// The configured level comes back by itself: nobody has to remember, and a full disk is not the
/// price of having looked at something. A thread waits for that, only as long as there is something
/// to wait for; it needs no runtime, so that it happens with every worker jammed.
#[derive(Clone)]
pub struct LogControl(Arc<Shared>);

struct Shared {
    active: ActiveFilter,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    configured: Filter,
    other: Option<Override>,
    /// Whether a thread waits for the end of the override.
    watched: bool,
}

struct Override {
    filter: Filter,
    until: Instant,
}

impl LogControl {
    pub(crate) fn new(active: ActiveFilter, configured: Filter) -> Self {
        let state = State {
            configured,
            other: None,
            watched: false,
        };
        Self(Arc::new(Shared {
            active,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// Logs what `filter` says for this long, then what is configured. Replaces what was set
    /// before.
    ///
    /// The grammar is that of [`crate::TelemetryConfig::log_level`].
    ///
    /// # Errors
    ///
    /// If the filter cannot be read, or the duration is zero or above [`MAX_OVERRIDE`]. Nothing has
    /// changed then.
    pub fn set(&self, filter: &str, for_: Duration) -> Result<(), LogControlError> {
        self.set_at(Instant::now(), filter, for_)?;
        self.watch();
        Ok(())
    }

    /// Back to the configured level, now.
    pub fn reset(&self) {
        self.set_back(&mut self.lock());
    }

    /// A new configured level, as after a reload. An override stays in force until it expires.
    ///
    /// # Errors
    ///
    /// If the filter cannot be read. Nothing has changed then.
    pub fn configure(&self, filter: &str) -> Result<(), FilterError> {
        let filter = Filter::parse(filter)?;
        let mut state = self.lock();
        if state.other.is_none() {
            self.0.active.set(&filter);
        }
        state.configured = filter;
        Ok(())
    }

    /// What is logged just now, and until when.
    pub fn current(&self) -> LogLevel {
        self.lock().level(Instant::now())
    }

    /// Returns to the configured level if it is time. True if it did.
    ///
    /// [`set`](Self::set) has this done in time; there is no need to call it.
    pub fn expire_due(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let due = state.other.as_ref().is_some_and(|other| other.until <= now);
        if due {
            self.set_back(&mut state);
        }
        due
    }

    fn set_at(&self, now: Instant, filter: &str, for_: Duration) -> Result<(), LogControlError> {
        let filter = Filter::parse(filter)?;
        if for_.is_zero() || for_ > MAX_OVERRIDE {
            return Err(LogControlError::Duration(for_));
        }
        let mut state = self.lock();
        self.0.active.set(&filter);
        let until = now + for_;
        state.other = Some(Override { filter, until });
        // The thread may be waiting for a later moment than this.
        self.0.changed.notify_all();
        Ok(())
    }

    fn set_back(&self, state: &mut State) {
        state.other = None;
        self.0.active.set(&state.configured);
        self.0.changed.notify_all();
    }

    fn watch(&self) {
        let mut state = self.lock();
        if state.watched {
            return;
        }
        let control = self.clone();
        let thread = thread::Builder::new().name("log-level".to_owned());
        // Without a thread the level would stay for ever, which is worse than not having it.
        match thread.spawn(move || control.wait_for_expiry()) {
            Ok(_) => state.watched = true,
            Err(_) => self.set_back(&mut state),
        }
    }

    fn wait_for_expiry(&self) {
        let mut state = self.lock();
        while let Some(until) = state.other.as_ref().map(|other| other.until) {
            let remaining = until.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                self.set_back(&mut state);
            } else {
                let waited = self.0.changed.wait_timeout(state, remaining);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        state.watched = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn level(&self, now: Instant) -> LogLevel {
        let filter = self
            .other
            .as_ref()
            .map_or(&self.configured, |other| &other.filter);
        let expires_in = self
            .other
            .as_ref()
            .map(|other| other.until.saturating_duration_since(now));
        LogLevel {
            filter: filter.text().to_owned(),
            configured: self.configured.text().to_owned(),
            expires_in,
        }
    }
}

/// `info`, or `debug (configured: info, which returns in 14m 59s)`.
impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.filter)?;
        let Some(left) = self.expires_in else {
            return Ok(());
        };
        let left = humantime::format_duration(Duration::from_secs(left.as_secs()));
        write!(
            f,
            " (configured: {}, which returns in {left})",
            self.configured
        )
    }
}

impl fmt::Debug for LogControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogControl").field(&self.current()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{LogControl, LogControlError, MAX_OVERRIDE};
    use crate::filter::{ActiveFilter, Filter};
    use std::time::{Duration, Instant};

    fn control(configured: &str) -> LogControl {
        let filter = Filter::parse(configured).expect(configured);
        LogControl::new(ActiveFilter::new(&filter), filter)
    }

    #[test]
    fn the_configured_level_returns_when_it_is_time() {
        let control = control("info");
        let start = Instant::now();
        let minute = Duration::from_secs(60);

        control.set_at(start, "debug", minute).expect("a level");
        let level = control.lock().level(start + Duration::from_millis(500));
        assert_eq!(
            level.to_string(),
            "debug (configured: info, which returns in 59s)"
        );
        assert!(!control.expire_due(start + minute - Duration::from_nanos(1)));
        assert_eq!(control.current().filter, "debug");
        assert!(control.expire_due(start + minute));
        let level = control.current();
        assert_eq!(level.to_string(), "info");
        assert_eq!(level.expires_in, None);
        assert!(!control.expire_due(start + minute));
    }

    #[test]
    fn the_last_override_counts_and_a_reload_waits_for_its_end() {
        let control = control("info");
        let start = Instant::now();
        control
            .set_at(start, "debug", Duration::from_secs(60))
            .expect("a level");
        control
            .set_at(start, "trace", Duration::from_secs(10))
            .expect("a level");
        control.configure("warn").expect("a level");
        assert_eq!(control.current().filter, "trace");
        assert!(control.expire_due(start + Duration::from_secs(10)));
        assert_eq!(control.current().filter, "warn");
        control
            .set_at(start, "debug", Duration::from_secs(60))
            .expect("a level");
        control.reset();
        assert_eq!(control.current().filter, "warn");
    }

    #[test]
    fn a_mistake_changes_nothing() {
        let control = control("info");
        for (filter, for_) in [
            ("loud", Duration::from_secs(1)),
            ("debug", Duration::ZERO),
            ("debug", MAX_OVERRIDE * 2),
        ] {
            control.set(filter, for_).expect_err(filter);
            assert_eq!(control.current().filter, "info");
        }
        let error = LogControlError::Duration(MAX_OVERRIDE * 2);
        assert_eq!(
            error.to_string(),
            "another log level is in force for up to 4h, not 8h"
        );
    }
}
