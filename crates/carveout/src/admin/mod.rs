//! The admin port: HTTP/1.1 on a thread of its own, so that it answers while every worker is
//! jammed.

mod browser;
mod connections;
mod control;
mod exchange;
mod health;
mod page;
mod pages;
mod port;
mod profile;
mod reports;
mod spare;
mod trust;
mod work;

use std::sync::{Arc, OnceLock};

use carveout_grpc::{Admission, Quota, SlowCalls};
use carveout_health::Health;
use carveout_metrics::Metrics;
use tokio::runtime::Handle;

use crate::About;
use crate::reload::Reloader;

pub(crate) use browser::is_host_name;
pub(crate) use port::AdminPort;
pub(crate) use work::Work;

/// What the admin port shows and controls.
pub(crate) struct Admin {
    pub(crate) about: About,
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    pub(crate) slow: SlowCalls,
    /// Set when the server is.
    pub(crate) admission: Arc<OnceLock<Admission>>,
    pub(crate) quota: Arc<OnceLock<Quota>>,
    pub(crate) reloader: Reloader,
    /// The pool that handlers run on, for the one page that tells whether it is stuck.
    pub(crate) workers: Handle,
    pub(crate) work: Work,
}
