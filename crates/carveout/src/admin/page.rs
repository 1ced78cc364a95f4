use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

/// What the port answers.
pub(super) type Page = Response<Full<Bytes>>;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

pub(super) fn ok(body: impl Into<Bytes>) -> Page {
    text(StatusCode::OK, body)
}

pub(super) fn text(status: StatusCode, body: impl Into<Bytes>) -> Page {
    page(status, TEXT, body)
}

pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Page {
    page(status, JSON, format!("{value}\n"))
}

pub(super) fn page(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Page {
    let mut page = Response::new(Full::new(body.into()));
    *page.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    page.headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    page
}

/// A parameter of a query string; one without a value is empty.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        assert_eq!(parameter("verbose", "verbose"), Some(String::new()));
        assert_eq!(
            parameter("a=1&filter=info%2Corders%3Ddebug&for=10m", "filter"),
            Some("info,orders=debug".into())
        );
        assert_eq!(parameter("filter=a+b%", "filter"), Some("a b%".into()));
        assert_eq!(parameter("verbose=1", "verb"), None);
    }
}
