//! What a SCIP symbol says about itself.

use scip::symbol::parse_symbol;
use scip::types::descriptor::Suffix;
use scip::types::symbol_information::Kind;

use crate::model::ItemKind;

/// Nobody nests modules or types as deep; a symbol that does is made to hurt.
const DEEPEST: usize = 256;

/// A symbol, taken apart.
pub(super) struct Parsed {
    /// Package manager, name and version.
    pub(super) package: (String, String, String),
    /// The modules around it, from the package's root on. Of a module, itself included.
    pub(super) modules: Vec<String>,
    /// The rest: types, then a function, a field …
    pub(super) rest: Vec<Part>,
    pub(super) implements: Option<String>,
}

/// A part of a path inside of a module.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) suffix: Suffix,
}

impl Parsed {
    /// `None` for a symbol that is not of SCIP's form, and for parameters, which no boundary is
    /// about.
    pub(super) fn new(symbol: &str) -> Option<Self> {
        let parsed = parse_symbol(symbol).ok()?;
        let package = parsed.package.into_option().unwrap_or_default();
        let python = parsed.scheme == "scip-python";
        let rust = parsed.scheme == "rust-analyzer";
        let typescript = parsed.scheme == "scip-typescript";
        let mut modules = Vec::new();
        let mut rest: Vec<Part> = Vec::new();
        let mut implements = None;
        let mut descriptors = parsed.descriptors.into_iter().peekable();
        while let Some(descriptor) = descriptors.next() {
            let suffix = descriptor.suffix.enum_value().ok()?;
            let mut name = descriptor.name;
            if typescript {
                match typescript_name(&name, suffix) {
                    Some(plain) => name = plain,
                    None => continue,
                }
            }
            match suffix {
                Suffix::Namespace if rest.is_empty() => match name.as_str() {
                    "crate" if rust => {}
                    _ if python => modules.extend(name.split('.').map(str::to_owned)),
                    _ => modules.push(name),
                },
                // A Python module is the attribute `__init__` of itself.
                Suffix::Meta if python && name == "__init__" && rest.is_empty() => {}
                // rust-analyzer writes `impl#[Type][Trait]method().`
                Suffix::Type if rust && name == "impl" => {
                    let mut of = Vec::new();
                    while let Some(next) =
                        descriptors.next_if(|next| next.suffix == Suffix::TypeParameter.into())
                    {
                        of.push(next.name);
                    }
                    let mut of = of.into_iter();
                    let name = plain_name(&of.next()?);
                    implements = of.next();
                    rest.push(Part {
                        name,
                        suffix: Suffix::Type,
                    });
                }
                // A property of an object between braces.
                Suffix::Meta if typescript => rest.push(Part {
                    name,
                    suffix: Suffix::Term,
                }),
                Suffix::Parameter | Suffix::TypeParameter | Suffix::Local => return None,
                _ => rest.push(Part { name, suffix }),
            }
        }
        if modules.len() + rest.len() > DEEPEST {
            return None;
        }
        Some(Self {
            package: (package.manager, package.name, package.version),
            modules,
            rest,
            implements,
        })
    }

    /// Takes the modules after the first `depth` for parts of the rest: a macro made them, so that no
    /// module of the source is them.
    pub(super) fn leave_modules(&mut self, depth: usize) {
        let made = self.modules.drain(depth..).map(|name| Part {
            name,
            suffix: Suffix::Namespace,
        });
        let rest: Vec<Part> = made.collect();
        self.rest.splice(0..0, rest);
    }

    pub(super) fn is_macro(&self) -> bool {
        let last = self.rest.last();
        last.is_some_and(|part| matches!(part.suffix, Suffix::Macro | Suffix::Meta))
    }

    /// The path inside of its module, with `separator` between its parts.
    pub(super) fn path(&self, separator: &str) -> String {
        let names: Vec<_> = self.rest.iter().map(|part| part.name.as_str()).collect();
        names.join(separator)
    }

    pub(super) fn kind(&self, said: Kind) -> ItemKind {
        let Some(last) = self.rest.last() else {
            return ItemKind::Module;
        };
        let owned = self.rest.len() > 1;
        match (said, last.suffix) {
            (Kind::EnumMember, _) => ItemKind::Variant,
            (Kind::Field | Kind::Property | Kind::StaticField, _) => ItemKind::Field,
            (Kind::Trait | Kind::Interface | Kind::Protocol, _) => ItemKind::Trait,
            (Kind::StaticVariable, _) => ItemKind::Static,
            (Kind::Constant, _) => ItemKind::Constant,
            // A derive is a `Meta`.
            (_, Suffix::Macro | Suffix::Meta) => ItemKind::Macro,
            (_, Suffix::Method) if owned => ItemKind::Method,
            (_, Suffix::Method) => ItemKind::Function,
            (_, Suffix::Type) => ItemKind::Type,
            (_, Suffix::Term) if owned => ItemKind::Field,
            (_, Suffix::Term) => ItemKind::Constant,
            (_, Suffix::Namespace) => ItemKind::Module,
            _ => ItemKind::Other,
        }
    }
}

/// `<get>count` is `count`; `domain0:` is the property `domain` of an object without a type; and
/// `typeLiteral0:` stands between a type and its property, and is nothing.
fn typescript_name(name: &str, suffix: Suffix) -> Option<String> {
    let name = match suffix {
        Suffix::Method => name
            .strip_prefix("<get>")
            .or_else(|| name.strip_prefix("<set>"))
            .unwrap_or(name),
        Suffix::Meta => name.trim_end_matches(|digit: char| digit.is_ascii_digit()),
        _ => name,
    };
    (suffix != Suffix::Meta || name != "typeLiteral").then(|| name.to_owned())
}

/// `Vec<T>` is `Vec`; `&'a Config` is `Config`.
fn plain_name(name: &str) -> String {
    let name = name.trim_start_matches(['&', ' ']);
    let name = match name.strip_prefix('\'') {
        Some(lifetime) => lifetime.split_once(' ').map_or(lifetime, |(_, name)| name),
        None => name,
    };
    let name = name.strip_prefix("mut ").unwrap_or(name);
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name).to_owned()
}
