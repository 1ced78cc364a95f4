use http::{HeaderValue, Request};

use super::*;

fn head(target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().uri(target);
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request.body(()).unwrap().into_parts().0
}

/// The status of the refusal, 200 for none.
fn status(target: &str, headers: &[(&str, &str)], open: Open) -> u16 {
    let allowed = ["admin.acme.internal".to_owned(), "Pod.acme.".to_owned()];
    let refused = refusal(&head(target, headers), open, &allowed);
    refused.map_or(200, |page| page.status().as_u16())
}

#[test]
fn the_host_is_an_address_localhost_or_a_name_of_the_configuration() {
    for (host, expected) in [
        ("127.0.0.1:9090", 200),
        ("10.1.2.3", 200),
        ("[::1]:9090", 200),
        ("[fd00::7]", 200),
        ("localhost:9090", 200),
        ("LOCALHOST", 200),
        ("localhost.:9090", 200),
        ("localhost:", 200),
        ("admin.acme.internal:80", 200),
        ("Admin.Acme.Internal.", 200),
        ("pod.acme", 200),
        ("evil.example:9090", 403),
        ("localhost.evil.example", 403),
        ("evil.localhost", 403),
        ("127.0.0.1.evil.example", 403),
        ("admin.acme.internal.evil.example", 403),
        ("x.admin.acme.internal", 403),
        // Numbers that a resolver, and not a browser, would take for an address.
        ("2130706433", 403),
        ("0x7f.1", 403),
        ("127.1", 403),
        ("", 400),
        (".", 400),
        ("localhost..", 400),
        ("[::1", 400),
        ("[::1]x", 400),
        ("[::1%25lo]", 400),
        ("[localhost]", 400),
        ("::1", 400),
        ("localhost:9090:1", 400),
        ("localhost:http", 400),
        ("localhost:99999", 400),
        ("localhost:+80", 400),
        ("evil.example@localhost", 400),
        ("localhost@evil.example", 400),
        ("localhost/x", 400),
        ("localhost evil.example", 400),
        ("http://localhost", 400),
        ("localhost,evil.example", 400),
        ("l\u{f6}calhost", 400),
    ] {
        for open in [Open::All, Open::Trusted] {
            assert_eq!(
                status("/admin/slow", &[("host", host)], open),
                expected,
                "{host}"
            );
        }
    }
}

#[test]
fn there_is_one_host() {
    for headers in [
        &[][..],
        &[("host", "localhost"), ("host", "localhost")],
        &[("host", "localhost"), ("host", "evil.example")],
        &[("host", "evil.example"), ("host", "localhost")],
    ] {
        for open in [Open::Probe, Open::All, Open::Trusted] {
            assert_eq!(status("/livez", headers, open), 400, "{headers:?}");
        }
    }
    let mut old = head("/livez", &[]);
    old.version = Version::HTTP_10;
    assert!(refusal(&old, Open::Probe, &[]).is_none());
    assert!(refusal(&old, Open::All, &[]).is_some());
}

#[test]
fn the_target_is_asked_as_the_header_is() {
    let own = [("host", "localhost")];
    for (target, expected) in [
        ("http://localhost/admin/slow", 200),
        ("http://127.0.0.1:9090/admin/slow", 200),
        ("http://evil.example/admin/slow", 403),
        ("http://evil.example:80/admin/slow", 403),
        ("http://localhost@evil.example/admin/slow", 400),
    ] {
        assert_eq!(status(target, &own, Open::All), expected, "{target}");
    }
    let foreign = [("host", "evil.example")];
    assert_eq!(status("http://localhost/", &foreign, Open::All), 403);
}

