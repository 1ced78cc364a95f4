//! Whether a web page in somebody's browser is behind a request.
//!
//! A page of any site can make a browser on this machine, or behind a forwarded port, send requests to
//! this port. With DNS rebinding, the page's own domain resolves to this address: the requests are
//! same-origin, and the page can read the answers. The page cannot forge `Host` and `Origin`.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode, Version, header};

use super::page::{Page, text};
use super::pages::Open;

const FETCH_SITE: &str = "sec-fetch-site";
const FETCH_MODE: &str = "sec-fetch-mode";
const FETCH_DEST: &str = "sec-fetch-dest";

/// Headers of which a browser sends one at least with every request, `Accept-Language` above all, and
/// probes and scrapers none.
const OF_BROWSERS: [HeaderName; 6] = [
    HeaderName::from_static(FETCH_SITE),
    HeaderName::from_static(FETCH_MODE),
    header::ACCEPT_LANGUAGE,
    header::ORIGIN,
    header::COOKIE,
    header::REFERER,
];

/// The answer to a request that a page of another site may be behind.
///
/// Probes and scrapes are asked by whatever name a Service has, so that `Host` is not looked at while
/// nothing else looks like a browser.
pub(super) fn refusal(head: &Parts, open: Open, allowed_hosts: &[String]) -> Option<Page> {
    let browser = OF_BROWSERS.iter().any(|it| head.headers.contains_key(it));
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(Authority::parse),
        (None, _) if open == Open::Probe && !browser && head.version < Version::HTTP_11 => {
            return None;
        }
        _ => None,
    };
    let Some(host) = host else {
        return Some(text(
            StatusCode::BAD_REQUEST,
            "a request has exactly one Host header: a name or an address, and a port\n",
        ));
    };
    // The target's own authority, `GET http://HOST/`, goes before the header's (RFC 9112, 3.2.2).
    let target = head.uri.authority().map(|it| Authority::parse(it.as_str()));
    let target = match target {
        Some(None) => {
            return Some(text(
                StatusCode::BAD_REQUEST,
                "the target has no usable host\n",
            ));
        }
        Some(Some(target)) => target,
        None => host.clone(),
    };
    let strange = [&host, &target]
        .into_iter()
        .find(|it| !it.host.is_one_of(allowed_hosts));
    if let Some(Authority { host, .. }) = strange
        && (open != Open::Probe || browser)
    {
        let host = host.as_str();
        return Some(forbidden(format!(
            "this port is not known as {host}: ask for it by its address or as localhost, or add \
             {host} to admin.allowed_hosts\n"
        )));
    }
    let own = |origin: &str| Authority::of_origin(origin) == Some(target.clone().on_http());
    let own_secure = |origin: &str| Authority::of_origin(origin) == Some(target.clone().on_https());
    let mut origins = head.headers.get_all(header::ORIGIN).iter();
    let foreign = origins.any(|origin| {
        !origin
            .to_str()
            .is_ok_and(|origin| own(origin) || own_secure(origin))
    });
    if foreign || is_of_another_site(&head.headers, open) {
        return Some(forbidden("another site's page may not ask for this\n"));
    }
    None
}

/// Whether what only this machine may ask for was asked by way of a browser that does not say which
/// page is behind it, or at an address that is not this machine's own alone.
pub(super) fn may_be_lured(headers: &HeaderMap) -> bool {
    let browser = OF_BROWSERS.iter().any(|it| headers.contains_key(it));
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let unspecified = matches!(
        host.and_then(Authority::parse).map(|it| it.host),
        Some(Host::V4(Ipv4Addr::UNSPECIFIED) | Host::V6(Ipv6Addr::UNSPECIFIED))
    );
    unspecified || (browser && !headers.contains_key(FETCH_SITE))
}

/// A link on another site's page may be followed to what can be read, but not embedded.
fn is_of_another_site(headers: &HeaderMap, open: Open) -> bool {
    let is = |name: &str, wanted: &[&str]| {
        let mut values = headers.get_all(name).iter();
        values.all(|value| wanted.iter().any(|it| value.as_bytes() == it.as_bytes()))
    };
    let followed = headers.contains_key(FETCH_DEST)
        && is(FETCH_MODE, &["navigate"])
        && is(FETCH_DEST, &["document"]);
    let is_own = is(FETCH_SITE, &["same-origin", "none"]);
    let may_follow = followed && open != Open::Trusted;
    !is_own && !may_follow
}

fn forbidden(why: impl Into<bytes::Bytes>) -> Page {
    text(StatusCode::FORBIDDEN, why)
}

/// Whether this is a name for `admin.allowed_hosts`.
pub(crate) fn is_host_name(name: &str) -> bool {
    let named = Authority::parse(name).filter(|it| it.port.is_none() && !name.ends_with(':'));
    matches!(
        named,
        Some(Authority {
            host: Host::Name(_),
            ..
        })
    )
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    /// In lower case, without the dot of the root at its end.
    Name(String),
}

impl Host {
    /// An address is no name that somebody else could let resolve to this one.
    fn is_one_of(&self, allowed_hosts: &[String]) -> bool {
        let Host::Name(name) = self else { return true };
        let allowed = |it: &String| it.trim_end_matches('.').eq_ignore_ascii_case(name);
        name == "localhost" || allowed_hosts.iter().any(allowed)
    }

    fn as_str(&self) -> String {
        match self {
            Host::V4(address) => address.to_string(),
            Host::V6(address) => address.to_string(),
            Host::Name(name) => name.clone(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Authority {
    host: Host,
    port: Option<u16>,
}

impl Authority {
    /// Reads a host and perhaps a port, and nothing else: no user, no path, no zone of an address.
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                let port = match rest {
                    "" => "",
                    _ => rest.strip_prefix(':')?,
                };
                (Host::V6(address.parse().ok()?), port)
            }
            None => {
                let (name, port) = text.split_once(':').unwrap_or((text, ""));
                (Host::named(name)?, port)
            }
        };
        let port = match port {
            "" => None,
            digits if digits.bytes().all(|it| it.is_ascii_digit()) => Some(digits.parse().ok()?),
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// The scheme's usual port is written out, so that it does not matter who leaves it out.
    fn of_origin(origin: &str) -> Option<Self> {
        match origin.split_once("://")? {
            ("http", rest) => Self::parse(rest).map(Self::on_http),
            ("https", rest) => Self::parse(rest).map(Self::on_https),
            _ => None,
        }
    }

    fn on_http(mut self) -> Self {
        self.port.get_or_insert(80);
        self
    }

    fn on_https(mut self) -> Self {
        self.port.get_or_insert(443);
        self
    }
}

impl Host {
    fn named(name: &str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name);
        if let Ok(address) = name.parse() {
            return Some(Host::V4(address));
        }
        let letter = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
        let label = |it: &str| !it.is_empty() && it.bytes().all(letter);
        let valid = name.split('.').all(label);
        valid.then(|| Host::Name(name.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests;
