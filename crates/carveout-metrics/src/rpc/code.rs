/// A status code of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(usize);

/// By their number on the wire.
const NAMES: [&str; Code::COUNT] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl Code {
    pub(super) const COUNT: usize = 17;
    pub(super) const CANCELLED: Self = Self(1);
    const UNKNOWN: Self = Self(2);

    /// What is not a code of gRPC is `UNKNOWN`, as the protocol has it, and makes no series of its
    /// own.
    pub(super) fn named(name: &str) -> Self {
        NAMES
            .iter()
            .position(|known| *known == name)
            .map_or(Self::UNKNOWN, Self)
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Whether OpenTelemetry counts it as an error of the server:
    /// <https://opentelemetry.io/docs/specs/semconv/rpc/grpc/>.
    pub(super) fn is_fault(self) -> bool {
        matches!(
            self.name(),
            "UNKNOWN"
                | "DEADLINE_EXCEEDED"
                | "UNIMPLEMENTED"
                | "INTERNAL"
                | "UNAVAILABLE"
                | "DATA_LOSS"
        )
    }

    pub(super) fn name(self) -> &'static str {
        NAMES[self.0]
    }

    pub(super) fn index(self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn a_name_is_a_code_or_unknown() {
        for code in Code::all() {
            assert_eq!(Code::named(code.name()), code);
        }
        assert_eq!(Code::named("CANCELLED"), Code::CANCELLED);
        for name in ["", "ok", "CANCELED", "0"] {
            assert_eq!(Code::named(name).name(), "UNKNOWN");
        }
    }
}
