use std::error::Error;
use std::fmt::{self, Write};
use tracing::field::{Field, Visit};

/// The value of a field, as the formats distinguish them.
pub(super) enum Value<'a> {
    Text(&'a str),
    /// Text that a type writes of itself.
    Written(fmt::Arguments<'a>),
    /// What JSON has a spelling of its own for: a number or a bool.
    Literal(fmt::Arguments<'a>),
}

/// Shows the message of an event to `each`, or its other fields.
pub(super) struct Fields<F> {
    pub(super) message: bool,
    pub(super) each: F,
}

impl<F: FnMut(&'static str, Value<'_>)> Fields<F> {
    fn show(&mut self, field: &Field, value: Value<'_>) {
        // `message` is what the macros call the text that they are given.
        if (field.name() == "message") == self.message {
            (self.each)(field.name(), value);
        }
    }
}

impl<F: FnMut(&'static str, Value<'_>)> Visit for Fields<F> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.show(field, Value::Text(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.show(field, Value::Literal(format_args!("{value}")));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.show(field, Value::Literal(format_args!("{value}")));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.show(field, Value::Literal(format_args!("{value}")));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        // Readers of JSON give up or round beyond 64 bits.
        self.show(field, Value::Written(format_args!("{value}")));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.show(field, Value::Written(format_args!("{value}")));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.show(field, Value::Literal(format_args!("{value}")));
        } else {
            self.show(field, Value::Written(format_args!("{value}")));
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.show(field, Value::Written(format_args!("{}", Causes(value))));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.show(field, Value::Written(format_args!("{value:?}")));
    }
}

/// An error with what caused it: most of the time the last one is the one to know.
struct Causes<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// Writes to `out` through `escape`, so that text that a type writes of itself needs no string of
/// its own.
pub(super) struct Escaped<'a> {
    pub(super) out: &'a mut String,
    pub(super) escape: fn(&mut String, &str),
}

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        (self.escape)(self.out, text);
        Ok(())
    }
}
