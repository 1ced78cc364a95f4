//! A status as a peer sent it, made one that tonic reads without a panic and without a loss.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// Rewrites the status in `headers`, where tonic would panic or read another, and returns its code;
/// `None` when there is no status.
///
/// - A `grpc-status` that is no number, no known code, or contradicts a second one is UNKNOWN.
/// - A `grpc-message` is never lost: what is not UTF-8 behind its percent-encoding is replaced.
/// - Details that are not base64, or that contradict the code, are dropped.
pub(crate) fn sanitize(headers: &mut HeaderMap) -> Option<Code> {
    let (code, problem) = code_of(headers)?;
    let canonical = HeaderValue::from(code as i32);
    if single(headers, &STATUS) != Some(&canonical) {
        headers.insert(STATUS, canonical);
    }
    if let Some(first) = headers.get(MESSAGE) {
        let text = percent_decoded(first.as_bytes());
        let text = String::from_utf8_lossy(&text);
        if problem.is_some() || matches!(text, Cow::Owned(_)) {
            let text = match problem {
                Some(problem) => format!("{problem}: {text}"),
                None => text.into_owned(),
            };
            set_message(headers, code, &text);
        }
    } else if let Some(problem) = problem {
        set_message(headers, code, &problem);
    }
    if let Some(first) = headers.get(DETAILS)
        && !is_valid_details(first, code)
    {
        headers.remove(DETAILS);
    }
    Some(code)
}

/// Replaces the status in `headers`, or adds it.
pub(crate) fn set(headers: &mut HeaderMap, status: &Status) {
    remove(headers);
    // Fails only for a message that is no header value, and tonic percent-encodes messages.
    let _ = status.add_header(headers);
}

/// Removes the status from `headers`.
pub(crate) fn remove(headers: &mut HeaderMap) {
    for name in [STATUS, MESSAGE, DETAILS] {
        headers.remove(name);
    }
}

/// Splits joined values of `-bin` headers at their commas, as
/// [the protocol](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) wants it done
/// before they are decoded.
pub(crate) fn split_binary(headers: &mut HeaderMap) {
    let is_joined = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().ends_with("-bin") && value.as_bytes().contains(&b',')).then(|| name.clone())
    };
    while let Some(name) = headers.iter().find_map(is_joined) {
        let joined: Vec<HeaderValue> = headers.get_all(&name).iter().cloned().collect();
        headers.remove(&name);
        for value in &joined {
            for part in value.as_bytes().split(|byte| *byte == b',') {
                // A part of a valid value is valid.
                if let Ok(part) = HeaderValue::from_bytes(part.trim_ascii()) {
                    headers.append(&name, part);
                }
            }
        }
    }
}

/// The code, and what is wrong with what the peer sent for it.
fn code_of(headers: &HeaderMap) -> Option<(Code, Option<String>)> {
    let mut values = headers.get_all(STATUS).iter();
    let first = values.next()?;
    if let Some(second) = values.find(|value| *value != first) {
        let problem = format!("the peer sent grpc-status {first:?} and {second:?}");
        return Some((Code::Unknown, Some(problem)));
    }
    let digits = first.as_bytes();
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let number = is_number.then(|| {
        digits.iter().fold(0i32, |sum, digit| {
            sum.saturating_mul(10)
                .saturating_add(i32::from(digit - b'0'))
        })
    });
    Some(match number {
        Some(number) if number <= Code::Unauthenticated as i32 => (Code::from_i32(number), None),
        _ => (
            Code::Unknown,
            Some(format!(
                "the peer sent grpc-status {first:?}, which is no code of gRPC"
            )),
        ),
    })
}

/// The value of `name`, unless it is repeated.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

fn set_message(headers: &mut HeaderMap, code: Code, text: &str) {
    let mut encoded = HeaderMap::new();
    let _ = Status::new(code, text).add_header(&mut encoded);
    if let Some(message) = encoded.remove(MESSAGE) {
        headers.insert(MESSAGE, message);
    }
}

/// Leaves what is no percent-encoding as it is.
fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = &after[2..];
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    // At most 15.
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Whether tonic can decode the details, and they do not contradict `code`.
fn is_valid_details(value: &HeaderValue, code: Code) -> bool {
    let Some(details) = decoded(value) else {
        return false;
    };
    // Details are google.rpc.Status by convention only: anything else says nothing of the code.
    tonic_types::pb::Status::decode(details).map_or(true, |status| {
        status.code == 0 || status.code == code as i32
    })
}

