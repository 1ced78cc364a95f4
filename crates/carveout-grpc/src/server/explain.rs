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
use crate::observe::GRPC_STATUS;
use crate::routes::Arrival;

/// Sees to it that every error carries exactly one `ErrorInfo` with a reason and this service as
/// its domain ([AIP-193](https://google.aip.dev/193)), whoever made the error: the kit, a handler,
/// or tonic itself.
///
/// A status without one gets its code's name as the reason.
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

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

fn explain(headers: &mut HeaderMap, domain: &str) {
    match headers.get(&GRPC_STATUS) {
        None => return,
        Some(ok) if ok == "0" => return,
        Some(_) => {}
    }
    let Some(status) = Status::from_header_map(headers) else {
        return;
    };
    let details = explained(&status, domain).encode_to_vec();
    let status = Status::with_details(status.code(), status.message(), details.into());
    // Only the details are replaced: everything else that the handler sent stays.
    let mut written = HeaderMap::new();
    if status.add_header(&mut written).is_ok()
        && let Some(details) = written.remove("grpc-status-details-bin")
    {
        headers.insert("grpc-status-details-bin", details);
    }
    debug_assert_ne!(
        headers.get(&GRPC_STATUS),
        Some(&HeaderValue::from_static("0"))
    );
}

fn explained(status: &Status, domain: &str) -> pb::Status {
    let mut details = pb::Status::decode(status.details()).unwrap_or_default();
    details.code = status.code() as i32;
    status.message().clone_into(&mut details.message);

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
    details.details.insert(0, prost_any(&info));
    details
}

fn prost_any(info: &pb::ErrorInfo) -> prost_types::Any {
    prost_types::Any {
        type_url: ERROR_INFO.to_owned(),
        value: info.encode_to_vec(),
    }
}

#[cfg(test)]
mod tests {
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
    fn an_ok_is_left_alone() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", HeaderValue::from_static("0"));
        explain(&mut headers, "orders");
        assert_eq!(headers.len(), 1);
    }
}
