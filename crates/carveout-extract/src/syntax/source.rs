use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::collect::Collector;
use super::flow::{self, Flow};
use super::literals::Literal;
use crate::model::{FileId, Model, Position, Span};

/// The files of a model, parsed when they are asked for.
pub struct Sources<'a> {
    model: &'a Model,
    parsed: RefCell<HashMap<FileId, Option<Rc<Source>>>>,
}

impl<'a> Sources<'a> {
    /// Of the files of `model`.
    #[must_use]
    pub fn new(model: &'a Model) -> Self {
        Self {
            model,
            parsed: RefCell::default(),
        }
    }

    /// The file, if it is Rust and parses.
    pub fn get(&self, file: FileId) -> Option<Rc<Source>> {
        if let Some(known) = self.parsed.borrow().get(&file) {
            return known.clone();
        }
        let entry = self.model.file(file);
        let read = || {
            let text = std::fs::read_to_string(self.model.root.join(&entry.path)).ok()?;
            Source::parse(text).ok()
        };
        let source = if entry.language == "rust" {
            read().map(Rc::new)
        } else {
            None
        };
        self.parsed.borrow_mut().insert(file, source.clone());
        source
    }

    /// Files that were asked for, are Rust, and did not parse.
    #[must_use]
    pub fn unparsed(&self) -> Vec<String> {
        let parsed = self.parsed.borrow();
        let failed = parsed.iter().filter(|(_, source)| source.is_none());
        let mut paths: Vec<_> = failed
            .map(|(file, _)| self.model.file(*file))
            .filter(|file| file.language == "rust")
            .map(|file| file.path.clone())
            .collect();
        paths.sort();
        paths
    }
}

/// A file of Rust.
pub struct Source {
    text: String,
    lines: Vec<usize>,
    /// Functions and methods, nested ones included.
    pub functions: Vec<Function>,
    /// Structs, enums, unions and aliases.
    pub types: Vec<TypeDefinition>,
    /// Statics and constants.
    pub values: Vec<Value>,
    /// Bodies of loops, and closures that an iterator calls once an element.
    pub loops: Vec<Loop>,
    /// What runs inside of a database transaction.
    pub transactions: Vec<Region>,
    /// Code that is compiled for tests only.
    pub tests: Vec<Span>,
    /// Strings, those in macros included.
    pub literals: Vec<Literal>,
    /// Calls and method calls by name, those in macros that do not parse aside: `insert_into(…)`.
    pub calls: Vec<Region>,
    /// Statements, nested ones included.
    pub statements: Vec<Span>,
    /// `use` declarations.
    pub imports: Vec<Span>,
    /// What bodies do with their names.
    pub flow: Flow,
}

/// A function or a method.
pub struct Function {
    /// Where its name begins.
    pub name: Position,
    /// All of it.
    pub span: Span,
    /// As it is written.
    pub signature: syn::Signature,
    /// The last parts of its attributes' paths: `get`, `async_trait`, `test`.
    pub attributes: Vec<String>,
    /// Whether it is `pub` in some way.
    pub public: bool,
    /// `Config` in `impl Config`.
    pub of: Option<syn::Type>,
    /// Whether it stands in an `impl` of a trait or in a trait.
    pub of_trait: bool,
    /// `Display` in `impl Display for Config`.
    pub implements: Option<String>,
    /// The generic parameters of the `impl` or the trait that it stands in.
    pub around: Option<syn::Generics>,
    /// The body; `None` for one that a trait only declares.
    pub body: Option<syn::Block>,
}

/// A struct, an enum, a union or an alias.
pub struct TypeDefinition {
    /// Where its name begins.
    pub name: Position,
    /// Its generic parameters.
    pub generics: syn::Generics,
    /// The names that it derives.
    pub derives: Vec<String>,
    /// What it is made of.
    pub body: TypeBody,
}

/// What a type is made of.
pub enum TypeBody {
    /// A struct's fields.
    Struct(syn::Fields),
    /// An enum's variants.
    Enum(Vec<syn::Variant>),
    /// What an alias stands for.
    Alias(Box<syn::Type>),
    /// A union, which no contract can say.
    Union,
}

/// A static or a constant.
pub struct Value {
    /// Where its name begins.
    pub name: Position,
    /// Its type.
    pub of: syn::Type,
    /// Whether it is a static.
    pub is_static: bool,
}

/// What runs once a turn.
pub struct Loop {
    /// The body.
    pub body: Span,
}

/// A part of the source under a name.
pub struct Region {
    /// The name: a call's function.
    pub name: String,
    /// Where the name begins.
    pub at: Position,
    /// What is in it.
    pub span: Span,
}

impl Source {
    /// Parses a file.
    pub fn parse(text: String) -> syn::Result<Self> {
        let file = syn::parse_file(&text)?;
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        let mut source = Self {
            text,
            lines,
            functions: Vec::new(),
            types: Vec::new(),
            values: Vec::new(),
            loops: Vec::new(),
            transactions: Vec::new(),
            tests: Vec::new(),
            literals: Vec::new(),
            calls: Vec::new(),
            statements: Vec::new(),
            imports: Vec::new(),
            flow: Flow::default(),
        };
        Collector::new(&mut source).file(&file);
        source.flow = flow::collect(&source, &file);
        Ok(source)
    }

    /// Where a span of the syntax tree is.
    #[must_use]
    pub fn span(&self, span: proc_macro2::Span) -> Span {
        let bytes = span.byte_range();
        Span {
            start: self.position(bytes.start),
            end: self.position(bytes.end),
        }
    }

    /// The place of a byte.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let line = self
            .lines
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        let column = offset - self.lines.get(line).copied().unwrap_or_default();
        let small = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Position {
            line: small(line),
            column: small(column),
        }
    }

    /// The byte at a place.
    #[must_use]
    pub fn offset(&self, at: Position) -> usize {
        let start = self.lines.get(at.line as usize).copied();
        start.map_or(self.text.len(), |start| {
            (start + at.column as usize).min(self.text.len())
        })
    }

    /// How many lines it has.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.text.lines().count()
    }

    /// The text of a span.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text
            .get(self.offset(span.start)..self.offset(span.end))
            .unwrap_or_default()
    }

    /// The function whose name begins at `name`.
    #[must_use]
    pub fn function_at(&self, name: Position) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The type whose name begins at `name`.
    #[must_use]
    pub fn type_at(&self, name: Position) -> Option<&TypeDefinition> {
        self.types.iter().find(|definition| definition.name == name)
    }

    /// The static or constant whose name begins at `name`.
    #[must_use]
    pub fn value_at(&self, name: Position) -> Option<&Value> {
        self.values.iter().find(|value| value.name == name)
    }

    /// How many loops are around `at`, inside of `within`.
    #[must_use]
    pub fn loops_around(&self, at: Position, within: Span) -> usize {
        let around = |one: &&Loop| one.body.contains(at) && within.encloses(&one.body);
        self.loops.iter().filter(around).count()
    }

    /// The innermost statement around `at`.
    #[must_use]
    pub fn statement(&self, at: Position) -> Option<Span> {
        let around = self.statements.iter().filter(|span| span.contains(at));
        let innermost = |span: &&Span| (span.start, std::cmp::Reverse(span.end));
        around.max_by_key(innermost).copied()
    }

    /// Whether `at` is in code that is compiled for tests only.
    #[must_use]
    pub fn is_test(&self, at: Position) -> bool {
        self.tests.iter().any(|span| span.contains(at))
    }
}
