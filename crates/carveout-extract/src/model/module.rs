use serde::Serialize;

use super::{FileId, Span};

/// A place of a module in [`Model::modules`](super::Model::modules).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ModuleId(pub u32);

/// A module: Rust's, Python's, or a file of TypeScript.
#[derive(Clone, Debug)]
pub struct Module {
    /// As people write it, from its package on: `vaultwarden::api::core`, `shop.orders`,
    /// `src/orders.ts`. Unique in a model.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// The module around it; `None` for a package's root.
    pub parent: Option<ModuleId>,
    /// The package that it belongs to.
    pub package: String,
    /// The file that it begins in; `None` for one that only names its children.
    pub file: Option<FileId>,
    /// What it covers of that file.
    pub span: Span,
    /// Whether it stands in the file of another module, between braces.
    pub inline: bool,
    /// Whether what is in it is for tests, benches or examples, as far as its name and place say.
    pub test: bool,
    /// What stands between the parts of a path.
    pub(crate) separator: &'static str,
}

impl Module {
    /// What stands between the parts of a path in its language: `::`, `.`, `/`.
    #[must_use]
    pub fn separator(&self) -> &'static str {
        self.separator
    }
}
