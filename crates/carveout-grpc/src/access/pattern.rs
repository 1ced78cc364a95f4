use std::fmt;

/// Some callers, by one of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Callers {
    All,
    Named(String),
    /// Names that begin like this.
    Begin(String),
    /// Hosts one label below this one, which begins with a dot.
    Below(String),
}

impl Callers {
    pub(super) const FORMS: &'static str = "a URI such as \"spiffe://acme/billing\", \"dns:NAME\", \"cn:NAME\", one of these with a * at its end, \"dns:*.NAME\", or \"*\"";

    /// The error is the text itself.
    pub(super) fn parse(text: String) -> Result<Self, String> {
        if text == "*" {
            return Ok(Callers::All);
        }
        let known = |name: &str| {
            let host = name
                .strip_prefix("dns:")
                .or_else(|| name.strip_prefix("cn:"));
            let uri = name.split_once("://").map(|(_, rest)| rest);
            host.or(uri).is_some_and(|rest| !rest.is_empty()) && !name.contains('*')
        };
        if let Some(parent) = text.strip_prefix("dns:*.") {
            return match known(&format!("dns:{parent}")) {
                true => Ok(Callers::Below(format!(".{}", parent.to_ascii_lowercase()))),
                false => Err(text),
            };
        }
        match text.strip_suffix('*') {
            Some(begin) if known(begin) => Ok(Callers::Begin(begin.to_owned())),
            None if known(&text) => Ok(Callers::Named(text)),
            _ => Err(text),
        }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
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
    fn a_service_does_not_match_another_that_begins_alike() {
        let of = Methods::parse("acme.Orders/*".to_owned()).unwrap();
        assert!(of.matches("acme.Orders/Get"));
        assert!(!of.matches("acme.OrdersAdmin/Get"));
    }
}
