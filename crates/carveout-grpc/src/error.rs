use std::sync::LazyLock;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::sparingly::Sparingly;

/// Why a call failed, for a program: UPPER_SNAKE_CASE, at most 63 characters, stable once released
/// ([AIP-193](https://google.aip.dev/193)).
///
/// A service keeps its reasons as constants in one place, which is its registry:
///
/// ```
/// use carveout_grpc::Reason;
/// const ITEM_NOT_FOUND: Reason = Reason::new("ITEM_NOT_FOUND");
/// # assert_eq!(ITEM_NOT_FOUND.as_str(), "ITEM_NOT_FOUND");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason(&'static str);

impl Reason {
    /// The caller cancelled the call, or its connection ended, before its request was whole.
    pub const CALL_CANCELLED: Reason = Reason::new("CALL_CANCELLED");
    /// The caller is known, and no rule of the access policy allows it this method.
    pub const CALLER_NOT_ALLOWED: Reason = Reason::new("CALLER_NOT_ALLOWED");
    /// The caller has not proved who it is.
    pub const CALLER_UNKNOWN: Reason = Reason::new("CALLER_UNKNOWN");
    /// The deadline ended before the call did.
    pub const DEADLINE_EXCEEDED: Reason = Reason::new("DEADLINE_EXCEEDED");
    /// The call could not have been answered by its deadline, and was not begun.
    pub const DOOMED: Reason = Reason::new("DOOMED");
    /// The server is about to close the connection that the call came on.
    pub const DRAINING: Reason = Reason::new("DRAINING");
    /// A field of the request is not what it has to be; the details name it.
    pub const INVALID_FIELD: Reason = Reason::new("INVALID_FIELD");
    /// The request breaks gRPC's framing, cannot be inflated, or does not have as many messages as
    /// the method takes.
    pub const INVALID_REQUEST: Reason = Reason::new("INVALID_REQUEST");
    /// The `grpc-timeout` header is not one that the protocol knows.
    pub const INVALID_TIMEOUT: Reason = Reason::new("INVALID_TIMEOUT");
    /// A message is larger than the server takes or gives.
    pub const MESSAGE_TOO_LARGE: Reason = Reason::new("MESSAGE_TOO_LARGE");
    /// The service has no such method.
    pub const METHOD_NOT_FOUND: Reason = Reason::new("METHOD_NOT_FOUND");
    /// The request is not a POST of `application/grpc`.
    pub const NOT_GRPC: Reason = Reason::new("NOT_GRPC");
    /// More calls than the service can answer; nothing was done for this one.
    pub const OVERLOADED: Reason = Reason::new("OVERLOADED");
    /// The handler panicked.
    pub const PANIC: Reason = Reason::new("PANIC");
    /// The caller has made more calls than it may; nothing was done for this one.
    pub const QUOTA_EXCEEDED: Reason = Reason::new("QUOTA_EXCEEDED");
    /// The request's `grpc-encoding` is not one that the server takes.
    pub const UNSUPPORTED_ENCODING: Reason = Reason::new("UNSUPPORTED_ENCODING");

    /// A reason.
    ///
    /// # Panics
    /// When `reason` breaks AIP-193's form; in a constant that is a compile error.
    pub const fn new(reason: &'static str) -> Self {
        let bytes = reason.as_bytes();
        assert!(
            !bytes.is_empty() && bytes.len() <= 63,
            "a reason has 1 to 63 characters"
        );
        assert!(
            bytes[0].is_ascii_uppercase(),
            "a reason begins with an upper-case letter"
        );
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            assert!(
                byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_',
                "a reason is UPPER_SNAKE_CASE"
            );
            at += 1;
        }
        Self(reason)
    }

    /// The reason as it goes over the wire.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// A failed call: what the caller's program needs (code, reason, metadata) and a sentence for
/// whoever reads it.
///
/// It becomes a [`tonic::Status`] that carries one `ErrorInfo`. The server fills in the service's
/// name as the error's domain.
#[derive(Clone, Debug)]
pub struct Error {
    code: Code,
    reason: Reason,
    message: String,
    details: Box<ErrorDetails>,
    metadata: Vec<(String, String)>,
    /// In milliseconds; -1 is never.
    pushback: Option<i32>,
}

