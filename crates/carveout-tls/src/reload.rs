use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use carveout_grpc::TlsConfig;
use carveout_metrics::Metrics;
use carveout_metrics::prometheus_client::metrics::counter::Counter;
use carveout_metrics::prometheus_client::metrics::family::Family;
use carveout_metrics::prometheus_client::metrics::gauge::Gauge;
use carveout_metrics::prometheus_client::registry::Unit;

use crate::certificate::Facts;
use crate::error::TlsError;
use crate::files::{Contents, Paths};
use crate::session::Session;

/// The files, and what they were when they were last looked at.
pub(crate) struct Source {
    paths: Paths,
    require_client_certificate: bool,
    seen: Contents,
    /// The last problem that was told, so that it is told once.
    told: Option<String>,
    metrics: FileMetrics,
}

impl Source {
    pub(crate) fn open(config: &TlsConfig, metrics: &Metrics) -> Result<(Self, Session), TlsError> {
        let paths = Paths::of(config);
        let seen = paths.read()?;
        let material = paths.parse(&seen)?;
        let facts = material.facts.clone();
        let session = Session::new(&paths, material, config.require_client_certificate)?;
        let metrics = FileMetrics::register(metrics);
        metrics.in_use(&facts);
        let source = Self {
            paths,
            require_client_certificate: config.require_client_certificate,
            seen,
            told: None,
            metrics,
        };
        Ok((source, session))
    }

    /// What the files come to, if they have changed. It reads them, so it blocks.
    fn look(&mut self) -> Option<Session> {
        match self.next() {
            Ok(None) => {
                self.told = None;
                None
            }
            Ok(Some((session, facts))) => {
                self.told = None;
                self.metrics.in_use(&facts);
                self.metrics.reloads("applied").inc();
                let expires = humantime::format_rfc3339_seconds(facts.not_after);
                tracing::info!(identity = %facts.identity, %expires, "new TLS files are in use");
                Some(session)
            }
            Err(error) => {
                let text = error.to_string();
                if self.told.as_ref() != Some(&text) {
                    self.metrics.reloads("rejected").inc();
                    tracing::error!(
                        error = text,
                        "TLS files not reloaded, the last good ones stay"
                    );
                    self.told = Some(text);
                }
                None
            }
        }
    }

    fn next(&mut self) -> Result<Option<(Session, Facts)>, TlsError> {
        let contents = self.paths.read()?;
        if contents == self.seen {
            return Ok(None);
        }
        let material = self.paths.parse(&contents)?;
        let facts = material.facts.clone();
        let session = Session::new(&self.paths, material, self.require_client_certificate)?;
        // Files that cannot be used yet, the new certificate beside the old key say, are looked at
        // until they can.
        self.seen = contents;
        Ok(Some((session, facts)))
    }
}

/// Looks at the files every `interval` until nobody uses what they come to.
///
/// They are compared by their content: Kubernetes swaps a link, others write in place, and times
/// stamps tell neither reliably.
pub(crate) async fn keep(mut source: Source, current: Weak<ArcSwap<Session>>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        if current.strong_count() == 0 {
            return;
        }
        let looked = tokio::task::spawn_blocking(move || {
            let session = source.look();
            (source, session)
        });
        // It ends early only with the runtime.
        let Ok((back, session)) = looked.await else {
            return;
        };
        source = back;
        if let (Some(session), Some(current)) = (session, current.upgrade()) {
            current.store(Arc::new(session));
        }
    }
}

struct FileMetrics {
    expiry: Gauge<f64, AtomicU64>,
    reloads: Family<[(&'static str, &'static str); 1], Counter>,
}

impl FileMetrics {
    fn register(metrics: &Metrics) -> Self {
        let own = Self {
            expiry: Gauge::default(),
            reloads: Family::default(),
        };
        // From the start, so that the first of its kind is a rise from zero.
        for outcome in ["applied", "rejected"] {
            let _ = own.reloads(outcome);
        }
        metrics.register(|registry| {
            registry.register_with_unit(
                "tls_certificate_expiry_timestamp",
                "When the certificate in use expires, in seconds since 1970",
                Unit::Seconds,
                own.expiry.clone(),
            );
            let help = "Changes of the TLS files by what came of them";
            registry.register("tls_reloads", help, own.reloads.clone());
        });
        own
    }

    fn in_use(&self, facts: &Facts) {
        let since = facts.not_after.duration_since(SystemTime::UNIX_EPOCH);
        self.expiry.set(since.unwrap_or_default().as_secs_f64());
    }

    fn reloads(&self, outcome: &'static str) -> Counter {
        self.reloads.get_or_create_owned(&[("outcome", outcome)])
    }
}
