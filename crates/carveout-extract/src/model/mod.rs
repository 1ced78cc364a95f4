//! The small model between the readers of an index and everything that reports.
//!
//! A reader fills it, from a SCIP index of any language or from Rust's source alone; reports, ranks
//! and the ratchet read it, and know neither. It holds what a boundary is made of: modules, the items
//! in them, and each place where one item is named.

mod item;
mod local;
mod lookup;
mod module;
mod position;

pub use item::{Definition, Item, ItemId, ItemKind};
pub(crate) use local::Local;
pub use local::Locals;
pub use lookup::NoSuchModule;
pub use module::{Module, ModuleId};
pub use position::{Position, Span};

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

/// What one workspace is made of, as one reader saw it.
#[derive(Debug, Default)]
pub struct Model {
    /// The folder that files' paths are relative to.
    pub root: PathBuf,
    /// Who saw it, and how well.
    pub origin: Origin,
    /// Every source file, by path.
    pub files: Vec<File>,
    /// Every module of the workspace. A parent comes before its children.
    pub modules: Vec<Module>,
    /// Every item that has a definition or is named, those of other packages included.
    pub items: Vec<Item>,
    /// Every place where an item is named, definitions aside, by file and position.
    pub references: Vec<Reference>,
    /// Variables and parameters, where the index says their types.
    pub locals: Arc<Locals>,
    /// What could not be seen. A report repeats it wherever its numbers stand.
    pub gaps: Vec<String>,
}

/// Who read the workspace, and how well.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Origin {
    /// The indexer: `rust-analyzer`, `scip-python`.
    pub tool: String,
    /// Its version, as it says it.
    pub version: String,
    /// Whether names were guessed from syntax and not resolved by a compiler's front end.
    pub approximate: bool,
    /// Identifiers in the source that the index knows, of a hundred.
    pub resolved_percent: f64,
}

/// A place of a file in [`Model::files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct FileId(pub u32);

/// A source file.
#[derive(Clone, Debug)]
pub struct File {
    /// Relative to [`Model::root`], with `/` between folders.
    pub path: String,
    /// The outermost module whose source this is.
    pub module: ModuleId,
    /// As the index calls it, in lower case: `rust`, `python`.
    pub language: String,
}

/// A place where an item is named.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// The file that it is in.
    pub file: FileId,
    /// The name itself.
    pub span: Span,
    /// The innermost module around it.
    pub from: ModuleId,
    /// The innermost function, type, constant … around it; `None` for one that stands in a module.
    pub within: Option<ItemId>,
    /// What is named.
    pub to: ItemId,
}

impl Model {
    /// The module at `id`.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// The item at `id`.
    #[must_use]
    pub fn item(&self, id: ItemId) -> &Item {
        &self.items[id.0 as usize]
    }

    /// The file at `id`.
    #[must_use]
    pub fn file(&self, id: FileId) -> &File {
        &self.files[id.0 as usize]
    }

    /// Every module with its place.
    pub fn module_ids(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        (0..).map(ModuleId).zip(&self.modules)
    }

    /// Every item with its place.
    pub fn item_ids(&self) -> impl Iterator<Item = (ItemId, &Item)> {
        (0..).map(ItemId).zip(&self.items)
    }

    /// Whether `module` is `ancestor` or inside of it.
    #[must_use]
    pub fn is_within(&self, module: ModuleId, ancestor: ModuleId) -> bool {
        self.ancestors(module).any(|id| id == ancestor)
    }

    /// `module`, the module around it, and so on outwards.
    pub fn ancestors(&self, module: ModuleId) -> impl Iterator<Item = ModuleId> + '_ {
        std::iter::successors(Some(module), |id| self.module(*id).parent)
    }

    /// The item as people write it: `vaultwarden::mail::send_invite`, `Config::domain` of its module.
    #[must_use]
    pub fn item_path(&self, id: ItemId) -> String {
        let item = self.item(id);
        let Some(module) = item.module else {
            return item.path.clone();
        };
        let module = self.module(module);
        if item.path.is_empty() {
            return module.path.clone();
        }
        format!("{}{}{}", module.path, module.separator(), item.path)
    }
}
