use crate::model::{ItemKind, Model};

/// What a use is counted under: which module names what. Nothing in it changes when a line or a file
/// does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// The innermost module around the use.
    pub(crate) from: String,
    /// The path of the item that is named.
    pub(crate) to: String,
    /// What that item is, as [`ItemKind::name`] has it. It parts a function from a type of its name.
    pub(crate) kind: &'static str,
}

/// Every kind that a key can have. A module is none: it is named on the way to an item of it, and
/// the item counts.
pub(crate) const KINDS: [ItemKind; 10] = [
    ItemKind::Function,
    ItemKind::Method,
    ItemKind::Type,
    ItemKind::Trait,
    ItemKind::Field,
    ItemKind::Variant,
    ItemKind::Constant,
    ItemKind::Static,
    ItemKind::Macro,
    ItemKind::Other,
];

/// The kind that is written `name`.
pub(crate) fn kind(name: &str) -> Option<&'static str> {
    KINDS
        .iter()
        .map(|kind| kind.name())
        .find(|kind| *kind == name)
}

/// Whether a reader without types finds uses of this kind. To see what `order.total()` or
/// `order.lines` names takes the type of `order`, which syntax does not say.
pub(crate) fn seen_without_types(kind: &str) -> bool {
    !matches!(kind, "method" | "field" | "variant" | "other")
}

/// The nearest of `names` to `asked`, best first.
pub(crate) fn nearest<'a>(asked: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let last = |path: &'a str| path.rsplit([':', '.', '/']).next().unwrap_or(path);
    let mut scored: Vec<_> = names
        .into_iter()
        .map(|name| {
            let whole = strsim::normalized_damerau_levenshtein(asked, name);
            let end = strsim::normalized_damerau_levenshtein(asked, last(name));
            (whole.max(end), name)
        })
        .filter(|(score, _)| *score >= 0.5)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// `; did you mean x?`, or nothing.
pub(crate) fn did_you_mean(nearest: &[&str]) -> String {
    match nearest {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        several => format!("; the nearest are `{}`", several.join("`, `")),
    }
}

/// The module at exactly `path`.
///
/// Elsewhere the end of a path will do. Not in a file that stays: a module added later could end
/// alike, and the declaration would mean another or none.
pub(crate) fn exact_module(model: &Model, path: &str) -> Result<crate::model::ModuleId, String> {
    match model.find_module(path) {
        Ok(id) if model.module(id).path == path => Ok(id),
        Ok(id) => Err(format!(
            "`{path}` is not the whole path of a module: write `{}`",
            model.module(id).path
        )),
        Err(none) => Err(none.to_string()),
    }
}
