//! A report as one page that needs nothing else: no server, no network, no other file.
//!
//! The report is in it as JSON, and the page's own scripts draw it. The policy in its head lets nothing
//! run but these scripts, by their hashes, and nothing be fetched at all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::text::{self, Style};
use super::words;
use crate::report::Report;

const PAGE: &str = include_str!("page/page.html");
const CSS: &str = include_str!("page/page.css");
/// One script of several files, in this order: what each names of others stands before it.
const JS: [&str; 5] = [
    include_str!("page/base.js"),
    include_str!("page/panel.js"),
    include_str!("page/layout.js"),
    include_str!("page/graph.js"),
    include_str!("page/tables.js"),
];

/// Where links to places lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPrefix(String);

impl LinkPrefix {
    /// A URL to which a file and `#L12` are appended, or one with `{path}` and `{line}` in it.
    ///
    /// Fails on what is no `scheme://…`, and on schemes that are scripts.
    pub fn parse(url: &str) -> Result<Self, String> {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        let known = scheme.is_some_and(|scheme| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                && !scheme.eq_ignore_ascii_case("javascript")
        });
        if !known {
            return Err("it is no URL; as https://host/blob/main/ or vscode://file/home/me/src/{path}:{line}".into());
        }
        if url.contains("{path}") {
            return Ok(Self(url.to_owned()));
        }
        let slash = if url.ends_with('/') { "" } else { "/" };
        Ok(Self(format!("{url}{slash}{{path}}#L{{line}}")))
    }
}

/// The report as a page. Places are links by `links`, or else text with a way to copy it.
#[must_use]
pub fn report(report: &Report, links: Option<&LinkPrefix>) -> String {
    let script = JS.join("\n");
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(CSS)
    );
    let plain = Style {
        color: false,
        width: 88,
        all: false,
    };
    fill(PAGE, |slot| match slot {
        "policy" => policy.clone(),
        "style" => CSS.to_owned(),
        "script" => script.clone(),
        "title" => escaped(&report.modules.join(" + ")),
        "verdict" => escaped(&words::verdict(report)),
        "facts" => facts(report),
        "links" => escaped(links.map_or("", |links| &links.0)),
        "text" => escaped(&text::report(report, plain)),
        _ => embedded(report),
    })
}

fn facts(report: &Report) -> String {
    let facts = words::facts(report).into_iter();
    facts
        .map(|(about, fact)| format!("<div><dt>{about}</dt><dd>{}</dd></div>", escaped(&fact)))
        .collect()
}

/// `template` with each `{{slot}}` filled, in one pass, so that what fills one is not looked at again.
fn fill(template: &str, filler: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, slot, after)) = next_slot(rest) {
        filled.push_str(before);
        filled.push_str(&filler(slot));
        rest = after;
    }
    filled + rest
}

fn next_slot(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (slot, after) = rest.split_once("}}")?;
    Some((before, slot, after))
}

/// As Content Security Policy names what it lets run.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The report as JSON that can stand in a `script` element: nothing in it ends the element, begins a
/// comment in it, or is a line break to older scripts.
fn embedded(report: &Report) -> String {
    let json = serde_json::to_string(report).unwrap_or_default();
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Text for an element or for an attribute in double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fills_a_slot_is_not_filled_again() {
        let filled = fill("<{{a}}-{{b}}>", |slot| format!("{{{{{slot}}}}}"));
        assert_eq!(filled, "<{{a}}-{{b}}>");
    }

    #[test]
    fn links_are_to_places_and_never_scripts() {
        let parsed = |url| LinkPrefix::parse(url).map(|link| link.0);
        assert_eq!(
            parsed("https://h/b/main").unwrap(),
            "https://h/b/main/{path}#L{line}"
        );
        assert_eq!(
            parsed("vscode://file/w/{path}:{line}").unwrap(),
            "vscode://file/w/{path}:{line}"
        );
        for bad in [
            "javascript://%0aalert(1)",
            "JavaScript:alert(1)",
            "main/",
            "://x",
            "data:text/html,x",
        ] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }
}
