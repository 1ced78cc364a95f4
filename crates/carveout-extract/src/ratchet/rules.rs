//! What `boundaries.toml` means in one workspace: each name in it, found.

use std::collections::{HashMap, HashSet};

use toml::Spanned;

use super::declaration::{Boundary, Declared, Tests};
use super::key::{did_you_mean, exact_module, nearest};
use crate::error::{Error, Result};
use crate::model::{ItemId, ItemKind, Model, ModuleId};

/// Everything that is declared, in the order of the file.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) boundaries: Vec<Rule>,
    /// Of each module, the boundary that it is inside of.
    inside: Vec<Option<usize>>,
    ignore_tests: bool,
}

/// One boundary.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) path: String,
    /// The line of boundaries.toml that declares it.
    pub(crate) line: u32,
    /// The public items, as they are written.
    pub(crate) public: Vec<String>,
    /// Each item that is public by one of those names, with the place of the name.
    covered: HashMap<ItemId, usize>,
    used_by: Option<HashSet<ModuleId>>,
    uses: Option<HashSet<ModuleId>>,
}

impl Rules {
    pub(crate) fn new(declared: &Declared, model: &Model) -> Result<Self> {
        let mut inside = vec![None; model.modules.len()];
        let mut modules = Vec::new();
        for (at, boundary) in declared.modules.iter().enumerate() {
            let module = find(declared, model, &boundary.path)?;
            for (id, _) in model.module_ids() {
                if model.is_within(id, module) {
                    let other: &mut Option<usize> = &mut inside[id.0 as usize];
                    if let Some(other) = other.replace(at) {
                        return Err(overlap(declared, &boundary.path, &declared.modules[other]));
                    }
                }
            }
            modules.push(module);
        }
        let paths = Paths { model, inside };
        let mut boundaries = Vec::new();
        for (at, boundary) in declared.modules.iter().enumerate() {
            let module = modules[at];
            let allowed = |names: &Option<Vec<_>>, list: &str| -> Result<_> {
                let names = names.as_deref();
                names
                    .map(|names| allowed(declared, model, module, names, list))
                    .transpose()
            };
            boundaries.push(Rule {
                path: boundary.path.get_ref().clone(),
                line: declared.file.line(boundary.path.span().start),
                public: boundary
                    .public
                    .iter()
                    .map(|name| name.get_ref().clone())
                    .collect(),
                covered: public(declared, &paths, at, module, boundary)?,
                used_by: allowed(&boundary.used_by, "used_by")?,
                uses: allowed(&boundary.uses, "uses")?,
            });
        }
        Ok(Self {
            boundaries,
            inside: paths.inside,
            ignore_tests: declared.tests == Tests::Ignore,
        })
    }

    /// The boundary that `module` is inside of.
    pub(crate) fn around(&self, module: ModuleId) -> Option<usize> {
        self.inside[module.0 as usize]
    }

    /// Whether what `module` uses is not looked at.
    pub(crate) fn skips(&self, model: &Model, module: ModuleId) -> bool {
        self.ignore_tests && model.module(module).test
    }

    /// The path of an item by which keys and people call it.
    pub(crate) fn path(&self, model: &Model, item: ItemId) -> String {
        path(model, &self.inside, item)
    }
}

impl Rule {
    /// The place in [`Rule::public`] of the name that makes `item` public.
    pub(crate) fn public(&self, item: ItemId) -> Option<usize> {
        self.covered.get(&item).copied()
    }

    pub(crate) fn may_be_used_by(&self, module: ModuleId) -> bool {
        self.used_by
            .as_ref()
            .is_none_or(|may| may.contains(&module))
    }

    pub(crate) fn may_use(&self, module: ModuleId) -> bool {
        self.uses.as_ref().is_none_or(|may| may.contains(&module))
    }
}

struct Paths<'a> {
    model: &'a Model,
    inside: Vec<Option<usize>>,
}

/// A member is called after its type, in whichever of the boundary's modules its `impl` stands, so
/// that moving the `impl` changes no key.
fn path(model: &Model, inside: &[Option<usize>], id: ItemId) -> String {
    let item = model.item(id);
    let boundary = |id: ItemId| {
        model
            .item(id)
            .module
            .map(|module| inside[module.0 as usize])
    };
    match item.owner {
        Some(owner) if boundary(owner) == boundary(id) => {
            let separator = if item.path.contains("::") { "::" } else { "." };
            format!("{}{separator}{}", path(model, inside, owner), item.name)
        }
        _ => model.item_path(id),
    }
}

fn find(declared: &Declared, model: &Model, name: &Spanned<String>) -> Result<ModuleId> {
    exact_module(model, name.get_ref()).map_err(|message| {
        let error = declared.file.error(&name.span(), message);
        error.help("a module that was renamed or removed is renamed or removed here too")
    })
}

fn overlap(declared: &Declared, name: &Spanned<String>, other: &Boundary) -> Error {
    let (inner, outer) = match name.get_ref().starts_with(other.path.get_ref().as_str()) {
        true => (name.get_ref(), other.path.get_ref()),
        false => (other.path.get_ref(), name.get_ref()),
    };
    let message = format!("`{inner}` is inside of `{outer}`, and both are declared");
    let error = declared.file.error(&name.span(), message);
    error.help("a use would be judged by two boundaries: declare the one that is to be cut out")
}

