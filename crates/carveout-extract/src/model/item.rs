use serde::Serialize;

use super::{FileId, ModuleId, Span};

/// A place of an item in [`Model::items`](super::Model::items).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ItemId(pub u32);

/// Something that has a name and can be referred to.
#[derive(Clone, Debug)]
pub struct Item {
    /// The index's own name for it, which is stable from run to run.
    pub symbol: String,
    /// The last part of its path.
    pub name: String,
    /// Its path inside of its module: `send_invite`, `Config::domain`. Of an item of another
    /// package, its path from that package on.
    pub path: String,
    /// What it is.
    pub kind: ItemKind,
    /// The package that defines it.
    pub package: String,
    /// The module that it stands in, or is; `None` for an item of another package.
    pub module: Option<ModuleId>,
    /// The type or trait that a method, a field or a variant belongs to.
    pub owner: Option<ItemId>,
    /// The trait that a method implements, by name; it has one in `impl Display for Error`.
    pub implements: Option<String>,
    /// Where it is defined; `None` for items of other packages and for those that a macro made.
    pub definition: Option<Definition>,
}

/// Where an item is defined.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// In which file.
    pub file: FileId,
    /// Its name.
    pub name: Span,
    /// All of it, body and attributes included.
    pub whole: Span,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A module, a package, a file that is one.
    Module,
    /// A function that stands in a module.
    Function,
    /// A function of a type, with a receiver or without.
    Method,
    /// A struct, enum, union, class or alias.
    Type,
    /// A trait, interface or protocol.
    Trait,
    /// A field of a struct, an attribute of a class.
    Field,
    /// A variant of an enum.
    Variant,
    /// A constant.
    Constant,
    /// A static: what it holds is shared by the whole process.
    Static,
    /// A macro.
    Macro,
    /// Anything else that an index has a symbol for.
    Other,
}

impl ItemKind {
    /// As it is written in reports and baselines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ItemKind::Module => "module",
            ItemKind::Function => "function",
            ItemKind::Method => "method",
            ItemKind::Type => "type",
            ItemKind::Trait => "trait",
            ItemKind::Field => "field",
            ItemKind::Variant => "variant",
            ItemKind::Constant => "constant",
            ItemKind::Static => "static",
            ItemKind::Macro => "macro",
            ItemKind::Other => "other",
        }
    }
}
