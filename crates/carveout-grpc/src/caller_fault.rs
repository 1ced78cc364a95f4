use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tonic::Code;

/// What a caller did that decides the outcome of its call, whatever status the handler answers with.
///
/// The request body writes it, on whichever task reads it; the layers read it when the answer ends.
/// The first fault of a call stays. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallerFault(Arc<State>);

#[derive(Debug, Default)]
struct State {
    fault: AtomicU8,
    /// Whether the codec was given bytes since it last asked for some.
    to_decode: AtomicBool,
    /// Whether the call ended before its handler answered.
    abandoned: AtomicBool,
}

const CANCELLED: u8 = 1;
const INVALID_REQUEST: u8 = 2;
const TIMEOUT_TOO_SHORT: u8 = 3;

impl CallerFault {
    /// The caller reset the stream, or its connection ended, before its request was whole.
    pub(crate) fn set_cancelled(&self) {
        self.set(CANCELLED);
    }

    /// The request breaks the protocol or cannot be decoded.
    pub(crate) fn set_invalid_request(&self) {
        self.set(INVALID_REQUEST);
    }

    /// The caller's time-out is shorter than any call takes.
    pub(crate) fn set_timeout_too_short(&self) {
        self.set(TIMEOUT_TOO_SHORT);
    }

    /// The call has ended, and its handler has not answered.
    pub(crate) fn set_abandoned(&self) {
        self.0.abandoned.store(true, Ordering::Release);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.abandoned.load(Ordering::Acquire)
    }

    /// The codec gets bytes of the request.
    pub(crate) fn set_to_decode(&self) {
        self.0.to_decode.store(true, Ordering::Release);
    }

    /// The codec asks for more of the request: it has decoded what it was given.
    pub(crate) fn set_decoded(&self) {
        self.0.to_decode.store(false, Ordering::Release);
    }

    /// Whether the codec never asked for more after it was last given some: it has failed, or the
    /// handler has enough.
    pub(crate) fn is_to_decode(&self) -> bool {
        self.0.to_decode.load(Ordering::Acquire)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.get() == CANCELLED
    }

    /// Whether an outcome of `code` is the caller's fault, and not the server's.
    pub(crate) fn explains(&self, code: Code) -> bool {
        match self.get() {
            CANCELLED | INVALID_REQUEST => true,
            TIMEOUT_TOO_SHORT => code == Code::DeadlineExceeded,
            _ => false,
        }
    }

    fn get(&self) -> u8 {
        self.0.fault.load(Ordering::Acquire)
    }

    fn set(&self, fault: u8) {
        let state = &self.0.fault;
        let _ = state.compare_exchange(0, fault, Ordering::AcqRel, Ordering::Acquire);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_timeout_explains_nothing_but_the_deadline() {
        let fault = CallerFault::default();
        assert!(!fault.explains(Code::Internal));
        fault.set_timeout_too_short();
        assert!(fault.explains(Code::DeadlineExceeded));
        assert!(!fault.explains(Code::Internal));
        fault.set_invalid_request();
        assert!(!fault.explains(Code::Internal), "the first fault stays");
    }
}