/// What a gRPC client with a retry policy obeys. The
/// [proposal A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback) has it, as a
/// number of 32 bits: one that is larger makes a client of Java never come back, and one of Node at once.
static PUSHBACK: &str = "grpc-retry-pushback-ms";

static CAUSES_LOGGED: LazyLock<Sparingly> = LazyLock::new(Sparingly::default);

impl Error {
    /// An error with `code`, `reason` and a sentence that a developer of the caller can act on.
    pub fn new(code: Code, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Box::default(),
            metadata: Vec::new(),
            pushback: None,
        }
    }

    /// NOT_FOUND.
    pub fn not_found(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, reason, message)
    }

    /// INVALID_ARGUMENT that names the field of the request, and what is wrong with it.
    pub fn invalid_field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        let (field, problem) = (field.into(), problem.into());
        let mut error = Self::new(
            Code::InvalidArgument,
            Reason::INVALID_FIELD,
            format!("{field}: {problem}"),
        );
        error.details.add_bad_request_violation(field, problem);
        error
    }

    /// RESOURCE_EXHAUSTED that names who has used its quota up, and what that is. It is for the
    /// caller's own quota alone: a service that has too much to do is UNAVAILABLE.
    pub fn quota_exceeded(caller: impl Into<String>, quota: impl Into<String>) -> Self {
        let (caller, quota) = (caller.into(), quota.into());
        let mut error = Self::new(
            Code::ResourceExhausted,
            Reason::QUOTA_EXCEEDED,
            format!("{caller} is over its quota of {quota}"),
        )
        .with("caller", caller.as_str());
        error.details.add_quota_failure_violation(caller, quota);
        error
    }

    /// Logs `cause` and all that caused it, in the span of the call, once a second at most. No caller sees it: what a driver
    /// says can have addresses and statements in it.
    pub fn caused_by(self, cause: impl std::error::Error) -> Self {
        let mut causes = cause.to_string();
        let mut source = cause.source();
        while let Some(deeper) = source {
            causes.push_str(": ");
            causes.push_str(&deeper.to_string());
            source = deeper.source();
        }
        // A dependency that is down fails every call.
        if let Some(others_before) = CAUSES_LOGGED.pass() {
            tracing::warn!(
                reason = self.reason.0,
                cause = causes,
                others_before,
                "call failed"
            );
        }
        self
    }

    /// Adds a pair that a program can read, an id say. Never put personal data or secrets here.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// Tells the caller how long to wait before it tries again: its program, and its gRPC client if
    /// that has a retry policy. To that one, 24 days are the most that can be told.
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.details.set_retry_info(Some(delay));
        self.pushback = Some(i32::try_from(delay.as_millis()).unwrap_or(i32::MAX));
        self
    }

    /// Tells the caller's gRPC client not to try again, whatever its retry policy says.
    pub fn never_retry(mut self) -> Self {
        self.pushback = Some(-1);
        self
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let mut details = error.details;
        // The domain is left empty: the server's `Explain` layer knows the service's name.
        details.set_error_info(
            error.reason.as_str(),
            "",
            error
                .metadata
                .into_iter()
                .collect::<std::collections::HashMap<_, _>>(),
        );
        let mut status = Status::with_error_details(error.code, error.message, *details);
        if let Some(pushback) = error.pushback {
            status.metadata_mut().insert(PUSHBACK, pushback.into());
        }
        status
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}: {}",
            code_name(self.code),
            self.reason.as_str(),
            self.message
        )
    }
}

impl std::error::Error for Error {}

/// The code as the gRPC specification spells it, `NOT_FOUND` say.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_no_delay_that_it_cannot_read() {
        let told = |delay| {
            let error =
                Error::new(Code::Unavailable, Reason::OVERLOADED, "later").retry_after(delay);
            let status = Status::from(error);
            let details = status.get_details_retry_info().unwrap();
            let pushback = status.metadata().get(PUSHBACK).unwrap();
            (
                details.retry_delay.unwrap(),
                pushback.to_str().unwrap().to_owned(),
            )
        };
        let (short, long) = (
            Duration::from_micros(1_500),
            Duration::from_secs(86_400 * 365),
        );
        assert_eq!(told(short), (short, "1".to_owned()));
        assert_eq!(told(long), (long, "2147483647".to_owned()));
        assert_eq!(told(Duration::MAX).1, "2147483647");
    }
}
