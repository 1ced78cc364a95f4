use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use pin_project_lite::pin_project;
use prost::Message;
use tonic::{Code, Status};
use tonic_types::pb;
use tower::{Layer, Service, layer::layer_fn};

use crate::error::code_name;
use crate::observe::status_in;
use crate::routes::Arrival;

/// Sees to it that every error carries exactly one `ErrorInfo` with a reason and this service as
/// its domain ([AIP-193](https://google.aip.dev/193)), whoever made the error: the kit, a handler,
/// or tonic itself.
///
/// A status without one gets its code's name as the reason. One that is too long, because it repeats
/// what the caller sent say, is shortened: a caller does not take headers of any size, and would see
/// an error of its own transport in place of this one.
#[derive(Clone)]
pub(crate) struct Explain<S> {
    inner: S,
    domain: Arc<str>,
}

impl<S> Explain<S> {
    pub(crate) fn layer(domain: Arc<str>) -> impl Layer<S, Service = Self> + Clone {
        layer_fn(move |inner| Self {
            inner,
            domain: domain.clone(),
        })
    }
}

impl<S, B> Service<Arrival> for Explain<S>
where
    S: Service<Arrival, Response = http::Response<B>, Error = Infallible>,
{
    type Response = http::Response<ExplainBody<B>>;
    type Error = Infallible;
    type Future = ExplainFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, arrival: Arrival) -> Self::Future {
        ExplainFuture {
            inner: self.inner.call(arrival),
            domain: Some(self.domain.clone()),
        }
    }
}

pin_project! {
    pub(crate) struct ExplainFuture<F> {
        #[pin]
        inner: F,
        domain: Option<Arc<str>>,
    }
}

impl<F, B> Future for ExplainFuture<F>
where
    F: Future<Output = Result<http::Response<B>, Infallible>>,
{
    type Output = Result<http::Response<ExplainBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut response) = ready!(this.inner.poll(cx));
        let domain = this.domain.take().unwrap_or_default();
        // An error that comes before any message is in the headers ("trailers only"); a later one
        // is in the trailers.
        explain(response.headers_mut(), &domain);
        Poll::Ready(Ok(response.map(|inner| ExplainBody { inner, domain })))
    }
}

pin_project! {
    pub(crate) struct ExplainBody<B> {
        #[pin]
        inner: B,
        domain: Arc<str>,
    }
}

