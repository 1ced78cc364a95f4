use std::fmt;

use super::name;

/// Some callers, by one of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Callers {
    All,
    Named(String),
    /// Names that begin like this.
    Begin(String),
    /// Hosts one label below this one, which begins with a dot.
    Below(String),
}

impl Callers {
    pub(crate) const FORMS: &'static str = "a URI such as \"spiffe://acme/billing\", \"dns:NAME\", \"cn:NAME\", one of these with a * at its end, \"dns:*.NAME\", or \"*\"; schemes and hosts in lower case, without %, .., empty parts or a / at the end";

    /// The error is the text itself. A pattern that no name can match is a mistake, too.
    pub(crate) fn parse(text: String) -> Result<Self, String> {
        if text == "*" {
            return Ok(Callers::All);
        }
        let is_name = |name: &str| name::check(name).is_ok();
        if let Some(parent) = text.strip_prefix("dns:*.") {
            return match is_name(&format!("dns:{parent}")) {
                true => Ok(Callers::Below(format!(".{parent}"))),
                false => Err(text),
            };
        }
        match text.strip_suffix('*') {
            Some(begin) if is_name(&format!("{begin}x")) && ends_in_path(begin) => {
                Ok(Callers::Begin(begin.to_owned()))
            }
            None if is_name(&text) => Ok(Callers::Named(text)),
            _ => Err(text),
        }
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Callers::All => true,
            Callers::Named(own) => own == name,
            Callers::Begin(begin) => name.starts_with(begin.as_str()),
            Callers::Below(parent) => name
                .strip_prefix("dns:")
                .and_then(|host| host.strip_suffix(parent.as_str()))
                .is_some_and(|label| !label.is_empty() && !label.contains('.')),
        }
    }
}

/// A prefix of a URI has all of its authority: `spiffe://acme*` would be about acme.evil.example too.
fn ends_in_path(begin: &str) -> bool {
    let after = begin.split_once("://").map(|(_, rest)| rest);
    after.is_none_or(|rest| rest.contains('/'))
}

/// Some methods, by their full names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Methods {
    All,
    /// The full name of a service, with the slash.
    Of(String),
    Named(String),
}

impl Methods {
    pub(super) const FORMS: &'static str =
        "\"package.Service/Method\", \"package.Service/*\" or \"*\"";

    /// The error is the text itself.
    pub(super) fn parse(text: String) -> Result<Self, String> {
        if text == "*" {
            return Ok(Methods::All);
        }
        match text.split_once('/') {
            Some((service, "*")) if !service.is_empty() => Ok(Methods::Of(format!("{service}/"))),
            Some((service, method))
                if !service.is_empty() && !method.is_empty() && !text.contains('*') =>
            {
                Ok(Methods::Named(text))
            }
            _ => Err(text),
        }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Methods::All => true,
            Methods::Of(service) => name.starts_with(service.as_str()),
            Methods::Named(own) => own == name,
        }
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Methods::All => f.write_str("*"),
            Methods::Of(service) => write!(f, "{service}*"),
            Methods::Named(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_matched_as_they_are_written() {
        for (pattern, name, matches) in [
            ("*", "cn:anybody", true),
            ("spiffe://acme/billing", "spiffe://acme/billing", true),
            ("spiffe://acme/billing", "spiffe://acme/billing2", false),
            ("spiffe://acme/ops/*", "spiffe://acme/ops/anna", true),
            ("spiffe://acme/ops/*", "spiffe://acme/ops", false),
            ("spiffe://acme/ops/*", "spiffe://evil/acme/ops/anna", false),
            ("dns:*.acme.internal", "dns:a.acme.internal", true),
            ("dns:*.acme.internal", "dns:a.b.acme.internal", false),
            ("dns:*.acme.internal", "dns:acme.internal", false),
            ("dns:*.acme.internal", "dns:.acme.internal", false),
            ("dns:*.acme.internal", "cn:a.acme.internal", false),
            ("dns:a.b", "cn:a.b", false),
        ] {
            let parsed = Callers::parse(pattern.to_owned()).unwrap();
            assert_eq!(parsed.matches(name), matches, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_that_no_name_can_match_is_none() {
        for pattern in [
            "spiffe://acme/billing/",
            "spiffe://Acme/billing",
            "spiffe://acme/ops/../*",
            "spiffe://acme/%6fps/*",
            "spiffe://acme//*",
            "spiffe://acme*",
            "spiffe://*",
            "dns:Billing.acme",
            "dns:*.Acme",
            "dns:*.",
            "dns:a..b",
            "cn:",
            "*x",
            "x*",
        ] {
            assert!(Callers::parse(pattern.to_owned()).is_err(), "{pattern}");
        }
        for pattern in [
            "spiffe://acme/*",
            "spiffe://acme/ops-*",
            "dns:batch-*",
            "cn:ops *",
        ] {
            assert!(Callers::parse(pattern.to_owned()).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn a_service_does_not_match_another_that_begins_alike() {
        let of = Methods::parse("acme.Orders/*".to_owned()).unwrap();
        assert!(of.matches("acme.Orders/Get"));
        assert!(!of.matches("acme.OrdersAdmin/Get"));
    }
}
