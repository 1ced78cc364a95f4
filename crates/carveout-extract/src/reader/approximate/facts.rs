//! What is kept of a file once it is parsed. None of it borrows from the syntax tree, which cannot
//! leave its thread.

use scip::types::symbol_information::Kind;

use super::super::fresh::Text;

/// Bytes of a file, from and without.
pub(super) type Bytes = (u32, u32);

/// What a file says.
pub(super) struct Facts {
    pub(super) text: Text,
    /// The file's own module first, then the modules and the blocks in it.
    pub(super) scopes: Vec<Scope>,
    pub(super) impls: Vec<Impl>,
    pub(super) names: Vec<Named>,
    /// `include!`s that are not followed.
    pub(super) includes: usize,
    /// Why it could not be parsed.
    pub(super) error: Option<String>,
}

/// Where names are declared.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) parent: Option<usize>,
    /// `None` for a block, whose names are looked up around it too.
    pub(super) module: Option<Inline>,
    pub(super) items: Vec<Decl>,
    pub(super) uses: Vec<Use>,
    pub(super) outside: Vec<Outside>,
}

/// A module between braces, or that of the file.
#[derive(Default)]
pub(super) struct Inline {
    pub(super) name: String,
    pub(super) name_at: Bytes,
    pub(super) whole: Bytes,
    pub(super) path: Option<String>,
}

/// `mod name;`
pub(super) struct Outside {
    pub(super) name: String,
    pub(super) name_at: Bytes,
    pub(super) path: Option<String>,
    pub(super) conditional: bool,
}

/// One leaf of a `use`.
pub(super) struct Use {
    pub(super) path: Path,
    /// What it is called here; `None` for a glob.
    pub(super) name: Option<String>,
    /// Where `as` says so.
    pub(super) renamed_at: Option<Bytes>,
}

/// A name that is declared.
pub(super) struct Decl {
    pub(super) name: String,
    /// Its end of the symbol: `send_invite().`
    pub(super) descriptor: String,
    pub(super) kind: Kind,
    pub(super) name_at: Bytes,
    pub(super) whole: Bytes,
    /// Fields, variants, what a trait asks for.
    pub(super) members: Vec<Decl>,
    /// What it is, or returns.
    pub(super) ty: Option<Ty>,
}

/// An `impl`.
pub(super) struct Impl {
    pub(super) scope: usize,
    pub(super) of: Option<Ty>,
    pub(super) trait_: Option<Path>,
    /// Their symbols begin with `impl#[Type][Trait]`.
    pub(super) members: Vec<Decl>,
}

/// A part of a path.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) at: Bytes,
}

/// A path.
#[derive(Clone, Default)]
pub(super) struct Path {
    pub(super) global: bool,
    pub(super) segments: Vec<Segment>,
}

/// What a name can be among: a type may have a function's name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Space {
    Types,
    Values,
    Macros,
}

/// A place where something is named.
pub(super) struct Named {
    pub(super) scope: usize,
    /// The impl or the trait around it, for `Self`.
    pub(super) around: Option<Around>,
    pub(super) what: What,
}

/// What `Self` is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Around {
    Impl(usize),
    /// Scope and item.
    Trait(usize, usize),
}

pub(super) enum What {
    Path(Path, Space),
    /// A field or a method of what an expression is.
    Member {
        of: Ty,
        name: Segment,
        call: bool,
    },
}

/// A type, as far as syntax says. References are left away.
#[derive(Clone)]
pub(super) enum Ty {
    SelfType,
    Path(Path, Vec<Ty>),
    /// What a path returns when it is called, or is.
    Of(Path),
    /// What a field of it is, or a method of it returns.
    Member {
        of: Box<Ty>,
        name: String,
        call: bool,
    },
    Tuple(Vec<Ty>),
    /// One of a tuple.
    Part(Box<Ty>, usize),
    Unknown,
    /// What is in an `Option`, a `Result` …
    Inner(Box<Ty>),
}

impl Facts {
    /// The text, once nothing else is needed.
    pub(super) fn take_text(&mut self) -> Text {
        std::mem::replace(&mut self.text, Text::new(String::new()))
    }
}
