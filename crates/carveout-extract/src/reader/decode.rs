//! An index, a document at a time, so that its size in memory is what is kept of it.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use protobuf::{CodedInputStream, Enum};
use scip::types::{Document, Metadata, PositionEncoding, SymbolInformation, symbol_information};

use crate::error::{Error, Result};

/// What is kept of an index.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) metadata: Metadata,
    pub(super) symbols: Symbols,
    pub(super) documents: Vec<RawDocument>,
    /// Declarations of variables and parameters, each once.
    pub(super) declarations: Symbols,
}

/// What is kept of a document.
pub(super) struct RawDocument {
    pub(super) path: String,
    pub(super) language: String,
    pub(super) encoding: i32,
    pub(super) occurrences: Vec<RawOccurrence>,
    /// What it defines: symbol and kind.
    pub(super) infos: Vec<(u32, symbol_information::Kind)>,
    /// Names that are local to a function.
    pub(super) locals: Vec<RawLocal>,
}

/// Where a variable or a parameter is named.
pub(super) struct RawLocal {
    pub(super) range: [u32; 4],
    /// Its declaration with its type, as the index writes it: `let name: Option<String>`.
    pub(super) declared: u32,
}

/// A name in the source. The symbol is `None` for what is local to a function.
pub(super) struct RawOccurrence {
    pub(super) range: [u32; 4],
    pub(super) symbol: Option<u32>,
    pub(super) definition: bool,
    pub(super) enclosing: Option<[u32; 4]>,
}

/// Every symbol once.
#[derive(Default)]
pub(super) struct Symbols {
    pub(super) names: Vec<String>,
    by_name: HashMap<String, u32>,
}

/// No name of a program is as long. A longer symbol is taken for none.
const LONGEST: usize = 1 << 16;

impl Symbols {
    pub(super) fn intern(&mut self, name: &str) -> Option<u32> {
        if name.is_empty() || name.starts_with("local ") || name.len() > LONGEST {
            return None;
        }
        if let Some(known) = self.by_name.get(name) {
            return Some(*known);
        }
        let id = u32::try_from(self.names.len()).ok()?;
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_owned(), id);
        Some(id)
    }
}

const METADATA: u32 = 1;
const DOCUMENTS: u32 = 2;
const EXTERNAL_SYMBOLS: u32 = 3;

/// Reads the index at `path`. One that is cut short, or is none, is an error.
pub(super) fn decode(path: &Path) -> Result<Raw> {
    let file = File::open(path).map_err(|error| Error::io("read the index", path, error))?;
    let size = file.metadata().map(|data| data.len()).unwrap_or_default();
    if size == 0 {
        return Err(broken(path, "it is empty"));
    }
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut stream = CodedInputStream::from_buf_read(&mut reader);
    let mut raw = Raw::default();
    fields(&mut stream, &mut raw, path)?;
    let mut paths: Vec<&str> = raw.documents.iter().map(|one| one.path.as_str()).collect();
    paths.sort_unstable();
    if let Some(twice) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(broken(path, &format!("it has {} twice", twice[0])));
    }
    if raw.metadata.tool_info.name.is_empty() {
        return Err(broken(path, "it does not say which tool made it"));
    }
    let unsaid = unsaid_encoding(&raw.metadata.tool_info.name);
    for document in &mut raw.documents {
        if document.encoding == 0 {
            document.encoding = unsaid;
        }
    }
    Ok(raw)
}

/// How a tool counts columns that does not say it: those that run on a JavaScript or Java engine count
/// as their strings do.
fn unsaid_encoding(tool: &str) -> i32 {
    let utf16 = ["python", "typescript", "java", "dotnet", "kotlin", "scala"];
    let encoding = if utf16.iter().any(|language| tool.contains(language)) {
        PositionEncoding::UTF16CodeUnitOffsetFromLineStart
    } else {
        PositionEncoding::UTF8CodeUnitOffsetFromLineStart
    };
    encoding.value()
}

/// The language of a file by its name, for an index that does not say it.
fn language_of(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("rs") => "rust",
        Some("py" | "pyi") => "python",
        Some("ts" | "tsx" | "mts" | "cts") => "typescript",
        Some("js" | "jsx" | "mjs" | "cjs") => "javascript",
        _ => "",
    }
}

