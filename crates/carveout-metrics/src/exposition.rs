use crate::format::Format;
use crate::prometheus_text;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::registry::Registry;
use std::fmt;

/// The answer to one scrape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposition {
    /// The value for the `content-type` header.
    pub content_type: &'static str,
    /// The text of all metrics.
    pub body: String,
}

impl Exposition {
    pub(crate) fn of(registry: &Registry, format: Format) -> Self {
        let mut body = String::new();
        let written = write(registry, format, &mut body);
        if written.is_err() {
            // Part of a scrape would pass for a whole one, in which everything else has gone quiet.
            // This line is one that no scraper reads, in either format: it calls the target down,
            // which is seen.
            body.push_str("a collector failed and the metrics after it are missing\n");
        }
        Self {
            content_type: format.content_type(),
            body,
        }
    }
}

fn write(registry: &Registry, format: Format, body: &mut String) -> fmt::Result {
    match format {
        Format::OpenMetrics => {
            encode_registry(body, registry)?;
            encode_eof(body)
        }
        Format::PrometheusText => {
            let mut openmetrics = String::new();
            let written = encode_registry(&mut openmetrics, registry);
            *body = prometheus_text::from_openmetrics(&openmetrics);
            written
        }
    }
}
