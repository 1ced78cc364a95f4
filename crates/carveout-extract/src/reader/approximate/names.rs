//! Every scope and every declaration of the workspace, numbered, with its symbol.

use std::collections::HashMap;

use scip::types::symbol_information::Kind;

use super::facts::{Around, Decl, Space, Ty};
use super::tree::{Tree, is_library};
use super::types::escaped;
use crate::indexer::Workspace;

/// What a name means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Def {
    /// A module.
    Node(usize),
    Decl(usize),
}

/// A scope.
pub(super) struct Node<'a> {
    pub(super) file: usize,
    pub(super) scope: usize,
    pub(super) parent: Option<usize>,
    /// Whether names are looked up around it too.
    pub(super) block: bool,
    /// The root of its target.
    pub(super) root: usize,
    pub(super) package: usize,
    pub(super) symbol: String,
    /// What the symbols of its declarations begin with.
    prefix: String,
    pub(super) children: HashMap<&'a str, usize>,
    pub(super) decls: HashMap<&'a str, Vec<usize>>,
}

/// A declaration, or a member of one.
pub(super) struct Declared<'a> {
    pub(super) decl: &'a Decl,
    pub(super) node: usize,
    /// What `Self` is in it.
    pub(super) owner: Option<usize>,
    pub(super) symbol: String,
}

