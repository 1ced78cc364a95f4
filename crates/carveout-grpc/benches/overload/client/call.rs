use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::connections::Connections;

/// What callers give a call.
const DEADLINE: Duration = Duration::from_millis(200);

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    /// The server said that it has too much to do.
    Refused,
    /// The deadline came first.
    Late,
    /// The connection failed, or the server said something else.
    Broken,
}

/// How a call says how much it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Criticality {
    Unsaid,
    Critical,
    Sheddable,
}

/// Makes a call that is due at `due`, and gives it up at its deadline, as callers do.
pub(crate) async fn call(
    connections: &Arc<Connections>,
    criticality: Criticality,
    due: Instant,
) -> Outcome {
    match timeout_at(due + DEADLINE, attempt(connections, criticality)).await {
        // The timer that gives calls up goes off at whole milliseconds.
        Ok(Ok(Code::Ok)) if due.elapsed() > DEADLINE => Outcome::Late,
        Ok(Ok(Code::Ok)) => Outcome::Answered,
        Ok(Ok(Code::Unavailable | Code::ResourceExhausted)) => Outcome::Refused,
        // A server that has given the call up for its deadline may say so a little before it.
        Ok(Ok(Code::DeadlineExceeded | Code::Cancelled)) | Err(_) => Outcome::Late,
        Ok(Ok(_) | Err(())) => Outcome::Broken,
    }
}

async fn attempt(connections: &Arc<Connections>, criticality: Criticality) -> Result<Code, ()> {
    let (place, requests) = connections.take().ok_or(())?;
    let failed = |error: h2::Error| {
        // One stream may fail alone; the rest is of the whole connection.
        if !error.is_reset() {
            connections.broken(place);
        }
    };
    let mut requests = requests.ready().await.map_err(failed)?;
    let sent = requests.send_request(request(criticality), false);
    let (response, mut body) = sent.map_err(failed)?;
    let message = Bytes::from_static(b"\0\0\0\0\x03\x0a\x011");
    body.send_data(message, true).map_err(failed)?;
    let response = response.await.map_err(failed)?;
    if let Some(code) = code(response.headers()) {
        return Ok(code);
    }
    let mut body = response.into_body();
    while let Some(chunk) = body.data().await {
        let length = chunk.map_err(failed)?.len();
        let released = body.flow_control().release_capacity(length);
        released.map_err(failed)?;
    }
    let trailers = body.trailers().await.map_err(failed)?;
    trailers.as_ref().and_then(code).ok_or(())
}

/// gRPC's own status: HTTP's is 200 for a call that failed, too.
fn code(headers: &HeaderMap) -> Option<Code> {
    let status = headers.get("grpc-status")?;
    Some(Code::from_bytes(status.as_bytes()))
}

fn request(criticality: Criticality) -> Request<()> {
    let path = "http://overload/acme.greeter.v1.GreeterService/GetItem";
    let builder = Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "200m");
    let builder = match criticality {
        Criticality::Unsaid => builder,
        Criticality::Critical => builder.header("x-criticality", "CRITICAL"),
        Criticality::Sheddable => builder.header("x-criticality", "SHEDDABLE"),
    };
    builder.body(()).expect("a request")
}
