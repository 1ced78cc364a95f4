use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Compression, Encoding};

pub(super) static GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(super) static GRPC_ACCEPT_ENCODING: HeaderName =
    HeaderName::from_static("grpc-accept-encoding");

/// How the messages of one call are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Negotiated {
    /// The encoding that the request's compressed messages have.
    pub(super) request: Option<Encoding>,
    /// The one to compress the answer by.
    pub(super) answer: Option<Encoding>,
}

/// The names that a server in this mode takes, for `grpc-accept-encoding`.
pub(super) fn accepted(mode: Compression) -> HeaderValue {
    HeaderValue::from_static(match mode {
        Compression::Off => "identity",
        Compression::Accept | Compression::On => "identity,gzip,zstd",
    })
}

/// Agrees on the encodings of a call by the headers of its request, and takes them out: the handler's
/// codec sees messages that are not compressed. The error is the name of an encoding that is not
/// supported.
pub(super) fn negotiate(
    mode: Compression,
    headers: &mut HeaderMap,
) -> Result<Negotiated, HeaderValue> {
    let mut negotiated = Negotiated::default();
    if let Some(given) = headers.remove(&GRPC_ENCODING)
        && given != "identity"
    {
        let known = Encoding::named(given.as_bytes()).filter(|_| mode != Compression::Off);
        negotiated.request = Some(known.ok_or(given)?);
    }
    if mode == Compression::On {
        negotiated.answer = answer(headers, negotiated.request);
        headers.remove(&GRPC_ACCEPT_ENCODING);
    }
    Ok(negotiated)
}

/// What the caller uses itself, if it takes that too, or else the first of ours that it takes.
fn answer(headers: &HeaderMap, request: Option<Encoding>) -> Option<Encoding> {
    let accepts = |encoding: Encoding| {
        let mut values = headers.get_all(&GRPC_ACCEPT_ENCODING).iter();
        values.any(|value| {
            let mut names = value.as_bytes().split(|byte| *byte == b',');
            names.any(|name| name.trim_ascii() == encoding.name().as_bytes())
        })
    };
    let mut wanted = request.into_iter().chain(Encoding::ALL);
    wanted.find(|encoding| accepts(*encoding))
}

#[cfg(test)]
mod tests {
    use super::Encoding::{Gzip, Zstd};
    use super::*;

    fn negotiated(
        mode: Compression,
        encoding: Option<&'static str>,
        accept: Option<&'static str>,
    ) -> Result<(Option<Encoding>, Option<Encoding>), HeaderValue> {
        let mut headers = HeaderMap::new();
        let of = HeaderValue::from_static;
        encoding.map(|value| headers.insert(&GRPC_ENCODING, of(value)));
        accept.map(|value| headers.insert(&GRPC_ACCEPT_ENCODING, of(value)));
        negotiate(mode, &mut headers).map(|it| (it.request, it.answer))
    }

    #[test]
    fn the_table_of_modes_and_headers() {
        use Compression::{Accept, Off, On};
        let table = [
            (Off, None, Some("gzip"), Ok((None, None))),
            (Off, Some("identity"), None, Ok((None, None))),
            (Off, Some("gzip"), None, Err("gzip")),
            (Accept, Some("gzip"), Some("gzip"), Ok((Some(Gzip), None))),
            (Accept, Some("zstd"), None, Ok((Some(Zstd), None))),
            (Accept, Some("deflate"), None, Err("deflate")),
            (Accept, Some("GZIP"), None, Err("GZIP")),
            (Accept, Some(""), None, Err("")),
            (On, None, None, Ok((None, None))),
            (On, None, Some("identity"), Ok((None, None))),
            (
                On,
                None,
                Some("identity, deflate,gzip"),
                Ok((None, Some(Gzip))),
            ),
            (On, None, Some("gzip,zstd"), Ok((None, Some(Zstd)))),
            (
                On,
                Some("gzip"),
                Some("zstd,gzip"),
                Ok((Some(Gzip), Some(Gzip))),
            ),
            (On, Some("gzip"), Some("zstd"), Ok((Some(Gzip), Some(Zstd)))),
            (On, Some("zstd"), None, Ok((Some(Zstd), None))),
            (On, None, Some("xgzip,gzip2"), Ok((None, None))),
        ];
        for (mode, encoding, accept, expected) in table {
            let expected = expected.map_err(HeaderValue::from_static);
            let found = negotiated(mode, encoding, accept);
            assert_eq!(found, expected, "{mode:?} {encoding:?} {accept:?}");
        }
    }
}
