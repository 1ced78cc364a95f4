//! One `section.key` and its text, from the environment or from `--set`.

use std::ffi::OsString;

use crate::key::Key;
use crate::mistake::Draft;
use crate::origin::Origin;

/// One key and its text. The text gets a type only when the section that it is for is known.
pub(crate) struct Assignment {
    pub(crate) names: Vec<String>,
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// What the environment holds for this service.
pub(crate) struct Environment {
    pub(crate) assignments: Vec<Assignment>,
    /// Variables with a single underscore behind the service's name. They are other people's
    /// (Kubernetes makes such names), or slips; which of the two shows once the sections are known.
    pub(crate) others: Vec<String>,
}

/// Reads `PREFIX__SECTION__KEY` variables. Names are taken in any case.
pub(crate) fn from_env(
    prefix: &str,
    vars: &[(OsString, OsString)],
    drafts: &mut Vec<Draft>,
) -> Environment {
    let mut environment = Environment {
        assignments: Vec::new(),
        others: Vec::new(),
    };
    let mut vars: Vec<_> = vars
        .iter()
        .map(|(name, value)| (name.to_string_lossy(), value))
        .collect();
    vars.sort();
    for (name, value) in vars {
        let folded = name.to_lowercase();
        let Some(rest) = folded.strip_prefix(&format!("{}__", prefix.to_lowercase())) else {
            if !is_service_link(&value.to_string_lossy()) {
                environment.others.push(name.into_owned());
            }
            continue;
        };
        let example =
            format!("name it {prefix}__SECTION__KEY, with two underscores between the parts");
        let origin = Origin::Env(name.clone().into_owned());
        if name.contains(char::REPLACEMENT_CHARACTER) {
            drafts.push(
                Draft::new(origin, format!("the name of {name} is not UTF-8 text")).fix(example),
            );
            continue;
        }
        if rest.is_empty() {
            let problem = format!("{name} names no section and no key");
            drafts.push(Draft::new(origin, problem).fix(example));
            continue;
        }
        let names: Vec<String> = rest.split("__").map(str::to_owned).collect();
        if names.iter().any(String::is_empty) {
            drafts.push(Draft::new(origin, format!("{name} has an empty part")).fix(example));
            continue;
        }
        // The value may be a secret that was not encoded, so none of it is shown.
        let Some(text) = value.to_str() else {
            let key = Key::names(names.iter().map(String::as_str));
            let problem = format!("the value of `{key}` is not UTF-8 text");
            drafts.push(
                Draft::new(origin, problem)
                    .about(key)
                    .fix("encode the value as UTF-8"),
            );
            continue;
        };
        environment.assignments.push(Assignment {
            names,
            text: text.to_owned(),
            origin,
        });
    }
    environment.assignments = without_duplicates(environment.assignments, drafts);
    environment
}

/// Kubernetes sets `ORDERS_GRPC_PORT=tcp://10.0.0.1:80` when there is a Service by the name of
/// `orders-grpc`.
fn is_service_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme))
}

/// Reads `section.key=value` arguments.
pub(crate) fn from_sets(sets: &[String], drafts: &mut Vec<Draft>) -> Vec<Assignment> {
    const EXAMPLE: &str = "write it as --set section.key=value";
    let mut assignments = Vec::new();
    for (position, set) in sets.iter().enumerate() {
        let origin = Origin::Set(position);
        let refuse = |problem: String| Draft::new(origin.clone(), problem).fix(EXAMPLE);
        let Some((key, text)) = set.split_once('=') else {
            // What looks like a key is shown; whatever follows it could be a secret.
            let shown: String = set
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c))
                .collect();
            drafts.push(refuse(format!("`{shown}` has no `=` and so no value")));
            continue;
        };
        let key = key.trim();
        if key.is_empty() {
            drafts.push(refuse("there is no key before the `=`".to_owned()));
            continue;
        }
        let names: Vec<String> = key.split('.').map(|name| name.trim().to_owned()).collect();
        if names.iter().any(String::is_empty) {
            drafts.push(refuse(format!("`{key}` has an empty part")));
            continue;
        }
        assignments.push(Assignment {
            names,
            text: text.to_owned(),
            origin,
        });
    }
    without_duplicates(assignments, drafts)
}

/// Keeps the first of several assignments to one key, or to a key and something inside it. Which
/// one would win is an accident of order, so both are named.
fn without_duplicates(assignments: Vec<Assignment>, drafts: &mut Vec<Draft>) -> Vec<Assignment> {
    let mut kept: Vec<Assignment> = Vec::new();
    for assignment in assignments {
        match kept
            .iter()
            .find(|other| overlap(&other.names, &assignment.names))
        {
            Some(other) => drafts.push(duplicate(other, assignment)),
            None => kept.push(assignment),
        }
    }
    kept
}

fn overlap(a: &[String], b: &[String]) -> bool {
    let shared = a.len().min(b.len());
    a[..shared] == b[..shared]
}

fn duplicate(earlier: &Assignment, later: Assignment) -> Draft {
    let (outer, inner) = if earlier.names.len() < later.names.len() {
        (&earlier.names, &later.names)
    } else {
        (&later.names, &earlier.names)
    };
    let key = Key::names(outer.iter().map(String::as_str));
    let how = match inner.strip_prefix(outer.as_slice()) {
        Some([]) => "set twice",
        Some([name]) if name == "file" => "given both as text and as a file",
        _ => "set as a whole and in part",
    };
    let first = match &earlier.origin {
        Origin::Set(_) => "an earlier --set".to_owned(),
        other => other.to_string(),
    };
    Draft::new(later.origin, format!("`{key}` is {how}, first by {first}"))
        .about(key)
        .fix("keep one of the two")
}
