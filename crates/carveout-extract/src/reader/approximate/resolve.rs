//! What a path means: Rust's rules for names, without types.

use std::cell::RefCell;
use std::collections::HashMap;

use scip::types::symbol_information::Kind;

use super::facts::{Path, Space, Ty};
use super::names::{Def, Names, Place, Typed, is_in};

/// What a name means in a scope, if anything.
type Known<'a> = HashMap<(usize, Space, &'a str), Option<Def>>;

/// Looks names up, each once.
pub(super) struct Resolver<'a> {
    pub(super) names: Names<'a>,
    known: RefCell<Known<'a>>,
    /// Of each file and impl, what it is of.
    pub(super) owners: Vec<Vec<Option<usize>>>,
    /// The traits that a type implements, for the methods that they have a body for.
    traits: HashMap<usize, Vec<usize>>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(names: Names<'a>) -> Self {
        let mut resolver = Self {
            names,
            known: RefCell::default(),
            owners: Vec::new(),
            traits: HashMap::new(),
        };
        resolver.impls();
        resolver
    }

    /// Gives each impl's members to the type that it is of.
    fn impls(&mut self) {
        let tree = self.names.tree;
        for (file, source) in tree.files.iter().enumerate() {
            let mut owners = Vec::with_capacity(source.facts.impls.len());
            for (at, one) in source.facts.impls.iter().enumerate() {
                let place = Place {
                    node: self.names.first[file] + one.scope,
                    this: None,
                };
                let of = one
                    .of
                    .as_ref()
                    .and_then(|ty| self.typed(ty, place, 0))
                    .and_then(|ty| ty.decl);
                owners.push(of);
                let Some(of) = of else { continue };
                for id in self.names.impls[file][at].clone() {
                    self.names.decls[id].owner = Some(of);
                    let name = self.names.decls[id].decl.name.as_str();
                    self.names
                        .members
                        .entry(of)
                        .or_default()
                        .entry(name)
                        .or_default()
                        .push(id);
                }
                let asked = one
                    .trait_
                    .as_ref()
                    .and_then(|path| self.last(path, Space::Types, place));
                if let Some(Def::Decl(asked)) = asked {
                    self.traits.entry(of).or_default().push(asked);
                }
            }
            self.owners.push(owners);
        }
    }

    /// What each part of a path means, as far as it is known.
    pub(super) fn path(&self, path: &'a Path, space: Space, place: Place) -> Vec<Option<Def>> {
        let mut found: Vec<Option<Def>> = Vec::with_capacity(path.segments.len());
        let last = path.segments.len().saturating_sub(1);
        for (at, segment) in path.segments.iter().enumerate() {
            let space = if at == last { space } else { Space::Types };
            let name = segment.name.as_str();
            let def = match (at, found.last().copied()) {
                (0, _) => self.first(name, space, place, path),
                (_, Some(Some(Def::Node(node)))) => match name {
                    "super" => self.around(node),
                    "self" => Some(Def::Node(node)),
                    _ => self.inside(node, name, space),
                },
                (_, Some(Some(Def::Decl(decl)))) => {
                    self.member(decl, name, Wanted::Named, 0).map(Def::Decl)
                }
                _ => None,
            };
            if def.is_none() {
                break;
            }
            found.push(def);
        }
        found.resize(path.segments.len(), None);
        found
    }

    pub(super) fn last(&self, path: &'a Path, space: Space, place: Place) -> Option<Def> {
        self.path(path, space, place).last().copied().flatten()
    }

    fn first(&self, name: &'a str, space: Space, place: Place, path: &Path) -> Option<Def> {
        let node = place.node;
        let crates = &self.names.crates;
        let root = || Some(Def::Node(self.names.nodes[node].root));
        match name {
            "crate" | "$crate" => root(),
            "self" if path.segments.len() > 1 => Some(Def::Node(self.names.module(node))),
            "super" => self.around(self.names.module(node)),
            "Self" => place.this.map(Def::Decl),
            _ if path.global => {
                let package = self.names.nodes[node].package;
                crates.get(package)?.get(name).copied().map(Def::Node)
            }
            _ => self.lexical(node, name, space),
        }
    }

    fn around(&self, node: usize) -> Option<Def> {
        let parent = self.names.nodes[node].parent?;
        Some(Def::Node(self.names.module(parent)))
    }

    /// A name that stands alone: from the innermost block out to the module, then other crates.
    fn lexical(&self, from: usize, name: &'a str, space: Space) -> Option<Def> {
        let mut node = from;
        loop {
            if let Some(def) = self.inside(node, name, space) {
                return Some(def);
            }
            match self.names.nodes[node].parent {
                Some(parent) if self.names.nodes[node].block => node = parent,
                _ => break,
            }
        }
        let package = self.names.nodes[from].package;
        match space {
            Space::Types => self
                .names
                .crates
                .get(package)?
                .get(name)
                .copied()
                .map(Def::Node),
            Space::Macros => self
                .names
                .macros
                .get(package)?
                .get(name)
                .copied()
                .map(Def::Decl),
            Space::Values => None,
        }
    }

    /// A name in a scope: declared there, imported by name, or by a glob.
    pub(super) fn inside(&self, node: usize, name: &'a str, space: Space) -> Option<Def> {
        let key = (node, space, name);
        if let Some(known) = self.known.borrow().get(&key) {
            return *known;
        }
        // Who asks for this while it is looked up goes round in a circle.
        self.known.borrow_mut().insert(key, None);
        let found = self
            .declared(node, name, space)
            .or_else(|| self.imported(node, name, space));
        self.known.borrow_mut().insert(key, found);
        found
    }

    fn declared(&self, node: usize, name: &str, space: Space) -> Option<Def> {
        let at = &self.names.nodes[node];
        if space == Space::Types
            && let Some(child) = at.children.get(name)
        {
            return Some(Def::Node(*child));
        }
        let is = |id: &&usize| is_in(self.names.decls[**id].decl.kind, space);
        if let Some(id) = at.decls.get(name).and_then(|all| all.iter().find(is)) {
            return Some(Def::Decl(*id));
        }
        let is_table = at
            .decls
            .get("table")
            .is_some_and(|of| self.names.decls[of[0]].decl.descriptor == "table#");
        if is_table && matches!(name, "dsl" | "columns") {
            return Some(Def::Node(node));
        }
        // `#[macro_export]` puts a macro at the root.
        let exported = space == Space::Macros && at.parent.is_none();
        let macros = self.names.macros.get(at.package).filter(|_| exported)?;
        macros.get(name).copied().map(Def::Decl)
    }

    fn imported(&self, node: usize, name: &'a str, space: Space) -> Option<Def> {
        let at = &self.names.nodes[node];
        let uses = &self.names.tree.files[at.file].facts.scopes[at.scope].uses;
        let place = Place { node, this: None };
        let named = uses.iter().filter(|one| one.name.as_deref() == Some(name));
        for one in named {
            if let Some(def) = self
                .last(&one.path, space, place)
                .filter(|def| self.is(*def, space))
            {
                return Some(def);
            }
        }
        for glob in uses.iter().filter(|one| one.name.is_none()) {
            let found = match self.last(&glob.path, Space::Types, place) {
                Some(Def::Node(from)) if from != node => self.inside(from, name, space),
                Some(Def::Decl(of)) => {
                    let member = self.member(of, name, Wanted::Named, 0).map(Def::Decl);
                    member.filter(|def| self.is(*def, space))
                }
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn is(&self, def: Def, space: Space) -> bool {
        match def {
            Def::Node(_) => space == Space::Types,
            Def::Decl(id) => is_in(self.names.decls[id].decl.kind, space),
        }
    }

    /// A field, a variant, a method; its own, or that of a trait that it implements.
    pub(super) fn member(
        &self,
        decl: usize,
        name: &str,
        wanted: Wanted,
        depth: usize,
    ) -> Option<usize> {
        if depth > DEEPEST {
            return None;
        }
        let own = self.names.members.get(&decl).and_then(|all| all.get(name));
        let is = |id: &&usize| wanted.is(self.names.decls[**id].decl.kind);
        if let Some(id) = own.and_then(|ids| ids.iter().find(is)) {
            return Some(*id);
        }
        let of = &self.names.decls[decl];
        if of.decl.kind == Kind::TypeAlias {
            let place = Place {
                node: of.node,
                this: of.owner,
            };
            let ty = self.typed(of.decl.ty.as_ref()?, place, depth + 1)?;
            return self.member(ty.decl.filter(|of| *of != decl)?, name, wanted, depth + 1);
        }
        let traits = self.traits.get(&decl)?;
        traits.iter().find_map(|asked| {
            let ids = self.names.members.get(asked)?.get(name)?;
            ids.iter().find(is).copied()
        })
    }

    /// A type, aliases followed.
    pub(super) fn typed(&self, ty: &'a Ty, place: Place, depth: usize) -> Option<Typed<'a>> {
        if depth > DEEPEST {
            return None;
        }
        let declared = |decl: usize| Typed {
            decl: Some(decl),
            name: &self.names.decls[decl].decl.name,
            arguments: &[],
            place,
        };
        match ty {
            Ty::SelfType => place.this.map(declared),
            Ty::Path(path, arguments) => {
                let found = match self.last(path, Space::Types, place) {
                    Some(Def::Decl(found)) => Some(found),
                    Some(Def::Node(_)) => return None,
                    None => None,
                };
                let alias = found
                    .map(|found| &self.names.decls[found])
                    .filter(|of| of.decl.kind == Kind::TypeAlias);
                if let Some(alias) = alias {
                    let there = Place {
                        node: alias.node,
                        this: alias.owner,
                    };
                    let mut meant = self.typed(alias.decl.ty.as_ref()?, there, depth + 1)?;
                    // `ApiResult<T>` is `Result<T, Error>`.
                    if !arguments.is_empty() {
                        meant.arguments = arguments;
                        meant.place = place;
                    }
                    return Some(meant);
                }
                Some(Typed {
                    decl: found,
                    name: &path.segments.last()?.name,
                    arguments,
                    place,
                })
            }
            Ty::Of(path) => match self.last(path, Space::Values, place) {
                Some(Def::Decl(id)) => self.value(id, depth + 1),
                _ => None,
            },
            Ty::Member { of, name, call } => {
                let of = self.reached(self.typed(of, place, depth + 1)?, depth + 1)?;
                self.value(
                    self.member(of.decl?, name, Wanted::of(*call), 0)?,
                    depth + 1,
                )
            }
            Ty::Tuple(parts) => Some(Typed {
                decl: None,
                name: "()",
                arguments: parts,
                place,
            }),
            Ty::Part(of, at) => {
                let of = self.typed(of, place, depth + 1)?;
                let part = of.arguments.get(*at).filter(|_| of.name == "()")?;
                self.typed(part, of.place, depth + 1)
            }
            Ty::Unknown => None,
            Ty::Inner(of) => {
                let of = self.typed(of, place, depth + 1)?;
                match of.decl {
                    Some(_) => None,
                    None => self.typed(of.arguments.first()?, of.place, depth + 1),
                }
            }
        }
    }

    /// What a value is, or what a function returns.
    fn value(&self, id: usize, depth: usize) -> Option<Typed<'a>> {
        let of = &self.names.decls[id];
        let place = Place {
            node: of.node,
            this: of.owner,
        };
        let itself = |decl: usize| Typed {
            decl: Some(decl),
            name: &self.names.decls[decl].decl.name,
            arguments: &[],
            place,
        };
        match of.decl.kind {
            Kind::Struct => Some(itself(id)),
            Kind::EnumMember => of.owner.map(itself),
            _ => self.typed(of.decl.ty.as_ref()?, place, depth),
        }
    }

    /// The type whose members one sees through pointers.
    pub(super) fn reached(&self, mut of: Typed<'a>, depth: usize) -> Option<Typed<'a>> {
        const POINTERS: [&str; 11] = [
            "Box", "Arc", "Rc", "Cow", "LazyLock", "LazyCell", "Lazy", "State", "Json", "Form",
            "Data",
        ];
        while of.decl.is_none() && POINTERS.contains(&of.name) {
            of = self.typed(of.arguments.first()?, of.place, depth + 1)?;
        }
        Some(of)
    }
}

/// Types refer to types; those that go on longer than this go round.
const DEEPEST: usize = 24;

/// Which of the members that have a name is meant: a builder has a field and a method of one.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// `value.name`
    Field,
    /// `value.name()`
    Method,
    /// `Type::name`
    Named,
}

impl Wanted {
    pub(super) fn of(call: bool) -> Self {
        if call { Self::Method } else { Self::Field }
    }

    fn is(self, kind: Kind) -> bool {
        match self {
            Self::Field => kind == Kind::Field,
            Self::Method => matches!(kind, Kind::Method | Kind::StaticMethod),
            Self::Named => kind != Kind::Field,
        }
    }
}
