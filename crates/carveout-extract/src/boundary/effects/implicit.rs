//! What is called without being named: conversions behind `?`, formats, comparisons, dereferences,
//! iterators, drops. They call the workspace's implementations for the types that the body uses.

use std::collections::HashMap;

use super::super::Cut;
use super::facts::implemented;
use super::universe::{Names, Universe};
use crate::model::{Definition, Item, ItemId, ItemKind, Position};
use crate::syntax::Source;

/// Traits whose derived implementations call those of the fields.
const OF_PARTS: [&str; 14] = [
    "Clone",
    "PartialEq",
    "PartialOrd",
    "Eq",
    "Ord",
    "Hash",
    "Default",
    "Debug",
    "Display",
    "Error",
    "Serialize",
    "Deserialize",
    "FromRow",
    "FromQueryResult",
];

/// Other traits whose methods are called by operators, macros and other packages.
const OF_VALUES: [&str; 37] = [
    "Deref",
    "DerefMut",
    "LowerHex",
    "UpperHex",
    "AsRef",
    "AsMut",
    "Borrow",
    "BorrowMut",
    "ToOwned",
    "ToString",
    "FromStr",
    "Iterator",
    "IntoIterator",
    "DoubleEndedIterator",
    "ExactSizeIterator",
    "Extend",
    "FromIterator",
    "Sum",
    "Product",
    "Future",
    "IntoFuture",
    "Stream",
    "Hasher",
    "BuildHasher",
    "Index",
    "IndexMut",
    "Read",
    "BufRead",
    "Seek",
    "Write",
    "AsyncRead",
    "AsyncWrite",
    "FromSql",
    "ToSql",
    "Encode",
    "Decode",
    "IntoResponse",
];

/// Traits that convert, which only `?` and `into` and its like call.
const CONVERTS: [&str; 4] = ["From", "TryFrom", "Into", "TryInto"];

/// Functions that convert through those.
const CONVERTING: [&str; 7] = [
    "into",
    "from",
    "try_into",
    "try_from",
    "map_into",
    "err_into",
    "from_residual",
];

/// The workspace's implementations of other packages' traits.
pub(super) struct Implicit {
    /// By trait, then by the type that implements it.
    of: HashMap<String, HashMap<String, Vec<ItemId>>>,
}

impl Implicit {
    pub(super) fn of(cut: &Cut<'_>) -> Self {
        let mut of: HashMap<String, HashMap<String, Vec<ItemId>>> = HashMap::new();
        for (id, item) in cut.model.item_ids() {
            if item.kind != ItemKind::Method && item.kind != ItemKind::Function {
                continue;
            }
            if let Some((name, of_type)) = implementation(cut, item) {
                let types = of.entry(name).or_default();
                types.entry(of_type).or_default().push(id);
            }
        }
        Self { of }
    }

    /// The implementations of a trait for some types; all of them, where the trait is itself among
    /// the names, since its object or a generic parameter may be any.
    pub(super) fn for_types<'i>(
        &'i self,
        of_trait: &str,
        names: &'i Names,
    ) -> impl Iterator<Item = ItemId> + 'i {
        let any = names.contains(of_trait);
        let types = self.of.get(of_trait).into_iter().flatten();
        types
            .filter(move |(name, _)| any || names.contains(*name) || is_parameter(name))
            .flat_map(|(_, methods)| methods.iter().copied())
    }

    /// What a function calls without naming it.
    pub(super) fn calls(
        &self,
        cut: &Cut<'_>,
        universe: &Universe,
        item: ItemId,
        place: Definition,
        source: &Source,
    ) -> Vec<ItemId> {
        if self.of.is_empty() {
            return Vec::new();
        }
        let names = universe.of(cut, item, place);
        let whole = universe.with_parts(cut, &names);
        let mut called: Vec<ItemId> = Vec::new();
        for of_trait in OF_PARTS {
            called.extend(self.for_types(of_trait, &whole));
        }
        for of_trait in OF_VALUES {
            called.extend(self.for_types(of_trait, &names));
        }
        if converts(cut, item, place, source) {
            for of_trait in CONVERTS {
                called.extend(self.for_types(of_trait, &names));
            }
        }
        // A trait of another package that is called by name, on what may be any of the types.
        for reference in cut.references_in(item) {
            let to = cut.model.item(reference.to);
            if to.module.is_none() && to.kind == ItemKind::Method {
                let of_trait = super::facts::owner(to);
                called.extend(self.for_types(of_trait, &names));
            }
        }
        if self.of.contains_key("Drop") {
            let owned = universe.with_parts(cut, &universe.owned(cut, item, place));
            called.extend(self.for_types("Drop", &owned));
        }
        called.retain(|one| *one != item);
        called.sort_unstable();
        called.dedup();
        called
    }

    /// The implementations that a derived one calls: those of the fields' types.
    pub(super) fn of_fields(&self, cut: &Cut<'_>, universe: &Universe, made: &Item) -> Vec<ItemId> {
        let Some(of_trait) = implemented(made) else {
            return Vec::new();
        };
        let names = Names::from([super::facts::owner(made).to_owned()]);
        let whole = universe.with_parts(cut, &names);
        self.for_types(of_trait, &whole).collect()
    }
}

/// The trait and the type of a method that the source has, as the source says it: an index that could
/// not resolve one of them says less.
fn implementation(cut: &Cut<'_>, item: &Item) -> Option<(String, String)> {
    let place = item.definition?;
    let source = cut.sources.get(place.file);
    let written = source.as_ref().and_then(|source| {
        let function = source.function_at(place.name.start)?;
        let of_trait = function.implements.clone()?;
        let of = function.of.as_ref()?;
        let text = source.slice(source.span(syn::spanned::Spanned::span(of)));
        Some((of_trait, plain_type(text)))
    });
    written.or_else(|| {
        Some((
            implemented(item)?.to_owned(),
            super::facts::owner(item).to_owned(),
        ))
    })
}

/// `&'a mut order::Line<T>` is `Line`.
fn plain_type(text: &str) -> String {
    let text = text.trim_start_matches('&').trim_start();
    let text = match text.strip_prefix('\'') {
        Some(rest) => rest.split_once(' ').map_or(rest, |(_, rest)| rest),
        None => text,
    };
    super::facts::plain(text.trim_start_matches("mut ").trim_start_matches("dyn ")).to_owned()
}

/// `T` in `impl<T> Display for T`.
fn is_parameter(name: &str) -> bool {
    name.len() <= 2
        && name
            .chars()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
}

fn converts(cut: &Cut<'_>, item: ItemId, place: Definition, source: &Source) -> bool {
    let asks = |at: &Position| place.whole.contains(*at);
    source.flow.questions.iter().any(asks)
        || cut
            .references_in(item)
            .any(|one| CONVERTING.contains(&cut.model.item(one.to).name.as_str()))
}
