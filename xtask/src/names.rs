//! S1: what a service may be called. Everything else (crate, contract, environment prefix, image,
//! port) is derived from the name.

use heck::ToKebabCase;

use crate::error::{Error, Result};

const LONGEST: usize = 40;

/// Rust's keywords, strict and reserved: a crate of that name cannot be imported.
const RUST: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Protobuf's keywords and types: a package segment of that name confuses one generator or another.
const PROTO: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "edition",
    "enum",
    "extend",
    "extensions",
    "fixed32",
    "fixed64",
    "float",
    "group",
    "import",
    "int32",
    "int64",
    "map",
    "max",
    "message",
    "oneof",
    "option",
    "optional",
    "package",
    "public",
    "repeated",
    "required",
    "reserved",
    "returns",
    "rpc",
    "service",
    "sfixed32",
    "sfixed64",
    "sint32",
    "sint64",
    "stream",
    "string",
    "syntax",
    "to",
    "uint32",
    "uint64",
    "weak",
];

/// Crates that every Rust program has, and folders that cargo keeps for itself under `target/`.
const CARGO: &[&str] = &[
    "alloc",
    "bench",
    "build",
    "core",
    "deps",
    "doc",
    "examples",
    "incremental",
    "main",
    "proc-macro",
    "std",
    "target",
    "test",
    "tests",
    "xtask",
];

/// What YAML reads as true, false or nothing where a manifest says it without quotes.
const YAML: &[&str] = &["n", "no", "null", "off", "on", "y", "yes"];

/// In a package `acme.google.v1`, `google.protobuf.Timestamp` is looked for in `acme.google` first,
/// and found nowhere.
const PACKAGES: &[&str] = &["google"];

/// Names that Windows gives to devices: a folder of that name cannot be checked out there.
const WINDOWS: &[&str] = &[
    "aux", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con",
    "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
];

/// Checks the form of a name, and that nothing else in the world of Rust, protobuf or file systems
/// is called that.
pub(crate) fn check_form(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::usage("a service needs a name").help("try `orders`"));
    }
    if !is_well_formed(name) {
        let form = "a name is lower-case letters and digits in words joined by single dashes, and begins with a letter";
        return Err(refuse(name, form, suggestion(name)));
    }
    if name.len() > LONGEST {
        let why = format!(
            "a name has at most {LONGEST} characters, this one has {}",
            name.len()
        );
        let shorter = name[..LONGEST]
            .rsplit_once('-')
            .map_or(&name[..LONGEST], |(head, _)| head);
        let shorter = Some(shorter).filter(|shorter| check_form(shorter).is_ok());
        return Err(refuse(name, &why, shorter.map(str::to_owned)));
    }
    let lists = [
        (RUST, "a Rust keyword"),
        (PROTO, "a protobuf keyword"),
        (CARGO, "reserved by cargo"),
        (
            YAML,
            "a value and no text in YAML, where the manifests are written",
        ),
        (
            PACKAGES,
            "the beginning of packages that contracts import, and would hide them",
        ),
        (WINDOWS, "a device name on Windows"),
        (
            TEMPLATE,
            "what the code of a service calls its own contract",
        ),
    ];
    match lists.iter().find(|(list, _)| list.contains(&name)) {
        Some((_, what)) => Err(refuse(
            name,
            &format!("it is {what}"),
            Some(format!("{name}-service")),
        )),
        None => Ok(()),
    }
}

/// What a stamped service calls the crate of its contract in its own code.
const TEMPLATE: &[&str] = &["api"];

/// Checks an organisation, which is a module of the generated code, a part of the contract's package
/// and a folder below `proto/`.
pub(crate) fn check_org(org: &str) -> Result<()> {
    let refuse = |why: String| {
        let error = Error::usage(format!("org = {org:?} is not an organisation: {why}"));
        error.help("choose a short lower-case word, such as `acme`, with --org")
    };
    let well_formed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !org.starts_with(|first: char| first.is_ascii_lowercase()) || !org.bytes().all(well_formed) {
        let form = "it must be lower-case letters, digits and underscores, and begin with a letter";
        return Err(refuse(form.to_owned()));
    }
    if org.len() > LONGEST {
        let length = org.len();
        return Err(refuse(format!(
            "it must have at most {LONGEST} characters, and has {length}"
        )));
    }
    let lists = [
        (RUST, "a Rust keyword"),
        (PROTO, "a protobuf keyword"),
        (PACKAGES, "the first part of packages that contracts import"),
        (WINDOWS, "a device name on Windows"),
    ];
    match lists.iter().find(|(list, _)| list.contains(&org)) {
        Some((_, what)) => Err(refuse(format!("it is {what}"))),
        None => Ok(()),
    }
}

/// Checks that no package is called that, with `-` and `_` folded. `packages` are those of the
/// workspace, `dependencies` all that are locked.
pub(crate) fn check_clash(name: &str, packages: &[String], dependencies: &[String]) -> Result<()> {
    let taken = [name.to_owned(), format!("{name}-api")];
    for wanted in &taken {
        let clash = |other: &&String| fold(other) == fold(wanted);
        if let Some(package) = packages.iter().find(clash) {
            let why =
                format!("its package {wanted} would clash with the workspace's package {package}");
            return Err(refuse(name, &why, Some(free(name, packages, dependencies))));
        }
        if let Some(dependency) = dependencies.iter().find(clash) {
            let why = format!("its package {wanted} would clash with the dependency {dependency}");
            return Err(refuse(name, &why, Some(free(name, packages, dependencies))));
        }
    }
    Ok(())
}

