use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use subtle::ConstantTimeEq;

use super::Admin;
use super::page::{Page, text};

/// What a browser says of the page that made it send a request.
const SENT_BY: &str = "sec-fetch-site";

impl Admin {
    /// The answer to a caller that may not change things. With a token whoever has it may, wherever
    /// it is; without one, whoever is on this machine.
    pub(super) fn refusal(&self, headers: &HeaderMap, peer: IpAddr) -> Option<Page> {
        // A page of somebody else's in a browser on this machine is on this machine, too.
        let sent_by = headers.get(SENT_BY).map(HeaderValue::as_bytes);
        if !matches!(sent_by, None | Some(b"same-origin" | b"none")) {
            return Some(text(
                StatusCode::FORBIDDEN,
                "another site's page may not ask for this\n",
            ));
        }
        let admin = self.reloader.admin.get();
        if admin.token.is_set() {
            return match bearer(headers) {
                Some(token) if same(token, admin.token.expose()) => None,
                _ => Some(unauthorized()),
            };
        }
        match peer.to_canonical().is_loopback() {
            true => None,
            false => Some(text(
                StatusCode::FORBIDDEN,
                "only a caller on this machine (loopback) may do this; admin.token opens it to \
                 those who have the token\n",
            )),
        }
    }
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
