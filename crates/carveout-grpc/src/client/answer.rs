use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::Frame;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};

use super::messages::{Allowed, Encoding, Messages, Violation};
use super::{failure, messages, status};
use crate::deadline;

pub(crate) const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// What the client knows of a call while it waits for the answer.
pub(crate) struct Expected {
    /// Whether the method answers with exactly one message.
    pub(crate) single: bool,
    /// The encodings that the request accepts.
    pub(crate) accept_encoding: Option<HeaderValue>,
    /// In bytes.
    pub(crate) max_message_size: usize,
    pub(crate) deadline: Option<Instant>,
}

impl Expected {
    /// A server whose clock is ahead cancels a call that is late here as well: that is
    /// DEADLINE_EXCEEDED, whichever side notices first.
    pub(crate) fn late_or(&self, status: Status) -> Status {
        if status.code() == Code::Cancelled && self.is_late() {
            return deadline::exceeded();
        }
        status
    }

    fn is_late(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn accepts(&self, encoding: &HeaderValue) -> bool {
        let accepted = self.accept_encoding.as_ref().map(HeaderValue::as_bytes);
        accepted.is_some_and(|accepted| {
            let mut names = accepted.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            names.any(|name| name == encoding.as_bytes())
        })
    }
}

/// Holds an answer to the protocol, before tonic reads it: a peer may be a proxy, broken or hostile.
/// What comes out has exactly one valid status, in its head or in its trailers, and whole messages
/// before it.
///
/// # Errors
/// The status of an answer that is no answer of gRPC, by its
/// [HTTP status](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).
pub(crate) fn checked(
    mut response: http::Response<Body>,
    expected: Expected,
) -> Result<http::Response<Answer>, Status> {
    let http = response.status();
    let ended = http_body::Body::is_end_stream(response.body());
    let headers = response.headers_mut();
    status::split_binary(headers);
    let code = status::sanitize(headers);
    let is_grpc = headers.get(CONTENT_TYPE).is_some_and(is_grpc);

    // The status of a head without a body, or with one that is not gRPC's, is here or nowhere.
    if ended || !is_grpc {
        match code {
            Some(Code::Ok) if ended && is_grpc => {
                if expected.single {
                    status::set(headers, &messages::none());
                }
            }
            None | Some(Code::Ok) => return Err(without_status(http, headers)),
            Some(Code::Cancelled) if expected.is_late() => return Err(deadline::exceeded()),
            Some(_) => {}
        }
        return Ok(response.map(|_| Answer::Ended));
    }

    // Any other answer has it in its trailers. tonic would take it from the head, and not read on.
    let in_head = match code {
        None | Some(Code::Ok) => None,
        Some(_) => Status::from_header_map(headers),
    };
    status::remove(headers);
    let encoding = match headers.get(ENCODING) {
        None => Encoding::Identity,
        Some(encoding) if encoding == "identity" => Encoding::Identity,
        Some(encoding) if expected.accepts(encoding) => Encoding::Accepted,
        // Valid as long as no message is compressed, but not to tonic.
        Some(encoding) => {
            let encoding = encoding.clone();
            headers.remove(ENCODING);
            Encoding::Unsupported(encoding)
        }
    };
    let messages = Messages::new(Allowed {
        max_message_size: expected.max_message_size,
        encoding,
        single: expected.single,
    });
    Ok(response.map(|body| {
        Answer::Open(Open {
            body,
            messages,
            http,
            in_head,
            expected,
        })
    }))
}

/// `application/grpc`, of whatever codec, and not `application/grpc-web`.
fn is_grpc(content_type: &HeaderValue) -> bool {
    let rest = content_type.as_bytes().strip_prefix(b"application/grpc");
    matches!(rest, Some([] | [b'+' | b';' | b' ', ..]))
}

/// What an answer without a status comes to, by
/// [its HTTP status](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).
fn without_status(http: StatusCode, headers: &HeaderMap) -> Status {
    let what = match headers.get(CONTENT_TYPE) {
        Some(content_type) => format!("content-type {content_type:?}"),
        None => "no content-type".to_owned(),
    };
    Status::new(
        code_of_http(http),
        format!(
            "the service, or a proxy before it, answered with HTTP status {http}, {what} and no gRPC status"
        ),
    )
}

fn code_of_http(http: StatusCode) -> Code {
    match http.as_u16() {
        400 | 431 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The body of an answer. It always ends with a status in trailers, or is that of an answer that had
/// its status in the head.
pub(crate) enum Answer {
    Open(Open),
    /// The data before them is read.
    Trailers(HeaderMap),
    Ended,
}

pub(crate) struct Open {
    body: Body,
    messages: Messages,
    http: StatusCode,
    /// The error in the head of an answer that goes on.
    in_head: Option<Status>,
    expected: Expected,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let trailers = match &mut *self {
            Answer::Open(open) => match ready!(open.poll_next(cx)) {
                Next::Data(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Next::LastData(data, trailers) => {
                    // The body is dropped, which resets the stream.
                    *self = Answer::Trailers(trailers);
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Next::Trailers(trailers) => trailers,
            },
            Answer::Trailers(trailers) => std::mem::take(trailers),
            Answer::Ended => return Poll::Ready(None),
        };
        *self = Answer::Ended;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Answer::Ended)
    }
}

enum Next {
    Data(Bytes),
    LastData(Bytes, HeaderMap),
    Trailers(HeaderMap),
}

impl Open {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let frame = ready!(http_body::Body::poll_frame(Pin::new(&mut self.body), cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => self.data(data),
                // What is not data is trailers.
                Err(frame) => Next::Trailers(self.end(frame.into_trailers().unwrap_or_default())),
            },
            Some(Err(error)) => {
                let status = self.expected.late_or(failure::status_of(&error));
                Next::Trailers(trailers_of(&status))
            }
            None => Next::Trailers(trailers_of(&self.without_trailers())),
        })
    }

    fn data(&mut self, data: Bytes) -> Next {
        match self.messages.check(&data) {
            Ok(()) => Next::Data(data),
            Err(Violation { before, status }) => {
                let status = if self.http == StatusCode::OK {
                    status
                } else {
                    self.without_status()
                };
                Next::LastData(data.slice(..before), trailers_of(&status))
            }
        }
    }

    /// The trailers that the answer ends with, given those that the peer has sent.
    fn end(&self, mut trailers: HeaderMap) -> HeaderMap {
        status::split_binary(&mut trailers);
        let replaced = match status::sanitize(&mut trailers) {
            None => Some(self.without_status()),
            Some(Code::Ok) => self.messages.end().err(),
            Some(Code::Cancelled) if self.expected.is_late() => Some(deadline::exceeded()),
            Some(_) => None,
        };
        if let Some(status) = replaced {
            status::set(&mut trailers, &status);
        }
        trailers
    }

    /// An answer that has ended, as far as hyper tells, but without trailers.
    fn without_trailers(&mut self) -> Status {
        if !http_body::Body::is_end_stream(&self.body) {
            // hyper takes it for the end.
            return Status::internal(
                "the service reset the call in the middle of its answer: NO_ERROR",
            );
        }
        match self.in_head.take() {
            // Some proxies end an answer of a head alone with an empty DATA frame.
            Some(status) if self.messages.is_empty() => status,
            _ => self.without_status(),
        }
    }

    fn without_status(&self) -> Status {
        let http = self.http;
        Status::new(
            code_of_http(http),
            format!("the answer, of HTTP status {http}, ended without a gRPC status"),
        )
    }
}

fn trailers_of(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    status::set(&mut trailers, status);
    trailers
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn head(code: &'static str) -> http::Response<Body> {
        let head = http::Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", code);
        head.body(Body::empty()).unwrap()
    }

    /// The deadline of a server whose clock is ahead ends the call first.
    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_cancelled_after_its_deadline_has_exceeded_it() {
        let cancelled = (Code::Cancelled as i32).to_string().leak();
        for (elapsed, code) in [(1, Code::Cancelled), (2, Code::DeadlineExceeded)] {
            let expected = || Expected {
                single: true,
                accept_encoding: None,
                max_message_size: 0,
                deadline: Some(Instant::now() + Duration::from_secs(2)),
            };
            let (for_head, for_stream) = (expected(), expected());
            tokio::time::advance(Duration::from_secs(elapsed)).await;
            let found = match checked(head(cancelled), for_head) {
                Ok(response) => Status::from_header_map(response.headers()).unwrap(),
                Err(status) => status,
            };
            assert_eq!(found.code(), code);
            let found = for_stream.late_or(Status::cancelled("RST_STREAM(CANCEL)"));
            assert_eq!(found.code(), code);
        }
        let other = checked(
            head("5"),
            Expected {
                single: true,
                accept_encoding: None,
                max_message_size: 0,
                deadline: Some(Instant::now()),
            },
        );
        assert_eq!(other.ok().unwrap().headers()["grpc-status"], "5");
    }

    #[test]
    fn the_content_types_of_grpc() {
        for (content_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/grpcx", false),
            ("application/json", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(content_type);
            assert_eq!(is_grpc(&value), expected, "{content_type:?}");
        }
    }
}