impl<B> http_body::Body for ExplainBody<B>
where
    B: http_body::Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let mut polled = this.inner.poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &mut polled
            && let Some(trailers) = frame.trailers_mut()
        {
            explain(trailers, this.domain);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

/// The longest message, in bytes. Percent-encoding makes up to three times as much of it.
const LONGEST_MESSAGE: usize = 512;
/// The longest value among an error's metadata, in bytes.
const LONGEST_VALUE: usize = 256;
/// The most that details may take, in bytes, before base64 makes a third more of it. gRPC's own
/// callers take headers of 8 KiB in all.
const MOST_DETAILS: usize = 4096;

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

fn explain(headers: &mut HeaderMap, domain: &str) {
    if status_in(headers).is_none_or(|code| code == "0") {
        return;
    }
    let Some(status) = Status::from_header_map(headers) else {
        return;
    };
    let explained = explained(&status, domain);
    let details = explained.encode_to_vec();
    let status = Status::with_details(status.code(), explained.message, details.into());
    // Only these are replaced: everything else that the handler sent stays.
    let mut written = HeaderMap::new();
    if status.add_header(&mut written).is_ok() {
        for name in ["grpc-message", "grpc-status-details-bin"] {
            if let Some(value) = written.remove(name) {
                headers.insert(name, value);
            }
        }
    }
    debug_assert_ne!(status_in(headers), Some(&HeaderValue::from_static("0")));
}

fn explained(status: &Status, domain: &str) -> pb::Status {
    let mut details = pb::Status::decode(status.details()).unwrap_or_default();
    details.code = status.code() as i32;
    details.message = shortened(status.message(), LONGEST_MESSAGE);

    let given = details
        .details
        .iter()
        .find(|any| any.type_url == ERROR_INFO);
    let mut info = given
        .and_then(|any| pb::ErrorInfo::decode(any.value.as_slice()).ok())
        .unwrap_or_default();
    if info.reason.is_empty() {
        code_name(Code::from(details.code)).clone_into(&mut info.reason);
    }
    if info.domain.is_empty() {
        domain.clone_into(&mut info.domain);
    }
    details.details.retain(|any| any.type_url != ERROR_INFO);
    for value in info.metadata.values_mut() {
        *value = shortened(value, LONGEST_VALUE);
    }
    // A reason without a domain means nothing: a service without a name gives none.
    let info = (!info.domain.is_empty()).then_some(info);
    if let Some(info) = &info {
        details.details.insert(0, prost_any(info));
    }
    // What a program cannot do without, the reason, is the last to stay.
    while details.encoded_len() > MOST_DETAILS && details.details.len() > 1 {
        details.details.pop();
    }
    if details.encoded_len() > MOST_DETAILS {
        let bare = info.map(|info| pb::ErrorInfo {
            metadata: Default::default(),
            ..info
        });
        details.details = bare.iter().map(prost_any).collect();
    }
    details
}

/// The beginning of a text that is too long.
fn shortened(text: &str, most: usize) -> String {
    const MORE: &str = "...";
    if text.len() <= most {
        return text.to_owned();
    }
    let ends = (0..=most - MORE.len()).rev();
    let end = ends.into_iter().find(|end| text.is_char_boundary(*end));
    format!("{}{MORE}", &text[..end.unwrap_or_default()])
}

fn prost_any(info: &pb::ErrorInfo) -> prost_types::Any {
    prost_types::Any {
        type_url: ERROR_INFO.to_owned(),
        value: info.encode_to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    fn infos(status: &Status) -> Vec<pb::ErrorInfo> {
        let details = explained(status, "orders").details;
        let infos = details.iter().filter(|any| any.type_url == ERROR_INFO);
        infos
            .map(|any| pb::ErrorInfo::decode(any.value.as_slice()).unwrap())
            .collect()
    }

    #[test]
    fn a_service_without_a_name_gives_no_reason() {
        let own = ErrorDetails::with_error_info("CLOSED", "", HashMap::new());
        let anothers = ErrorDetails::with_error_info("CLOSED", "billing", HashMap::new());
        for (details, kept) in [(None, 0), (Some(own), 0), (Some(anothers), 1)] {
            let status = match details {
                Some(details) => {
                    Status::with_error_details(Code::FailedPrecondition, "closed", details)
                }
                None => Status::failed_precondition("closed"),
            };
            let explained = explained(&status, "");
            assert_eq!(explained.details.len(), kept, "{explained:?}");
            assert_eq!(explained.message, "closed");
        }
    }

    #[test]
    fn a_bare_status_gets_its_code_as_the_reason() {
        let infos = infos(&Status::failed_precondition("closed"));
        assert_eq!(infos.len(), 1);
        assert_eq!(
            (infos[0].reason.as_str(), infos[0].domain.as_str()),
            ("FAILED_PRECONDITION", "orders")
        );
    }

    #[test]
    fn a_given_reason_and_domain_stay_and_so_do_other_details() {
        let mut given = ErrorDetails::with_error_info(
            "STOCK_OUT",
            "billing",
            [("sku".to_owned(), "7".to_owned())],
        );
        given.set_localized_message("en", "no more");
        let status = Status::with_error_details(Code::Aborted, "no", given);
        let infos = infos(&status);
        assert_eq!(infos.len(), 1);
        assert_eq!(
            (infos[0].reason.as_str(), infos[0].domain.as_str()),
            ("STOCK_OUT", "billing")
        );
        assert_eq!(infos[0].metadata["sku"], "7");
        assert_eq!(explained(&status, "orders").details.len(), 2);
    }

    #[test]
    fn an_error_that_repeats_a_long_request_still_arrives() {
        let id = "\u{1F980}".repeat(25_000);
        let metadata = (0..40).map(|n| (format!("id{n}"), id.clone()));
        let metadata: HashMap<_, _> = metadata.collect();
        let mut given = ErrorDetails::with_error_info("NOT_FOUND", "", metadata);
        given.add_bad_request_violation("id", &id);
        let said = format!("there is no item {id}");
        let status = Status::with_error_details(Code::NotFound, said, given);
        let mut headers = HeaderMap::new();
        status.add_header(&mut headers).unwrap();
        explain(&mut headers, "orders");

        let sizes = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len());
        let size: usize = sizes.sum();
        assert!(size < 8192, "{size}");
        let status = Status::from_header_map(&headers).unwrap();
        assert_eq!(status.code(), Code::NotFound);
        assert!(status.message().starts_with("there is no item \u{1F980}"));
        assert!(status.message().ends_with("\u{1F980}..."), "{status}");
        let info = status.get_details_error_info().unwrap();
        assert_eq!((&*info.reason, &*info.domain), ("NOT_FOUND", "orders"));
    }

    #[test]
    fn an_ok_is_left_alone() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", HeaderValue::from_static("0"));
        explain(&mut headers, "orders");
        assert_eq!(headers.len(), 1);
    }
}
