use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use pin_project_lite::pin_project;
use tonic::codec::SingleMessageCompressionOverride;
use tonic::{Code, Status};
use tower::{Layer, Service, layer::layer_fn};

use super::Compression;
use super::answer::Compressor;
use super::negotiate::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING, Negotiated, accepted, negotiate};
use crate::error::{Error, Reason};
use crate::observe::status_in;
use crate::routes::Arrival;
use crate::server::maybe_body::MaybeBody;

/// Agrees on compression with the caller of each call, has its request inflated, and compresses the
/// answer.
///
/// tonic's own compression is switched on by each service's constructor. This one holds for all
/// services of a server and is configured; the size limits hold for messages that are not compressed.
#[derive(Clone)]
pub(crate) struct Compress<S> {
    inner: S,
    mode: Compression,
}

impl<S> Compress<S> {
    pub(crate) fn layer(mode: Compression) -> impl Layer<S, Service = Self> + Clone {
        layer_fn(move |inner| Self { inner, mode })
    }
}

impl<S, B> Service<Arrival> for Compress<S>
where
    S: Service<Arrival, Response = http::Response<B>, Error = Infallible>,
{
    type Response = http::Response<CompressBody<B>>;
    type Error = Infallible;
    type Future = CompressFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut arrival: Arrival) -> Self::Future {
        match negotiate(self.mode, arrival.request.headers_mut()) {
            Ok(negotiated) => {
                arrival.encoding = negotiated.request;
                CompressFuture {
                    inner: Some(self.inner.call(arrival)),
                    mode: self.mode,
                    negotiated,
                    refusal: None,
                }
            }
            Err(encoding) => {
                arrival.fault.set_invalid_request();
                CompressFuture {
                    inner: None,
                    mode: self.mode,
                    negotiated: Negotiated::default(),
                    refusal: Some(unsupported(&encoding)),
                }
            }
        }
    }
}

fn unsupported(encoding: &HeaderValue) -> Status {
    let message = format!("the request's grpc-encoding {encoding:?} is not supported");
    Error::new(Code::Unimplemented, Reason::UNSUPPORTED_ENCODING, message).into()
}

pin_project! {
    pub(crate) struct CompressFuture<F> {
        #[pin]
        inner: Option<F>,
        mode: Compression,
        negotiated: Negotiated,
        refusal: Option<Status>,
    }
}

impl<F, B> Future for CompressFuture<F>
where
    F: Future<Output = Result<http::Response<B>, Infallible>>,
{
    type Output = Result<http::Response<CompressBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            let Some(refusal) = this.refusal.take() else {
                return Poll::Pending;
            };
            let mut refused = refusal.into_http::<()>();
            announce(*this.mode, refused.headers_mut());
            return Poll::Ready(Ok(refused.map(|()| CompressBody {
                inner: MaybeBody::none(),
                compressor: None,
                trailers: None,
            })));
        };
        let Ok(mut response) = ready!(inner.poll(cx));
        if this.negotiated.request.is_some() {
            announce(*this.mode, response.headers_mut());
        }
        let encoding = this
            .negotiated
            .answer
            .filter(|_| may_be_compressed(&response));
        if let Some(encoding) = encoding {
            let name = HeaderValue::from_static(encoding.name());
            response.headers_mut().insert(&GRPC_ENCODING, name);
        }
        Poll::Ready(Ok(response.map(|inner| CompressBody {
            inner: MaybeBody::of(inner),
            compressor: encoding.map(Compressor::new),
            trailers: None,
        })))
    }
}

/// Says which encodings the server takes.
fn announce(mode: Compression, headers: &mut HeaderMap) {
    headers.insert(&GRPC_ACCEPT_ENCODING, accepted(mode));
}

/// Whether an answer has messages, which are not compressed yet and whose handler has nothing against
/// it (`Response::disable_compression`: secrets beside what a caller can choose show in the size).
fn may_be_compressed<B>(response: &http::Response<B>) -> bool {
    let headers = response.headers();
    let disabled = response
        .extensions()
        .get::<SingleMessageCompressionOverride>();
    status_in(headers).is_none()
        && !headers.contains_key(&GRPC_ENCODING)
        && disabled != Some(&SingleMessageCompressionOverride::Disable)
}

pin_project! {
    /// An answer's body, with its messages compressed if that was agreed on.
    pub(crate) struct CompressBody<B> {
        #[pin]
        inner: MaybeBody<B>,
        compressor: Option<Compressor>,
        // Follow what is left in the compressor.
        trailers: Option<Frame<Bytes>>,
    }
}

impl<B> http_body::Body for CompressBody<B>
where
    B: http_body::Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        if let Some(trailers) = this.trailers.take() {
            return Poll::Ready(Some(Ok(trailers)));
        }
        loop {
            let frame = ready!(this.inner.as_mut().poll_frame(cx));
            let Some(compressor) = this.compressor.as_mut() else {
                return Poll::Ready(frame);
            };
            match frame {
                Some(Ok(frame)) if frame.is_data() => {
                    let data = frame.into_data().unwrap_or_default();
                    if let Some(compressed) = compressor.push(&data) {
                        return Poll::Ready(Some(Ok(Frame::data(compressed))));
                    }
                }
                Some(Ok(frame)) => {
                    let Some(rest) = compressor.rest() else {
                        return Poll::Ready(Some(Ok(frame)));
                    };
                    *this.trailers = Some(frame);
                    return Poll::Ready(Some(Ok(Frame::data(rest))));
                }
                None => {
                    let rest = compressor.rest().map(|rest| Ok(Frame::data(rest)));
                    return Poll::Ready(rest);
                }
                error => return Poll::Ready(error),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.trailers.is_none()
            && self.compressor.as_ref().is_none_or(Compressor::is_empty)
            && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match self.compressor {
            Some(_) => http_body::SizeHint::default(),
            None => self.inner.size_hint(),
        }
    }
}
