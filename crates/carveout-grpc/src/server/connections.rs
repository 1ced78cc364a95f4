use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use carveout_metrics::Metrics;
use carveout_metrics::prometheus_client::metrics::counter::Counter;
use carveout_metrics::prometheus_client::metrics::family::Family;
use carveout_metrics::prometheus_client::metrics::gauge::Gauge;

use crate::sparingly::Sparingly;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The caller closed it.
    Caller,
    /// It broke, or the caller broke the protocol.
    Error,
    /// The TLS handshake failed.
    Handshake,
    /// It never spoke HTTP/2, or not in time.
    Preface,
    /// It had no call for too long.
    Idle,
    /// It was old enough to be balanced anew.
    Age,
    /// The server is stopping.
    Stop,
    /// A call on it went on past its deadline, because its caller does not read.
    Overdue,
    /// It sent more control frames than any client needs.
    Flood,
    /// It was told to go and did not in time.
    Cut,
}

impl End {
    const ALL: [End; 10] = [
        End::Caller,
        End::Error,
        End::Handshake,
        End::Preface,
        End::Idle,
        End::Age,
        End::Stop,
        End::Overdue,
        End::Flood,
        End::Cut,
    ];

    fn label(self) -> &'static str {
        match self {
            End::Caller => "caller",
            End::Error => "error",
            End::Handshake => "handshake",
            End::Preface => "preface",
            End::Idle => "idle",
            End::Age => "age",
            End::Stop => "stop",
            End::Overdue => "overdue",
            End::Flood => "flood",
            End::Cut => "cut",
        }
    }
}

/// What the server loop counts.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionMetrics {
    open: Gauge,
    refused: Counter,
    accept_failures: Counter,
    closed: Family<[(&'static str, &'static str); 1], Counter>,
    handshakes: Arc<Sparingly>,
}

impl ConnectionMetrics {
    pub(super) fn register(metrics: &Metrics) -> Self {
        let own = Self::default();
        // From the start, so that the first of its kind is a rise from zero.
        for end in End::ALL {
            let _ = own.closed.get_or_create(&[("reason", end.label())]);
        }
        metrics.register(|registry| {
            let help = "Connections that are open";
            registry.register("rpc_server_connections", help, own.open.clone());
            let help = "Connections that were closed at once because there were too many";
            registry.register("rpc_server_connections_refused", help, own.refused.clone());
            let help = "Times that no connection could be accepted, for want of descriptors say";
            registry.register(
                "rpc_server_accept_failures",
                help,
                own.accept_failures.clone(),
            );
            let help = "Connections that have ended by the reason for it";
            registry.register("rpc_server_connections_closed", help, own.closed.clone());
        });
        own
    }

    pub(super) fn open(&self) -> usize {
        self.open.get().try_into().unwrap_or(0)
    }

    pub(super) fn opened(&self) {
        self.open.inc();
    }

    pub(super) fn closed(&self, end: End) {
        self.open.dec();
        self.closed.get_or_create(&[("reason", end.label())]).inc();
    }

    pub(super) fn handshake_failed(&self, peer: Option<SocketAddr>, error: &io::Error) {
        if let Some(others_before) = self.handshakes.pass() {
            let peer = peer.map(tracing::field::display);
            tracing::warn!(peer, %error, others_before, "TLS handshake failed");
        }
    }

    pub(super) fn refused(&self) {
        self.refused.inc();
    }

    pub(super) fn accept_failed(&self) {
        self.accept_failures.inc();
    }
}
