use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};
use std::fmt::{self, Display, Write};

/// A trace id has 32 digits.
const CAPACITY: usize = 32;

/// The only label of an exemplar, held in place: recording a call allocates nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceLabel {
    digits: [u8; CAPACITY],
    len: usize,
}

impl TraceLabel {
    /// None if this is no trace id: a label of an exemplar may not be longer than 128 characters,
    /// and what is not ASCII would have to be cut with care. There is no use in either.
    pub(super) fn new(trace_id: impl Display) -> Option<Self> {
        let mut label = Self {
            digits: [0; CAPACITY],
            len: 0,
        };
        write!(label, "{trace_id}").ok()?;
        (label.len > 0).then_some(label)
    }
}

impl Write for TraceLabel {
    fn write_str(&mut self, digits: &str) -> fmt::Result {
        let end = self.len + digits.len();
        let room = self.digits.get_mut(self.len..end).ok_or(fmt::Error)?;
        if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(fmt::Error);
        }
        room.copy_from_slice(digits.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl EncodeLabelSet for TraceLabel {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let digits = str::from_utf8(&self.digits[..self.len]).map_err(|_| fmt::Error)?;
        ("trace_id", digits).encode(encoder.encode_label())
    }
}

#[cfg(test)]
mod tests {
    use super::TraceLabel;

    #[test]
    fn only_what_looks_like_a_trace_id_is_one() {
        assert!(TraceLabel::new("4bf92f3577b34da6a3ce929d0e0e4736").is_some());
        assert!(TraceLabel::new(format_args!("{:032x}", 7)).is_some());
        for text in [
            "",
            "4bf92f3577b34da6a3ce929d0e0e47361",
            "a\"b",
            "caf\u{e9}",
            "a b",
        ] {
            assert!(TraceLabel::new(text).is_none(), "{text}");
        }
    }
}
