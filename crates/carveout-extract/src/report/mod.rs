//! What a module's boundary is, and what a cut there would cost: the data of `boundary report`.
//!
//! `output` writes it; nothing in it is written for one format only. The field names are those of the
//! JSON, whose schema is `docs/boundary/report.schema.json`.

use serde::Serialize;

use crate::model::{ItemKind, Origin};

/// The schema that a report's JSON follows.
pub const SCHEMA: &str = "carveout.boundary.report/1";

/// Everything that is known of one boundary.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The name of the workspace's folder.
    pub workspace: String,
    /// The modules that would be cut out together.
    pub modules: Vec<String>,
    /// Who read the workspace, and how well.
    pub origin: Origin,
    /// What could not be seen.
    pub gaps: Vec<String>,
    /// The counts.
    pub summary: Summary,
    /// What others use of it, the most used first.
    pub inbound: Vec<Crossing>,
    /// What it uses of others in the workspace, the most used first.
    pub outbound: Vec<Crossing>,
    /// Each function that is used from outside.
    pub functions: Vec<Function>,
    /// Each type that crosses, those of fields included.
    pub types: Vec<CrossingType>,
    /// What is read of the entities that functions take.
    pub projections: Vec<Projection>,
    /// Statics on either side that the other side uses.
    pub statics: Vec<Crossing>,
    /// Tables that it touches.
    pub tables: Vec<Table>,
    /// Transactions that the cut would split.
    pub transactions: Vec<Transaction>,
    /// What the cut costs when it runs.
    pub cost: Cost,
    /// The modules around it, for a picture.
    pub graph: Graph,
}

/// The counts of a report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Places outside that name the module or something in it.
    pub inbound: usize,
    /// Of these, places that name the module itself, as a path does on its way.
    pub inbound_to_module: usize,
    /// Of these, places that name something in it.
    pub inbound_to_items: usize,
    /// Of `inbound`, places in tests, benches and examples.
    pub inbound_from_tests: usize,
    /// Functions and methods in it that are used from outside.
    pub functions: usize,
    /// Modules outside that use it.
    pub users: usize,
    /// Places inside that name something of the workspace outside.
    pub outbound: usize,
    /// Different things that these name.
    pub outbound_symbols: usize,
    /// Functions by disposition.
    pub dispositions: Dispositions,
}

/// How many functions have each disposition.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Dispositions {
    /// That become calls.
    pub rpc: usize,
    /// That move into a crate which both sides use.
    pub shared: usize,
    /// That run for the life of the process, and move into the service.
    pub background: usize,
    /// That stay where they are.
    pub stay: usize,
    /// That need an edit first.
    pub blocked: usize,
}

/// A place in the source. Lines and columns begin at 1, as editors count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Relative to the workspace.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in bytes.
    pub column: u32,
}

/// An item that is used across the boundary.
#[derive(Clone, Debug, Serialize)]
pub struct Crossing {
    /// Its path: `vaultwarden::config::CONFIG`.
    pub item: String,
    /// What it is.
    pub kind: ItemKind,
    /// How many places name it.
    pub count: usize,
    /// Those places.
    pub uses: Vec<Use>,
}

/// A place that names an item.
#[derive(Clone, Debug, Serialize)]
pub struct Use {
    /// Where.
    pub place: Place,
    /// The module around it.
    pub module: String,
    /// The function, type or constant around it, inside of that module.
    pub within: Option<String>,
    /// Whether it is in code for tests, benches or examples.
    pub test: bool,
}

/// A function that is used from outside.
#[derive(Clone, Debug, Serialize)]
pub struct Function {
    /// Its path.
    pub item: String,
    /// As it is written, body aside; empty for a language whose signatures are not read.
    pub signature: String,
    /// Where it is defined; `None` if a macro made it.
    pub place: Option<Place>,
    /// How many places outside name it.
    pub uses: usize,
    /// What would become of it.
    pub disposition: Disposition,
    /// What goes in.
    pub arguments: Vec<Value>,
    /// What comes out; `None` for nothing.
    pub result: Option<Value>,
    /// What it does to the world, at the worst.
    pub effect: Effect,
    /// Why it is thought to.
    pub evidence: Vec<Evidence>,
}

/// What would become of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Disposition {
    /// It becomes a call to the service.
    Rpc {
        /// What the shim around it has to do.
        notes: Vec<String>,
    },
    /// It needs nothing of the service, and moves into a crate that both sides use.
    Shared {
        /// Why.
        reason: String,
    },
    /// It runs for the life of the process, and moves into the service, which starts it.
    Background {
        /// Why.
        reason: String,
    },
    /// It stays with the monolith.
    Stay {
        /// Why.
        reason: String,
    },
    /// It cannot cross as it is.
    Blocked {
        /// Why.
        reason: String,
        /// The edit that would let it.
        suggestion: String,
    },
}

/// An argument or a result.
#[derive(Clone, Debug, Serialize)]
pub struct Value {
    /// The argument's name; `self` for a receiver; empty for a result.
    pub name: String,
    /// Its type as it is written.
    pub rust: String,
    /// Its type in the contract, if it has one.
    pub proto: Option<String>,
    /// Whether it can cross.
    pub verdict: Verdict,
    /// What to know, or why it cannot.
    pub note: Option<String>,
}