/// The modules that `names` allow: each with all that is in it.
fn allowed(
    declared: &Declared,
    model: &Model,
    module: ModuleId,
    names: &[Spanned<String>],
    list: &str,
) -> Result<HashSet<ModuleId>> {
    let mut roots: Vec<(ModuleId, &Spanned<String>)> = Vec::new();
    for name in names {
        let found = find(declared, model, name)?;
        let at = |message: String| declared.file.error(&name.span(), message);
        if model.is_within(found, module) {
            let message = format!(
                "`{}` is inside of the module, which may always use itself",
                name.get_ref()
            );
            return Err(at(message).help(format!("take it out of `{list}`")));
        }
        for (other, _) in &roots {
            for (inner, outer) in [(found, *other), (*other, found)] {
                if model.is_within(inner, outer) {
                    let (inner, outer) = (&model.module(inner).path, &model.module(outer).path);
                    let message = format!("`{outer}` stands for `{inner}` too, and both are named");
                    return Err(at(message).help("keep the one that is meant"));
                }
            }
        }
        roots.push((found, name));
    }
    let within = |id: ModuleId| {
        model
            .ancestors(id)
            .any(|id| roots.iter().any(|r| r.0 == id))
    };
    let ids = model.module_ids().map(|(id, _)| id);
    Ok(ids.filter(|id| within(*id)).collect())
}

/// The items of `module` that the names in `public` stand for.
fn public(
    declared: &Declared,
    paths: &Paths<'_>,
    at: usize,
    module: ModuleId,
    boundary: &Boundary,
) -> Result<HashMap<ItemId, usize>> {
    let model = paths.model;
    let around = model.module(module);
    let start = around.path.len() + around.separator().len();
    let mut items: HashMap<String, Vec<ItemId>> = HashMap::new();
    for (id, item) in model.item_ids() {
        let here = item
            .module
            .is_some_and(|of| paths.inside[of.0 as usize] == Some(at));
        if here && item.kind != ItemKind::Module {
            let path = path(model, &paths.inside, id);
            let from_module = path.get(start..).unwrap_or(&path).to_owned();
            items.entry(from_module).or_default().push(id);
        }
    }
    let mut covered = HashMap::new();
    for (place, name) in boundary.public.iter().enumerate() {
        let known = items.contains_key(name.get_ref());
        // Syntax does not show what a macro makes, so what is missing there may well be in order.
        if !known && !model.origin.approximate {
            let why = unknown(model, module, name.get_ref(), &items);
            return Err(declared.file.error(&name.span(), why.0).help(why.1));
        }
        let mut above = prefixes(name.get_ref());
        let listed = |path: &&str| boundary.public.iter().any(|other| other.get_ref() == path);
        if let Some(outer) = above.find(listed) {
            let message = format!("`{outer}` stands for `{}` too", name.get_ref());
            let error = declared.file.error(&name.span(), message);
            return Err(error.help("keep the one that is meant"));
        }
        let own = items.get(name.get_ref()).into_iter().flatten();
        covered.extend(own.map(|id| (*id, place)));
    }
    // A function of a submodule's name does not make the submodule public.
    let has_members = |id: &ItemId| {
        use ItemKind::{Other, Trait, Type, Variant};
        matches!(model.item(*id).kind, Other | Trait | Type | Variant)
    };
    let mut with_members: HashMap<&str, usize> = HashMap::new();
    for (place, name) in boundary.public.iter().enumerate() {
        let own = items.get(name.get_ref());
        if own.is_some_and(|own| own.iter().any(has_members)) {
            with_members.insert(name.get_ref(), place);
        }
    }
    for (path, ids) in &items {
        let name = |path: &str| with_members.get(path).copied();
        if let Some(place) = prefixes(path).find_map(name) {
            for id in ids {
                covered.entry(*id).or_insert(place);
            }
        }
    }
    Ok(covered)
}

/// What stands before each separator of `path`.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.char_indices()
        .filter(|(_, character)| matches!(character, ':' | '.' | '/'))
        .map(|(at, _)| &path[..at])
}

/// Why `name` cannot be public, and what to write.
fn unknown(
    model: &Model,
    module: ModuleId,
    name: &str,
    items: &HashMap<String, Vec<ItemId>>,
) -> (String, String) {
    let around = model.module(module);
    let separator = around.separator();
    let whole = format!("{}{separator}{name}", around.path);
    if let Some(short) = name
        .strip_prefix(&around.path)
        .and_then(|rest| rest.strip_prefix(separator))
        && items.contains_key(short)
    {
        let help = format!("write `{short}`");
        return (
            format!("`{name}`: an item is written from its module on"),
            help,
        );
    }
    if model.modules.iter().any(|module| module.path == whole) {
        let help =
            "that would let in whatever is added to it: name the items of it that others may use"
                .to_owned();
        return (
            format!("`{name}` is a module, and what is public are items"),
            help,
        );
    }
    let elsewhere = model.item_ids().find(|(_, item)| {
        item.name == name && item.module.is_some_and(|of| !model.is_within(of, module))
    });
    let near = nearest(name, items.keys().map(String::as_str));
    let message = format!(
        "`{}` has no item `{name}`{}",
        around.path,
        did_you_mean(&near)
    );
    let help = match elsewhere {
        Some((id, _)) if near.is_empty() => format!(
            "`{}` is elsewhere; an item that is re-exported is judged where it is defined",
            model.item_path(id)
        ),
        _ => "an item that was renamed or removed is renamed or removed here too".to_owned(),
    };
    (message, help)
}
