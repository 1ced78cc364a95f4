use super::place::Place;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Record};

/// What a span says of itself, kept until it is sent.
///
/// Fields are attributes but for those that OpenTelemetry has a place of its own for: `otel.name`,
/// `otel.kind`, `otel.status_code` and `otel.status_description`, as `tracing-opentelemetry` has
/// them.
#[derive(Debug)]
pub(super) struct Recording {
    name: Cow<'static, str>,
    kind: SpanKind,
    start: SystemTime,
    status: Status,
    attributes: Vec<KeyValue>,
}

impl Recording {
    pub(super) fn begin(attributes: &Attributes<'_>) -> Self {
        let mut recording = Self {
            name: attributes.metadata().name().into(),
            kind: SpanKind::Internal,
            start: SystemTime::now(),
            status: Status::Unset,
            attributes: Vec::new(),
        };
        attributes.record(&mut recording);
        recording
    }

    pub(super) fn add(&mut self, values: &Record<'_>) {
        values.record(self);
    }

    pub(super) fn end(self, place: &Place, scope: &InstrumentationScope) -> SpanData {
        let ids = place.show();
        let flags = if ids.sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::default()
        };
        SpanData {
            span_context: SpanContext::new(
                TraceId::from(ids.trace_id.0),
                SpanId::from(ids.span_id.0),
                flags,
                false,
                place.state().clone(),
            ),
            parent_span_id: place
                .parent()
                .map_or(SpanId::INVALID, |parent| SpanId::from(parent.0)),
            parent_span_is_remote: place.parent_is_remote(),
            span_kind: self.kind,
            name: self.name,
            start_time: self.start,
            end_time: SystemTime::now(),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: self.status,
            instrumentation_scope: scope.clone(),
        }
    }

    fn set(&mut self, field: &Field, value: Value) {
        self.attributes.push(KeyValue::new(field.name(), value));
    }

    fn set_text(&mut self, field: &Field, text: Cow<'_, str>) {
        match field.name() {
            "otel.name" => self.name = text.into_owned().into(),
            "otel.kind" => self.kind = kind(&text),
            "otel.status_code" => match &*text.to_ascii_lowercase() {
                "ok" => self.status = Status::Ok,
                "error" if !matches!(self.status, Status::Error { .. }) => {
                    self.status = Status::error("");
                }
                _ => {}
            },
            "otel.status_description" => self.status = Status::error(text.into_owned()),
            _ => self.set(field, text.into_owned().into()),
        }
    }
}

fn kind(text: &str) -> SpanKind {
    match &*text.to_ascii_lowercase() {
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

impl Visit for Recording {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set_text(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    /// OpenTelemetry knows no number above that of an `i64`.
    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.set(field, value.into()),
            Err(_) => self.set(field, value.to_string().into()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set_text(field, value.to_string().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set_text(field, format!("{value:?}").into());
    }
}
