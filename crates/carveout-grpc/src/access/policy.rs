use std::str::FromStr;

use serde::Deserialize;

use super::pattern::{Callers, Methods};

/// Which callers may call which methods. What no rule allows is refused.
///
/// ```
/// use carveout_grpc::AccessPolicy;
///
/// let policy: AccessPolicy = r#"
///     [[allow]]
///     callers = ["spiffe://acme/billing", "dns:*.batch.acme.internal"]
///     methods = ["acme.orders.v1.OrdersService/GetItem", "acme.orders.v1.OrdersService/ListItems"]
///
///     [[allow]]
///     callers = ["spiffe://acme/ops/*"]
///     methods = ["*"]
/// "#.parse().unwrap();
/// # assert!("allow = 1".parse::<AccessPolicy>().is_err());
/// ```
///
/// A caller is one name of an [`Identity`](crate::Identity). A `*` at its end stands for anything
/// that follows, `dns:*.` for one label, and `*` alone for every caller that has proved who it is. A
/// method is `package.Service/Method`, `package.Service/*` or `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessPolicy {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    callers: Vec<Callers>,
    methods: Vec<Methods>,
}

/// Why a text is no policy, or not one of this service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// It is not TOML, or has keys that a policy has not.
    #[error("line {line}: {message}")]
    Toml {
        /// Counts from one.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A rule that allows nothing.
    #[error("rule {rule}: `{key}` is empty; name at least one, or remove the rule")]
    Empty {
        /// Counts from one.
        rule: usize,
        /// `callers` or `methods`.
        key: &'static str,
    },
    /// A pattern that can match nothing.
    #[error("rule {rule}: {text:?} is no {kind}; write {forms}")]
    Pattern {
        /// Counts from one.
        rule: usize,
        /// The pattern.
        text: String,
        /// `caller` or `method`.
        kind: &'static str,
        /// What there is instead.
        forms: &'static str,
    },
    /// A method that the service does not have.
    #[error("rule {rule}: {text:?} matches no method of this service; there is {known}")]
    Method {
        /// Counts from one.
        rule: usize,
        /// The pattern.
        text: String,
        /// The methods.
        known: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allow: Vec<Allow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allow {
    callers: Vec<String>,
    methods: Vec<String>,
}

impl FromStr for AccessPolicy {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            AccessError::Toml {
                line: 1 + before.unwrap_or_default().matches('\n').count(),
                message: error.message().to_owned(),
            }
        })?;
        let rules = file.allow.into_iter().zip(1..).map(|(allow, rule)| {
            let no = |key| Err(AccessError::Empty { rule, key });
            match (allow.callers.is_empty(), allow.methods.is_empty()) {
                (true, _) => return no("callers"),
                (_, true) => return no("methods"),
                _ => {}
            }
            let bad = |kind, forms| {
                move |text| AccessError::Pattern {
                    rule,
                    text,
                    kind,
                    forms,
                }
            };
            let callers = allow.callers.into_iter().map(Callers::parse);
            let methods = allow.methods.into_iter().map(Methods::parse);
            Ok(Rule {
                callers: callers
                    .collect::<Result<_, _>>()
                    .map_err(bad("caller", Callers::FORMS))?,
                methods: methods
                    .collect::<Result<_, _>>()
                    .map_err(bad("method", Methods::FORMS))?,
            })
        });
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
        })
    }
}

impl AccessPolicy {
    /// For each of `methods` the callers that may call it. A rule for a method that is not there is
    /// a mistake: most likely a name is misspelt, and somebody is kept out.
    pub(super) fn by_method(&self, methods: &[String]) -> Result<Vec<Vec<Callers>>, AccessError> {
        for (rule, number) in self.rules.iter().zip(1..) {
            let stray = |pattern: &&Methods| !methods.iter().any(|name| pattern.matches(name));
            if let Some(pattern) = rule.methods.iter().find(stray) {
                return Err(AccessError::Method {
                    rule: number,
                    text: pattern.to_string(),
                    known: methods.join(", "),
                });
            }
        }
        let callers = |method: &String| {
            let rules = self.rules.iter();
            let own = rules.filter(|rule| rule.methods.iter().any(|it| it.matches(method)));
            own.flat_map(|rule| rule.callers.iter().cloned()).collect()
        };
        Ok(methods.iter().map(callers).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn mistake(text: &str) -> String {
        text.parse::<AccessPolicy>().unwrap_err().to_string()
    }

    #[test]
    fn every_mistake_says_where_it_is_and_what_to_write() {
        let rule = |callers: &str, methods: &str| {
            format!("[[allow]]\ncallers = [{callers}]\nmethods = [{methods}]\n")
        };
        for (text, said) in [
            ("[[allow]\n".to_owned(), "line 1: "),
            ("\n[[deny]]\n".to_owned(), "line 2: unknown field `deny`"),
            (
                format!("{}caller = []\n", rule("\"*\"", "\"*\"")),
                "line 4: ",
            ),
            (
                "[[allow]]\nmethods = [\"*\"]\n".to_owned(),
                "missing field `callers`",
            ),
            (rule("", "\"*\""), "rule 1: `callers` is empty"),
            (rule("\"*\"", ""), "rule 1: `methods` is empty"),
            (
                rule("\"billing\"", "\"*\""),
                "rule 1: \"billing\" is no caller; write",
            ),
            (rule("\"a*b\"", "\"*\""), "\"a*b\" is no caller"),
            (rule("\"\"", "\"*\""), "\"\" is no caller"),
            (
                rule("\"*\"", "\"GetItem\""),
                "\"GetItem\" is no method; write",
            ),
            (rule("\"*\"", "\"a.B/Get*\""), "\"a.B/Get*\" is no method"),
        ] {
            let found = mistake(&text);
            assert!(found.contains(said), "{text}: {found}");
        }
    }

    #[test]
    fn a_rule_for_a_method_that_is_not_there_names_those_that_are() {
        let policy = "[[allow]]\ncallers = [\"*\"]\nmethods = [\"a.B/Gte\"]\n";
        let policy: AccessPolicy = policy.parse().unwrap();
        let found = policy.by_method(&["a.B/Get".to_owned()]).unwrap_err();
        assert_eq!(
            found.to_string(),
            "rule 1: \"a.B/Gte\" matches no method of this service; there is a.B/Get"
        );
    }
}