#[test]
fn probes_are_answered_by_any_name_but_not_to_a_browser() {
    let host = ("host", "orders.shop.svc:9090");
    assert_eq!(status("/metrics", &[host], Open::Probe), 200);
    let prometheus = [host, ("user-agent", "Prometheus/2.42.0"), ("accept", "*/*")];
    assert_eq!(status("/metrics", &prometheus, Open::Probe), 200);
    for sign in [
        ("accept-language", "en-US"),
        ("accept-language", ""),
        ("origin", "http://orders.shop.svc:9090"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-mode", "cors"),
        ("referer", "http://orders.shop.svc:9090/"),
        ("cookie", "a=b"),
    ] {
        assert_eq!(
            status("/metrics", &[host, sign], Open::Probe),
            403,
            "{sign:?}"
        );
    }
    let own = [("host", "localhost:9090"), ("accept-language", "en-US")];
    assert_eq!(status("/metrics", &own, Open::Probe), 200);
}

#[test]
fn a_foreign_origin_is_refused_for_reading_too() {
    for (host, origin, expected) in [
        ("localhost:9090", "http://localhost:9090", 200),
        ("LocalHost:9090", "http://localhost:9090", 200),
        ("localhost", "http://localhost", 200),
        ("localhost", "http://localhost:80", 200),
        ("admin.acme.internal", "https://admin.acme.internal", 200),
        ("[::1]:9090", "http://[::1]:9090", 200),
        ("localhost:9090", "http://localhost:8080", 403),
        ("localhost:9090", "http://localhost", 403),
        ("localhost:9090", "http://127.0.0.1:9090", 403),
        ("localhost:9090", "http://evil.example", 403),
        ("localhost:9090", "http://evil.example:9090", 403),
        ("localhost:9090", "null", 403),
        ("localhost:9090", "", 403),
        ("localhost:9090", "localhost:9090", 403),
        ("localhost:9090", "file://localhost:9090", 403),
        ("localhost:9090", "http://localhost:9090@evil.example", 403),
    ] {
        let headers = [("host", host), ("origin", origin)];
        for open in [Open::Probe, Open::All, Open::Trusted] {
            assert_eq!(status("/", &headers, open), expected, "{host} {origin}");
        }
    }
    let two = [
        ("host", "localhost"),
        ("origin", "http://localhost"),
        ("origin", "http://evil.example"),
    ];
    assert_eq!(status("/", &two, Open::All), 403);
}

#[test]
fn another_site_can_link_to_what_is_read_and_to_nothing_else() {
    let sent = |site, mode, dest, open| {
        let headers = [
            ("host", "127.0.0.1:9090"),
            (FETCH_SITE, site),
            (FETCH_MODE, mode),
            (FETCH_DEST, dest),
        ];
        status("/admin/slow", &headers, open)
    };
    for (site, mode, dest, open, expected) in [
        ("none", "navigate", "document", Open::Trusted, 200),
        ("same-origin", "cors", "empty", Open::Trusted, 200),
        ("cross-site", "navigate", "document", Open::All, 200),
        ("cross-site", "navigate", "document", Open::Trusted, 403),
        ("cross-site", "navigate", "iframe", Open::All, 403),
        ("cross-site", "no-cors", "image", Open::All, 403),
        ("same-site", "no-cors", "script", Open::Probe, 403),
        ("", "cors", "empty", Open::All, 403),
    ] {
        assert_eq!(
            sent(site, mode, dest, open),
            expected,
            "{site} {mode} {dest}"
        );
    }
}

#[test]
fn a_browser_that_does_not_say_which_page_asks_is_not_this_machine() {
    let lured = |headers: &[(&str, &str)]| may_be_lured(&head("/", headers).headers);
    let host = ("host", "127.0.0.1:9090");
    assert!(!lured(&[host]));
    assert!(!lured(&[
        host,
        (FETCH_SITE, "none"),
        ("accept-language", "en")
    ]));
    assert!(lured(&[host, ("accept-language", "en")]));
    // Addresses that browsers connect to this machine, and do not call it trustworthy.
    assert!(lured(&[("host", "0.0.0.0:9090")]));
    assert!(lured(&[("host", "[::]:9090")]));
}

#[test]
fn names_of_the_configuration_are_names() {
    for (name, expected) in [
        ("admin.acme.internal", true),
        ("orders", true),
        ("localhost.", true),
        ("", false),
        ("*.acme.internal", false),
        ("orders:9090", false),
        ("orders:", false),
        ("http://orders", false),
        ("10.1.2.3", false),
        ("[::1]", false),
        ("a..b", false),
    ] {
        assert_eq!(is_host_name(name), expected, "{name}");
    }
}