/// By tonic's own decoder, so that it can decode whatever passes here.
fn decoded(value: &HeaderValue) -> Option<Bytes> {
    let headers = HeaderMap::from_iter([(DETAILS, value.clone())]);
    let metadata = MetadataMap::from_headers(headers);
    metadata.get_bin(DETAILS.as_str())?.to_bytes().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sanitized(fields: &[(&HeaderName, &[u8])]) -> Status {
        let mut headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| ((*name).clone(), HeaderValue::from_bytes(value).unwrap()))
            .collect();
        let code = sanitize(&mut headers).unwrap();
        let status = Status::from_header_map(&headers).unwrap();
        assert_eq!(status.code(), code);
        status
    }

    #[test]
    fn a_status_is_a_number_that_grpc_knows() {
        for (sent, code) in [
            ("0", Code::Ok),
            ("5", Code::NotFound),
            ("16", Code::Unauthenticated),
            ("05", Code::NotFound),
            ("17", Code::Unknown),
            ("99999999999999999999", Code::Unknown),
            ("-1", Code::Unknown),
            ("+5", Code::Unknown),
            ("5.0", Code::Unknown),
            (" 5", Code::Unknown),
            ("", Code::Unknown),
            ("NOT_FOUND", Code::Unknown),
        ] {
            let status = sanitized(&[(&STATUS, sent.as_bytes())]);
            assert_eq!(status.code(), code, "{sent:?}");
            let explained = status.message().contains(&format!("{sent:?}"));
            assert_eq!(explained, code == Code::Unknown, "{sent:?}: {status}");
        }
        let twice = |a: &'static str, b: &'static str| {
            sanitized(&[(&STATUS, a.as_bytes()), (&STATUS, b.as_bytes())]).code()
        };
        assert_eq!(twice("5", "5"), Code::NotFound);
        assert_eq!(twice("0", "13"), Code::Unknown);
        assert_eq!(twice("13", "0"), Code::Unknown);
    }

    #[test]
    fn a_message_is_never_lost() {
        for (sent, read) in [
            (&b"there is no item 7"[..], "there is no item 7"),
            (b"100%25 of %E2%82%AC", "100% of \u{20ac}"),
            (b"100% of it", "100% of it"),
            (b"%", "%"),
            (b"%2", "%2"),
            (b"%zz%41", "%zzA"),
            (b"a%FFb", "a\u{fffd}b"),
            (b"a\xFFb", "a\u{fffd}b"),
            (b"%e2%82", "\u{fffd}"),
        ] {
            let status = sanitized(&[(&STATUS, b"5"), (&MESSAGE, sent)]);
            assert_eq!((status.code(), status.message()), (Code::NotFound, read));
        }
    }

    #[test]
    fn details_are_valid_or_dropped() {
        use base64_of as encoded;
        let same = tonic_types::pb::Status {
            code: 5,
            ..Default::default()
        };
        let other = tonic_types::pb::Status {
            code: 7,
            ..Default::default()
        };
        for (sent, kept) in [
            (encoded(&same.encode_to_vec()), true),
            (encoded(&other.encode_to_vec()), false),
            (encoded(b"not google.rpc.Status"), true),
            (b"!!!".to_vec(), false),
            (b"A".to_vec(), false),
            (b"\xFF".to_vec(), false),
            (b"".to_vec(), true),
        ] {
            let status = sanitized(&[(&STATUS, b"5"), (&DETAILS, &sent)]);
            assert_eq!(status.code(), Code::NotFound);
            assert_eq!(
                !status.details().is_empty(),
                kept && !sent.is_empty(),
                "{sent:?}"
            );
        }
    }

    #[test]
    fn joined_binary_values_are_split() {
        let mut metadata = MetadataMap::new();
        metadata.insert_bin("a-bin", tonic::metadata::MetadataValue::from_bytes(b"one"));
        let mut headers = metadata.into_headers();
        let one = headers["a-bin"].clone();
        let joined = [one.as_bytes(), b", ", one.as_bytes()].concat();
        headers.insert("a-bin", HeaderValue::from_bytes(&joined).unwrap());
        headers.insert("plain", HeaderValue::from_static("a,b"));
        split_binary(&mut headers);
        let metadata = MetadataMap::from_headers(headers);
        let values = metadata.get_all_bin("a-bin");
        let values: Vec<_> = values
            .iter()
            .map(|value| value.to_bytes().unwrap())
            .collect();
        assert_eq!(values, ["one", "one"]);
        assert_eq!(metadata.get("plain").unwrap(), "a,b");
    }

    fn base64_of(bytes: &[u8]) -> Vec<u8> {
        let value = tonic::metadata::MetadataValue::from_bytes(bytes);
        value.as_encoded_bytes().to_vec()
    }
}
