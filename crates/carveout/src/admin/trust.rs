use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use subtle::ConstantTimeEq;

use super::browser;
use super::page::{Page, text};
use crate::settings::AdminConfig;

/// What a proxy on this machine adds to a request of somebody who may be on another.
const FORWARDED: [HeaderName; 5] = [
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
    header::VIA,
];

/// The answer to a caller that is not authorized to change things. If a token is configured, callers with
/// the token are authorized; otherwise callers on this machine.
pub(super) fn refusal(headers: &HeaderMap, admin: &AdminConfig, peer: IpAddr) -> Option<Page> {
    if admin.token.is_set() {
        return match bearer(headers) {
            Some(token) if same(token, admin.token.expose()) => None,
            _ => Some(unauthorized()),
        };
    }
    let forwarded = FORWARDED.iter().any(|it| headers.contains_key(it));
    if !is_this_machine(peer) || forwarded || browser::may_be_lured(headers) {
        return Some(text(
            StatusCode::FORBIDDEN,
            "only a caller on this machine (loopback, not through a proxy) may do this; admin.token \
             opens it to those who have the token\n",
        ));
    }
    None
}

/// The other addresses of 127.0.0.0/8 are not asked from by programs on this machine, but by sidecars
/// that pass on what came from elsewhere: Istio's takes 127.0.0.6.
fn is_this_machine(peer: IpAddr) -> bool {
    peer.to_canonical() == Ipv4Addr::LOCALHOST || peer == Ipv6Addr::LOCALHOST
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Takes as long whichever byte differs, so that the time tells nothing of the token but its length.
fn same(given: &str, token: &str) -> bool {
    given.as_bytes().ct_eq(token.as_bytes()).into()
}

fn unauthorized() -> Page {
    let mut page = text(
        StatusCode::UNAUTHORIZED,
        "this wants the token: Authorization: Bearer TOKEN\n",
    );
    let scheme = HeaderValue::from_static("Bearer");
    page.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    page
}