/// All of them.
pub(super) struct Names<'a> {
    pub(super) tree: &'a Tree,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) decls: Vec<Declared<'a>>,
    pub(super) members: HashMap<usize, HashMap<&'a str, Vec<usize>>>,
    /// Of each file, the number of its first scope.
    pub(super) first: Vec<usize>,
    /// Of each file and impl, its first declaration; what `Self` is in it is found later.
    pub(super) impls: Vec<Vec<std::ops::Range<usize>>>,
    /// Of each package, what the names of other crates mean.
    pub(super) crates: Vec<HashMap<String, usize>>,
    /// Of each package, its `macro_rules!`, which are seen without a path.
    pub(super) macros: Vec<HashMap<&'a str, usize>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(tree: &'a Tree, workspace: &Workspace) -> Self {
        let mut first = Vec::with_capacity(tree.files.len());
        let mut count = 0;
        for source in &tree.files {
            first.push(count);
            count += source.facts.scopes.len();
        }
        let mut names = Self {
            tree,
            nodes: Vec::with_capacity(count),
            decls: Vec::new(),
            members: HashMap::new(),
            first,
            impls: Vec::new(),
            crates: Vec::new(),
            macros: workspace.members.iter().map(|_| HashMap::new()).collect(),
        };
        for file in 0..tree.files.len() {
            names.add_scopes(file, workspace);
        }
        for (file, scope, name, child) in &tree.links {
            let (around, child) = (names.first[*file] + scope, names.first[*child]);
            let module = names.module(around);
            names.nodes[module].children.insert(name, child);
            // A file that several lead to is the module of the first.
            if names.nodes[child].parent.is_none() && child != names.nodes[module].root {
                names.nodes[child].parent = Some(module);
            }
        }
        names.roots();
        for file in 0..tree.files.len() {
            names.add_decls(file);
        }
        names.crates = workspace
            .members
            .iter()
            .map(|member| names.crates_of(member, workspace))
            .collect();
        names
    }

    fn add_scopes(&mut self, file: usize, workspace: &Workspace) {
        let source = &self.tree.files[file];
        let base = self.first[file];
        let package = &workspace.members[source.package];
        let package = format!("rust-analyzer cargo {} {} ", package.name, package.version);
        for (at, scope) in source.facts.scopes.iter().enumerate() {
            let around = scope.parent.map(|parent| base + parent);
            let prefix = match (&scope.module, around) {
                (Some(module), Some(around)) => {
                    format!("{}{}/", self.nodes[around].prefix, escaped(&module.name))
                }
                (None, Some(around)) => self.nodes[around].prefix.clone(),
                (_, None) => {
                    let modules = source
                        .modules
                        .iter()
                        .map(|name| format!("{}/", escaped(name)));
                    format!("{package}{}", modules.collect::<String>())
                }
            };
            let symbol = match prefix == package {
                true => format!("{prefix}crate/"),
                false => prefix.clone(),
            };
            self.nodes.push(Node {
                file,
                scope: at,
                parent: around,
                block: scope.module.is_none(),
                root: base,
                package: source.package,
                symbol,
                prefix,
                children: HashMap::new(),
                decls: HashMap::new(),
            });
            if let (Some(module), Some(around)) = (&scope.module, around) {
                let around = self.module(around);
                self.nodes[around].children.insert(&module.name, base + at);
            }
        }
    }

    /// The module around a block.
    pub(super) fn module(&self, mut node: usize) -> usize {
        while let (true, Some(parent)) = (self.nodes[node].block, self.nodes[node].parent) {
            node = parent;
        }
        node
    }

    fn roots(&mut self) {
        for node in 0..self.nodes.len() {
            let mut root = node;
            // A file that is its own ancestor has no root; a deep one has fewer than this around it.
            for _ in 0..256 {
                match self.nodes[root].parent {
                    Some(parent) => root = parent,
                    None => break,
                }
            }
            self.nodes[node].root = root;
        }
    }

    fn add_decls(&mut self, file: usize) {
        let tree = self.tree;
        let facts = &tree.files[file].facts;
        let base = self.first[file];
        for (at, scope) in facts.scopes.iter().enumerate() {
            for decl in &scope.items {
                let id = self.add(decl, base + at, None);
                self.nodes[base + at]
                    .decls
                    .entry(&decl.name)
                    .or_default()
                    .push(id);
                if decl.kind == Kind::Macro {
                    self.macros[tree.files[file].package].insert(&decl.name, id);
                }
                self.add_members(decl, id, base + at);
            }
        }
        let impls = facts.impls.iter().map(|one| {
            let from = self.decls.len();
            for member in &one.members {
                self.add(member, base + one.scope, None);
            }
            from..self.decls.len()
        });
        let impls = impls.collect();
        self.impls.push(impls);
    }

    fn add(&mut self, decl: &'a Decl, node: usize, owner: Option<usize>) -> usize {
        self.decls.push(Declared {
            decl,
            node,
            owner,
            symbol: format!("{}{}", self.nodes[node].prefix, decl.descriptor),
        });
        self.decls.len() - 1
    }

    fn add_members(&mut self, decl: &'a Decl, owner: usize, node: usize) {
        for member in &decl.members {
            let id = self.add(member, node, Some(owner));
            self.members
                .entry(owner)
                .or_default()
                .entry(&member.name)
                .or_default()
                .push(id);
            self.add_members(member, id, node);
        }
    }

    /// The crates of the workspace that a package can name: its own library, and what it depends on,
    /// under the name that it gives it.
    fn crates_of(
        &self,
        member: &cargo_metadata::Package,
        workspace: &Workspace,
    ) -> HashMap<String, usize> {
        let library = |package: usize| {
            self.tree
                .roots
                .iter()
                .find(|root| root.package == package && root.library.is_some())
        };
        let mut crates = HashMap::new();
        let find = |name: &str| workspace.members.iter().position(|one| one.name == name);
        for dependency in member.dependencies.iter().filter(|one| one.path.is_some()) {
            let Some(root) = find(&dependency.name).and_then(library) else {
                continue;
            };
            let own = root.library.clone().unwrap_or_default();
            let name = dependency
                .rename
                .as_ref()
                .map_or(own, |name| name.replace('-', "_"));
            crates.insert(name, self.first[root.file]);
        }
        if member.targets.iter().any(is_library)
            && let Some(root) = find(&member.name).and_then(library)
        {
            crates.insert(
                root.library.clone().unwrap_or_default(),
                self.first[root.file],
            );
        }
        crates
    }

    /// What `Self` is around a name of `file`.
    pub(super) fn this(
        &self,
        file: usize,
        around: Option<Around>,
        owners: &[Vec<Option<usize>>],
    ) -> Option<usize> {
        match around? {
            Around::Impl(at) => owners[file][at],
            Around::Trait(scope, at) => {
                let name = &self.tree.files[file].facts.scopes[scope].items[at].name;
                self.nodes[self.first[file] + scope]
                    .decls
                    .get(name.as_str())?
                    .first()
                    .copied()
            }
        }
    }
}

/// Whether a declaration can be found among the names of a space.
pub(super) fn is_in(kind: Kind, space: Space) -> bool {
    match space {
        Space::Types => matches!(
            kind,
            Kind::Struct
                | Kind::Union
                | Kind::Enum
                | Kind::EnumMember
                | Kind::TypeAlias
                | Kind::Trait
                | Kind::AssociatedType
        ),
        Space::Values => matches!(
            kind,
            Kind::Function
                | Kind::Method
                | Kind::StaticMethod
                | Kind::Constant
                | Kind::StaticVariable
                | Kind::Struct
                | Kind::EnumMember
        ),
        Space::Macros => kind == Kind::Macro,
    }
}

/// A type as it is in its place.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    /// `None` for a type of another workspace.
    pub(super) decl: Option<usize>,
    pub(super) name: &'a str,
    pub(super) arguments: &'a [Ty],
    pub(super) place: Place,
}

/// Where a path is looked up.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) node: usize,
    /// What `Self` is there.
    pub(super) this: Option<usize>,
}
