use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use super::body::AdmittedBody;
use crate::arrival::Refusal;

/// What a call is answered with that is not let in. One that is doomed is too, because of what there
/// is to do at present: it was the server that set its deadline, so that 504 or 408, which speak of
/// another server or of a slow caller, would mislead.
pub(super) fn answer<B>(refusal: Refusal) -> Response<AdmittedBody<B>> {
    let mut answer = Response::new(AdmittedBody::refused(refusal.to_string()));
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = answer.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after(refusal)));
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, text);
    answer
}

/// In seconds, which is all that the header can say. A random one, so that those who are refused
/// together do not come back together.
fn retry_after(refusal: Refusal) -> u64 {
    match refusal {
        Refusal::Overloaded { lasting: true, .. } => fastrand::u64(2..=6),
        _ => fastrand::u64(1..=2),
    }
}