fn fields(stream: &mut CodedInputStream<'_>, raw: &mut Raw, path: &Path) -> Result<()> {
    let broken = |error: protobuf::Error| broken(path, &error.to_string());
    while let Some(tag) = stream.read_raw_tag_or_eof().map_err(broken)? {
        match tag >> 3 {
            METADATA => raw.metadata = stream.read_message().map_err(broken)?,
            DOCUMENTS => {
                let document: Document = stream.read_message().map_err(broken)?;
                let kept = keep(document, &mut raw.symbols, &mut raw.declarations, path)?;
                raw.documents.push(kept);
            }
            EXTERNAL_SYMBOLS => {
                let _: SymbolInformation = stream.read_message().map_err(broken)?;
            }
            other => {
                let message = format!("it has a field {other}, which an index has not");
                return Err(self::broken(path, &message));
            }
        }
    }
    Ok(())
}

fn keep(
    document: Document,
    symbols: &mut Symbols,
    declarations: &mut Symbols,
    path: &Path,
) -> Result<RawDocument> {
    let name = &document.relative_path;
    let climbs = name.split(['/', '\\']).any(|part| part == "..");
    if name.is_empty() || Path::new(name).is_absolute() || climbs {
        let message =
            format!("it has a document at {name:?}, which is not inside of its workspace");
        return Err(broken(path, &message));
    }
    let wrong = |range: &[i32]| {
        let message = format!("{name} has an occurrence at {range:?}, which is no range");
        broken(path, &message)
    };
    let mut occurrences = Vec::with_capacity(document.occurrences.len());
    let mut locals = Vec::new();
    let declared = declared(&document);
    for occurrence in &document.occurrences {
        let range = range(&occurrence.range).ok_or_else(|| wrong(&occurrence.range))?;
        let enclosing = match occurrence.enclosing_range.as_slice() {
            [] => None,
            some => Some(self::range(some).ok_or_else(|| wrong(some))?),
        };
        if let Some(text) = declared.get(occurrence.symbol.as_str())
            && let Some(declared) = declarations.intern(text)
        {
            locals.push(RawLocal { range, declared });
        }
        occurrences.push(RawOccurrence {
            range,
            symbol: symbols.intern(&occurrence.symbol),
            definition: occurrence.symbol_roles & 1 != 0,
            enclosing,
        });
    }
    let infos = document.symbols.iter().filter_map(|info| {
        let symbol = symbols.intern(&info.symbol)?;
        Some((symbol, info.kind.enum_value_or_default()))
    });
    Ok(RawDocument {
        infos: infos.collect(),
        locals,
        path: document.relative_path.clone(),
        language: match document.language.as_str() {
            "" => language_of(name).to_owned(),
            said => said.to_lowercase(),
        },
        encoding: document.position_encoding.value(),
        occurrences,
    })
}

/// Of each local symbol of a document, its declaration.
fn declared(document: &Document) -> HashMap<&str, &str> {
    let locals = document.symbols.iter();
    let locals = locals.filter(|info| info.symbol.starts_with("local "));
    let declared = locals.filter_map(|info| {
        let text = info.signature_documentation.as_ref()?.text.as_str();
        Some((info.symbol.as_str(), text))
    });
    declared.collect()
}

/// `[line, from, to]` or `[line, from, line, to]`.
fn range(range: &[i32]) -> Option<[u32; 4]> {
    let range = match *range {
        [line, from, to] => [line, from, line, to],
        [line, from, last, to] => [line, from, last, to],
        _ => return None,
    };
    let [a, b, c, d] = range;
    let range = [
        u32::try_from(a).ok()?,
        u32::try_from(b).ok()?,
        u32::try_from(c).ok()?,
        u32::try_from(d).ok()?,
    ];
    ((a, b) <= (c, d)).then_some(range)
}

fn broken(path: &Path, why: &str) -> Error {
    let message = format!("{} is no whole index: {why}", path.display());
    Error::index(message).help("make it again: `carveout-extract boundary index`")
}
