//! What is known of code that is not in the workspace.
//!
//! A fact says that something is at most so bad. What no fact speaks of is a write, so that taking a
//! fact away can only make effects stronger, and no table has exceptions to its own entries. A test
//! holds this for every entry there is.

use std::collections::HashMap;

use super::tables;
use crate::model::{Item, ItemKind};

/// What a fact says. The order is from the strongest statement to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Is {
    /// It has no effect outside, and changes nothing that it is given.
    Looks,
    /// It has no effect outside; it may change what it is given by `&mut`.
    Pure,
    /// It looks at something outside of the process, or at what the process shares.
    Reads,
    /// It reads from its receiver, which is used up by that: a read where the function itself made
    /// the receiver, by calls that are judged there.
    ReadsOwn,
    /// It runs the SQL that it is given: what that says decides.
    Sql,
    /// It runs what its receiver says: a read where the function itself made the receiver, by calls
    /// that are judged there.
    RunsOwn,
    /// It runs what its first argument says: a read where the function itself made that.
    RunsGiven,
    /// It is given a part of a statement: all of its function's parts together decide.
    SqlPart,
    /// It begins a statement that changes rows: the builder's rules say how.
    Changes,
    /// It runs the statement that it stands at the end of, which begins in the same expression.
    RunsChange,
    /// It runs the command that it is given by name.
    Command,
    /// It takes a lock: a read where what is behind it is only looked at.
    Locks,
    /// A database's function that only reads.
    SqlReads,
    /// A command of a store that only reads.
    CommandReads,
    /// A derive whose implementations call nothing but those of the fields' types.
    Derives,
    /// A derive whose functions only build values.
    Builds,
    /// A type that is given by `&mut` in order to be used, and not to be changed: a connection.
    Exclusive,
    /// A type that may be written to: it is in memory and its owner's.
    Memory,
    /// A name in a macro that means the same on whatever it is called.
    Anywhere,
}

/// One entry of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fact {
    pub(crate) is: Is,
    /// The package, as its manifest calls it; `*` is any.
    pub(crate) package: &'static str,
    /// Where in it: the type, or the trait that it declares or implements, `module/` for all below that module, `<Trait>` for what
    /// implements that trait, `!` for macros, nothing for the root, `*` for anywhere.
    pub(crate) scope: &'static str,
    /// The name, or `*` for every name there.
    pub(crate) name: &'static str,
}

/// Entries that are alike, as the tables write them.
pub(crate) struct Group {
    pub(crate) is: Is,
    pub(crate) packages: &'static [&'static str],
    /// Scopes, each with its names, which blanks separate.
    pub(crate) items: &'static [(&'static str, &'static str)],
}

/// All that is known, looked up by name.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    by_name: HashMap<(Is, &'static str), Vec<Fact>>,
    #[cfg(test)]
    all: Vec<Fact>,
    /// The facts that have answered a question.
    #[cfg(test)]
    asked: std::cell::RefCell<std::collections::HashSet<Fact>>,
}

impl Facts {
    /// Of all tables.
    pub(crate) fn known() -> Self {
        let mut all = Vec::new();
        for group in tables::all() {
            for package in group.packages {
                for (scope, names) in group.items {
                    all.extend(names.split_whitespace().map(|name| Fact {
                        is: group.is,
                        package,
                        scope,
                        name,
                    }));
                }
            }
        }
        Self::of(all)
    }

    /// Of these entries.
    pub(crate) fn of(all: Vec<Fact>) -> Self {
        let mut by_name: HashMap<_, Vec<Fact>> = HashMap::new();
        for fact in &all {
            by_name.entry((fact.is, fact.name)).or_default().push(*fact);
        }
        Self {
            by_name,
            #[cfg(test)]
            all,
            #[cfg(test)]
            asked: std::cell::RefCell::default(),
        }
    }

    /// Whether a fact of this kind speaks of an item of another package.
    pub(crate) fn say(&self, is: Is, item: &Item) -> bool {
        let named = self.by_name.get(&(is, item.name.as_str()));
        let any = self.by_name.get(&(is, "*"));
        let mut facts = named.into_iter().chain(any).flatten();
        let found = facts.find(|fact| {
            (fact.package == "*" || fact.package == item.package) && in_scope(fact, item)
        });
        #[cfg(test)]
        self.asked.borrow_mut().extend(found);
        found.is_some()
    }

    /// Whether a fact of this kind speaks of a name that no item stands for.
    pub(crate) fn name(&self, is: Is, name: &str) -> bool {
        let found = self
            .by_name
            .get(&(is, name))
            .and_then(|facts| facts.first());
        #[cfg(test)]
        self.asked.borrow_mut().extend(found);
        found.is_some()
    }
}

#[cfg(test)]
impl Facts {
    /// Every entry.
    pub(super) fn all(&self) -> &[Fact] {
        &self.all
    }

    /// The entries that have answered a question.
    pub(super) fn asked(&self) -> Vec<Fact> {
        let asked = self.asked.borrow();
        let asked = self.all.iter().filter(|fact| asked.contains(fact));
        asked.copied().collect()
    }
}

/// Traits of what is written to: what all of a package does says nothing of where it writes.
const WRITERS: [&str; 6] = [
    "Write",
    "AsyncWrite",
    "AsyncWriteExt",
    "Sink",
    "SinkExt",
    "Drop",
];

fn in_scope(fact: &Fact, item: &Item) -> bool {
    let is_macro = item.kind == ItemKind::Macro;
    match fact.scope {
        "!" => is_macro,
        _ if is_macro => false,
        "*" => fact.name != "*" || !writes_somewhere(item),
        "" => item.path.split("::").count() == 2,
        scope => {
            if let Some(module) = scope.strip_suffix('/') {
                let around = item.path.rsplit_once("::").map_or("", |(around, _)| around);
                return around.split("::").skip(1).any(|part| part == module)
                    && !writes_somewhere(item);
            }
            if let Some(of_trait) = scope.strip_prefix('<') {
                let of_trait = of_trait.trim_end_matches('>');
                return implemented(item) == Some(of_trait) || owner(item) == of_trait;
            }
            owner(item) == scope || implemented(item) == Some(scope)
        }
    }
}

fn writes_somewhere(item: &Item) -> bool {
    let is_writer = |name: &str| WRITERS.contains(&name);
    implemented(item).is_some_and(is_writer) || is_writer(owner(item))
}

/// The type or the trait that a method belongs to, else the innermost module around it.
pub(super) fn owner(item: &Item) -> &str {
    item.path.rsplit("::").nth(1).unwrap_or_default()
}

/// The trait that an item implements, without its arguments.
pub(super) fn implemented(item: &Item) -> Option<&str> {
    item.implements.as_deref().map(plain)
}

/// `Into<T>` is `Into`.
pub(super) fn plain(name: &str) -> &str {
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}
