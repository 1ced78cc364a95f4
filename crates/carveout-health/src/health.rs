use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use crate::dependency::{Dependency, Streak};
use crate::report::{DependencyReport, Report, State};

/// Where a service is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The start steps are under way.
    Starting,
    /// Calls are served.
    Serving,
    /// A stop was asked for: calls are still served, but none should be sent here any more.
    Draining,
    /// No new calls are taken; those under way may still end.
    Stopped,
}

/// What a subscriber follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Calls should not be sent here, for now.
    NotReady,
    /// Calls should be sent here.
    Ready,
    /// Calls will never be taken here again: nothing more follows.
    Stopped,
}

impl Readiness {
    /// Whether calls should be sent here.
    pub fn is_ready(self) -> bool {
        self == Readiness::Ready
    }

    fn of(report: &Report) -> Self {
        match report.phase {
            Phase::Stopped => Readiness::Stopped,
            _ if report.is_ready() => Readiness::Ready,
            _ => Readiness::NotReady,
        }
    }
}

/// A cheap handle to the health of one service; clones share it.
#[derive(Clone, Debug)]
pub struct Health {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    report: Mutex<Report>,
    readiness: watch::Sender<Readiness>,
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// A service that is starting and has no dependencies.
    pub fn new() -> Self {
        let report = Report {
            phase: Phase::Starting,
            dependencies: Vec::new(),
        };
        Self {
            shared: Arc::new(Shared {
                report: Mutex::new(report),
                readiness: watch::Sender::new(Readiness::NotReady),
            }),
        }
    }

    /// Registers `dependency` and checks it from now on, as long as any handle lives.
    ///
    /// # Panics
    /// Outside a tokio runtime: the checks run on the current one.
    pub fn watch_dependency<F, Fut, E>(&self, dependency: Dependency, check: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let check = Arc::new(check);
        let index = self.change(|report| {
            report.dependencies.push(DependencyReport {
                name: dependency.name.clone(),
                criticality: dependency.criticality,
                state: State::Unknown,
                last_error: String::new(),
            });
            report.dependencies.len() - 1
        });
        let shared = Arc::downgrade(&self.shared);
        tokio::spawn(async move {
            let mut streak = Streak::new(&dependency);
            loop {
                let outcome = check_once(check.clone(), dependency.timeout).await;
                // The checks hold no handle themselves, so they end with the service.
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                Health { shared }.record(index, &mut streak, outcome);
                tokio::time::sleep(dependency.interval).await;
            }
        });
    }

    /// Moves to `phase`, and tells the subscribers if that changes readiness.
    pub fn enter(&self, phase: Phase) {
        self.change(|report| report.phase = phase);
    }

    /// The state of everything at this moment.
    pub fn report(&self) -> Report {
        self.lock().clone()
    }

    /// Follows readiness. The receiver holds the current value and is woken by changes alone.
    pub fn subscribe(&self) -> watch::Receiver<Readiness> {
        self.shared.readiness.subscribe()
    }

    fn record(&self, index: usize, streak: &mut Streak, outcome: Result<(), String>) {
        self.change(|report| {
            let dependency = &mut report.dependencies[index];
            let before = dependency.state;
            dependency.state = streak.next(before, outcome.is_ok());
            dependency.last_error = outcome.err().unwrap_or_default();
            if dependency.state != before {
                tracing::info!(
                    dependency = dependency.name,
                    from = ?before,
                    to = ?dependency.state,
                    error = dependency.last_error,
                    "dependency changed state"
                );
            }
        });
    }

    fn change<T>(&self, change: impl FnOnce(&mut Report) -> T) -> T {
        let mut report = self.lock();
        let result = change(&mut report);
        let readiness = Readiness::of(&report);
        // Sent under the lock, so that the subscribers see changes in the order in which they
        // happened.
        self.shared
            .readiness
            .send_if_modified(|current| std::mem::replace(current, readiness) != readiness);
        result
    }

    /// A panic while the lock was held cannot leave a report half-changed, so the poison is
    /// ignored: health must keep answering.
    fn lock(&self) -> MutexGuard<'_, Report> {
        self.shared
            .report
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs one check in a task of its own: a check that panics has failed, and does not take the timer
/// with it.
async fn check_once<F, Fut, E>(check: Arc<F>, timeout: Duration) -> Result<(), String>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: Display,
{
    let mut task = tokio::spawn(async move { check().await.map_err(|error| error.to_string()) });
    match tokio::time::timeout(timeout, &mut task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(format!("the check itself failed: {panic}")),
        Err(_) => {
            task.abort();
            Err(format!("no answer within {timeout:?}"))
        }
    }
}