/// Whether something can cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it is.
    Wire,
    /// The shim converts it.
    Convert,
    /// It does not cross: the service has its own.
    Drop,
    /// It cannot.
    Blocked,
}

/// A type that crosses.
#[derive(Clone, Debug, Serialize)]
pub struct CrossingType {
    /// Its path.
    pub item: String,
    /// Where it is defined; `None` if it is of another package or a macro made it.
    pub place: Option<Place>,
    /// Whether it can cross.
    pub verdict: Verdict,
    /// What it becomes in the contract: `message User`, `enum Role`, `string`.
    pub proto: Option<String>,
    /// What to know, or why it cannot.
    pub note: Option<String>,
    /// Its fields, or its variants' fields.
    pub fields: Vec<Value>,
    /// The functions and types that bring it across.
    pub through: Vec<String>,
}

/// What is read of an entity that a function takes.
#[derive(Clone, Debug, Serialize)]
pub struct Projection {
    /// The function's path.
    pub function: String,
    /// The argument's name.
    pub argument: String,
    /// The entity's path.
    pub entity: String,
    /// How many fields it has.
    pub fields: usize,
    /// Those that are read, here or where it is passed on.
    pub read: Vec<String>,
    /// Why all of it has to be sent, where it has: it is stored, returned or passed out of sight.
    pub escapes: Option<String>,
}

/// What code does to the world, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It can be done twice, or in the shadow, and nobody notices.
    Read,
    /// Doing it twice is as doing it once.
    IdempotentWrite,
    /// Doing it twice is a mistake.
    Write,
}

/// Why an effect is believed.
#[derive(Clone, Debug, Serialize)]
pub struct Evidence {
    /// In words: `INSERT INTO users`, `calls lettre::AsyncTransport::send`.
    pub what: String,
    /// What it alone would make of the function.
    pub effect: Effect,
    /// Where.
    pub place: Place,
}

/// A table that the module touches.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// As SQL calls it.
    pub name: String,
    /// Where the module touches it.
    pub touched: Vec<Touch>,
    /// Who else does.
    pub others: Vec<Touch>,
}

/// A place that touches a table.
#[derive(Clone, Debug, Serialize)]
pub struct Touch {
    /// Where.
    pub place: Place,
    /// The module around it.
    pub module: String,
    /// `select`, `insert`, `update`, `delete`, or `names` where the statement is built elsewhere.
    pub operation: String,
    /// How it was seen: `diesel` or `sql`.
    pub by: String,
}

/// A transaction that the cut would split.
#[derive(Clone, Debug, Serialize)]
pub struct Transaction {
    /// Where it begins.
    pub place: Place,
    /// The function around it.
    pub within: String,
    /// What is called in it on the other side of the cut.
    pub crosses: Vec<String>,
    /// What can be done about it.
    pub suggestion: String,
}

/// What the cut costs when it runs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cost {
    /// Calls that would be made once a turn of a loop.
    pub loops: Vec<LoopedCall>,
    /// How many calls deep an entry point gets to the other side.
    pub depth: Vec<EntryDepth>,
    /// What a call would carry.
    pub payload: Vec<Payload>,
}

/// A call across the cut that stands in a loop.
#[derive(Clone, Debug, Serialize)]
pub struct LoopedCall {
    /// What is called.
    pub function: String,
    /// Where.
    pub place: Place,
    /// The function around it.
    pub within: String,
    /// How many loops are around it in that function, those of iterators included.
    pub loops: usize,
    /// The edit that would make one call of many.
    pub suggestion: String,
}

/// An entry point that gets to the other side.
#[derive(Clone, Debug, Serialize)]
pub struct EntryDepth {
    /// A function that nobody in the workspace calls: a handler, a job, `main`.
    pub entry: String,
    /// Different calls across the cut on its ways.
    pub crossings: usize,
    /// Calls on the shortest way to the first of them.
    pub depth: usize,
    /// That way, by the functions' paths.
    pub path: Vec<String>,
}

/// What a call would carry, in bytes of the wire format, estimated from types.
#[derive(Clone, Debug, Serialize)]
pub struct Payload {
    /// The function's path.
    pub function: String,
    /// With whole entities.
    pub whole: usize,
    /// With the fields that are read.
    pub projected: usize,
}

/// The modules around the cut.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Graph {
    /// The modules.
    pub nodes: Vec<Node>,
    /// Who uses whom.
    pub edges: Vec<Edge>,
}

/// A module of the picture.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    /// The module's path.
    pub module: String,
    /// Whether it would be cut out.
    pub inside: bool,
    /// Items that are defined in it.
    pub items: usize,
}

/// One module's uses of another.
#[derive(Clone, Debug, Serialize)]
pub struct Edge {
    /// Who uses.
    pub from: String,
    /// Whom.
    pub to: String,
    /// In how many places.
    pub count: usize,
    /// Whether the cut goes through it.
    pub crosses: bool,
}
