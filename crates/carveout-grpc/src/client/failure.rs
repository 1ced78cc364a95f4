//! What a call ends with whose connection or stream fails.

use std::error::Error;
use std::fmt::Display;
use std::io;

use h2::Reason;
use tonic::{Code, ConnectError, Status, TimeoutExpired};

use crate::deadline;

/// The status for `error`, from its chain of causes.
///
/// UNAVAILABLE invites a retry, so it is for calls that were certainly not processed (no connection,
/// REFUSED_STREAM, GOAWAY) and for the one ambiguous case for which
/// [gRPC asks for it](https://github.com/grpc/grpc/blob/master/doc/statuscodes.md): a connection that
/// breaks. Unrecognized errors are UNKNOWN.
///
/// tonic has a mapping too, but for clients it depends on a feature for servers.
pub(crate) fn status_of(error: &(dyn Error + 'static)) -> Status {
    let mut cause = error;
    loop {
        if let Some(status) = recognized(cause) {
            return status;
        }
        match cause.source() {
            Some(deeper) => cause = deeper,
            // The innermost cause says the most.
            None => return Status::unknown(format!("the call failed: {cause}")),
        }
    }
}

fn recognized(error: &(dyn Error + 'static)) -> Option<Status> {
    if error.is::<TimeoutExpired>() {
        // tonic's transport reads `grpc-timeout` too and may be the first to notice.
        return Some(deadline::exceeded());
    }
    if let Some(error) = error.downcast_ref::<ConnectError>() {
        return Some(unreachable(innermost(error)));
    }
    if let Some(error) = error.downcast_ref::<h2::Error>() {
        return Some(of_http2(error));
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        // hyper cancels calls when their connection closes; a timeout is that of a keepalive ping.
        let is_lost = error.is_canceled()
            || error.is_timeout()
            || error.is_closed()
            || error.source().is_some_and(|cause| cause.is::<io::Error>());
        return is_lost.then(|| lost(innermost(error)));
    }
    if error.is::<io::Error>() {
        // What breaks a connection comes inside of an error of hyper; this is from making one.
        return Some(unreachable(error));
    }
    // A status without a cause is somebody's decision; with one, the cause says more.
    let status = error.downcast_ref::<Status>()?;
    status.source().is_none().then(|| status.clone())
}

fn of_http2(error: &h2::Error) -> Status {
    if error.is_io() {
        return lost(error);
    }
    if error.is_go_away() {
        // From the peer, it is for calls that the peer has not begun; the others go on.
        return if error.is_remote() {
            unreachable(error)
        } else {
            lost(error)
        };
    }
    match error.reason() {
        Some(reason) if error.is_remote() => of_reset(reason, error),
        // Found here and not sent by the peer, which goes on: REFUSED_STREAM would refuse nothing.
        _ => Status::internal(format!("the call broke HTTP/2: {error}")),
    }
}

/// The [mapping](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors) of a peer's
/// RST_STREAM.
fn of_reset(reason: Reason, error: &h2::Error) -> Status {
    let code = match reason {
        Reason::NO_ERROR
        | Reason::PROTOCOL_ERROR
        | Reason::INTERNAL_ERROR
        | Reason::FLOW_CONTROL_ERROR
        | Reason::SETTINGS_TIMEOUT
        | Reason::FRAME_SIZE_ERROR
        | Reason::COMPRESSION_ERROR
        | Reason::CONNECT_ERROR => Code::Internal,
        Reason::REFUSED_STREAM => Code::Unavailable,
        Reason::CANCEL => Code::Cancelled,
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Unknown,
    };
    Status::new(code, format!("the service reset the call: {error}"))
}

/// The call was not processed.
fn unreachable(cause: &dyn Display) -> Status {
    Status::unavailable(format!("the service cannot be reached: {cause}"))
}

/// The call may have been processed.
fn lost(cause: &dyn Display) -> Status {
    Status::unavailable(format!(
        "the connection was lost before the call had ended: {cause}"
    ))
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a dyn Display {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause
}