/// A name like `name` that clashes with nothing.
fn free(name: &str, packages: &[String], dependencies: &[String]) -> String {
    let base = name.strip_suffix("-api").unwrap_or(name);
    // Room for a number.
    let base = base
        .get(..LONGEST - 4)
        .unwrap_or(base)
        .trim_end_matches('-');
    let candidates = std::iter::once(format!("{base}-service"))
        .chain((2..).map(|number| format!("{base}-{number}")));
    let is_free = |candidate: &String| {
        let wanted = [fold(candidate), fold(&format!("{candidate}-api"))];
        let is_taken = packages
            .iter()
            .chain(dependencies)
            .any(|other| wanted.contains(&fold(other)));
        check_form(candidate).is_ok() && !is_taken
    };
    candidates.into_iter().find(is_free).unwrap_or_default()
}

pub(crate) fn fold(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

fn is_well_formed(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('-').all(word)
}

/// The nearest well-formed name, if anything of `name` can be kept.
fn suggestion(name: &str) -> Option<String> {
    let kebab: String = name
        .to_kebab_case()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let kebab = kebab
        .trim_start_matches(|c: char| !c.is_ascii_lowercase())
        .trim_end_matches('-')
        .to_owned();
    let kebab = kebab.get(..LONGEST).map_or(kebab.clone(), |short| {
        short.trim_end_matches('-').to_owned()
    });
    (is_well_formed(&kebab) && check_form(&kebab).is_ok()).then_some(kebab)
}

fn refuse(name: &str, why: &str, suggestion: Option<String>) -> Error {
    let error = Error::usage(format!("cannot call a service {name:?}: {why}"));
    match suggestion {
        Some(suggestion) => error.help(format!("try `{suggestion}`")),
        None => error.help("try a name such as `orders` or `order-history`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(name: &str, suggestion: &str) {
        let error = check_form(name).unwrap_err();
        assert_eq!(
            error.help.as_deref(),
            Some(format!("try `{suggestion}`").as_str()),
            "{}",
            error.message
        );
        check_form(suggestion).unwrap();
    }

    #[test]
    fn good_names_pass() {
        for name in [
            "orders",
            "order-history",
            "a",
            "s3-gateway",
            "x1-2-3",
            &"a".repeat(40),
        ] {
            check_form(name).unwrap_or_else(|error| panic!("{name}: {}", error.message));
        }
    }

    #[test]
    fn bad_names_are_refused_with_a_good_one() {
        refused("Orders", "orders");
        refused("orderHistory", "order-history");
        refused("order_history", "order-history");
        refused("order--history", "order-history");
        refused("-orders", "orders");
        refused("orders-", "orders");
        refused("9lives", "lives");
        refused("orders!", "orders");
        refused("../orders", "orders");
        refused("orders/api", "orders-api");
        refused(" orders", "orders");
        refused("google", "google-service");
        refused("match", "match-service");
        refused("gen", "gen-service");
        refused("message", "message-service");
        refused("test", "test-service");
        refused("core", "core-service");
        refused("nul", "nul-service");
        refused("com1", "com1-service");
        refused("api", "api-service");
        refused(
            "very-long-name-that-goes-on-and-on-and-on-for-ever",
            "very-long-name-that-goes-on-and-on-and",
        );
    }

    #[test]
    fn names_of_which_nothing_can_be_kept_are_refused_too() {
        let short_of_a_keyword = format!("test-{}", "a".repeat(LONGEST));
        for name in ["", "日本", "---", "42", "ÅÄÖ", &short_of_a_keyword] {
            let help = check_form(name).unwrap_err().help.unwrap();
            assert!(help.contains("`orders`"), "{name:?}: {help}");
        }
    }

    #[test]
    fn organisations_that_cannot_be_a_package_are_refused() {
        for org in ["acme", "a", "shop_2", &"a".repeat(LONGEST)] {
            check_org(org).unwrap_or_else(|error| panic!("{org}: {}", error.message));
        }
        let long = "a".repeat(LONGEST + 1);
        for org in [
            "", "self", "super", "crate", "message", "package", "google", "nul", "Acme", "9lives",
            "a-b", "a.b", "..", "a/b", "_a", "\u{e9}", &long,
        ] {
            let error = check_org(org).unwrap_err();
            assert!(
                error.message.contains(&format!("{org:?}")),
                "{}",
                error.message
            );
        }
    }

    #[test]
    fn clashes_are_found_after_folding_and_through_the_api() {
        let packages = [
            "orders".to_owned(),
            "orders-api".to_owned(),
            "stock_keeper".to_owned(),
        ];
        let dependencies = ["tonic".to_owned(), "prost".to_owned()];
        let clash = |name: &str| check_clash(name, &packages, &dependencies).unwrap_err();
        assert_eq!(
            clash("orders").help.as_deref(),
            Some("try `orders-service`")
        );
        assert!(clash("orders-api").message.contains("orders-api"));
        assert!(clash("stock-keeper").message.contains("stock_keeper"));
        assert!(clash("tonic").message.contains("dependency tonic"));
        check_clash("billing", &packages, &dependencies).unwrap();
        let longest = ["a".repeat(LONGEST)];
        let error = check_clash(&longest[0], &longest, &[]).unwrap_err();
        let better = format!("try `{}-2`", "a".repeat(LONGEST - 4));
        assert_eq!(error.help, Some(better));
        let api_of_other = ["billing-api".to_owned()];
        assert!(check_clash("billing", &api_of_other, &[]).is_err());
    }
}
