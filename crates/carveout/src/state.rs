use std::fmt;

use carveout_config::Config;
use carveout_grpc::Blocking;
use carveout_health::{Criticality, Health, State};
use carveout_telemetry::StatsReader;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::stderr;

/// What the leaves count for themselves, read when a scrape asks: they know nothing of metrics.
pub(crate) struct StateMetrics {
    pub(crate) config: Config,
    pub(crate) health: Health,
    pub(crate) blocking: Blocking,
    /// Absent where somebody else set the telemetry up.
    pub(crate) telemetry: Option<StatsReader>,
}

impl Collector for StateMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let reloads = self.config.reload_counts();
        let help = "Reloads of the configuration by their outcome";
        let mut family = describe(&mut encoder, "config_reloads", help, MetricType::Counter)?;
        for (outcome, count) in [
            ("applied", reloads.applied),
            ("unchanged", reloads.unchanged),
            ("rejected", reloads.rejected),
        ] {
            ConstCounter::new(count).encode(family.encode_family(&[("outcome", outcome)])?)?;
        }

        let gauges = [
            (
                "blocking_running",
                "Blocking work that runs.",
                self.blocking.running(),
            ),
            (
                "blocking_waiting",
                "Calls that wait for a place for their blocking work.",
                self.blocking.waiting(),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = describe(&mut encoder, name, help, MetricType::Gauge)?;
            ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(gauge)?;
        }

        let report = self.health.report();
        let help = "Whether calls should be sent here";
        let ready = describe(&mut encoder, "health_ready", help, MetricType::Gauge)?;
        ConstGauge::new(i64::from(report.is_ready())).encode(ready)?;

        if !report.dependencies.is_empty() {
            let help = "Whether the last checks of the dependency passed";
            let mut family = describe(
                &mut encoder,
                "health_dependency_up",
                help,
                MetricType::Gauge,
            )?;
            for dependency in &report.dependencies {
                let criticality = match dependency.criticality {
                    Criticality::Critical => "critical",
                    Criticality::Optional => "optional",
                };
                let labels = [
                    ("dependency", dependency.name.as_str()),
                    ("criticality", criticality),
                ];
                let up = dependency.state == State::Up;
                ConstGauge::new(i64::from(up)).encode(family.encode_family(&labels)?)?;
            }
        }

        if let Some(telemetry) = &self.telemetry {
            let stats = telemetry.read();
            for (name, help, count) in [
                (
                    "telemetry_spans_exported",
                    "Spans the receiver took",
                    stats.spans_exported,
                ),
                (
                    "telemetry_spans_dropped",
                    "Spans that were lost",
                    stats.spans_dropped,
                ),
                (
                    "log_lines_dropped",
                    "Log lines, and lines on standard error, that were lost",
                    stats.log_lines_dropped + stderr::dropped(),
                ),
            ] {
                let counter = describe(&mut encoder, name, help, MetricType::Counter)?;
                ConstCounter::new(count).encode(counter)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for StateMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateMetrics").finish_non_exhaustive()
    }
}

fn describe<'a>(
    encoder: &'a mut DescriptorEncoder<'_>,
    name: &'a str,
    help: &str,
    kind: MetricType,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, kind)
}
