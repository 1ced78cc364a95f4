//! What reading an index costs, in time and memory, and whether that is linear in its size.
//!
//! `cargo bench -p carveout-extract` makes indexes and their sources up to two million lines, in the
//! target folder, and reads each in a process of its own.
//!
//! `cargo bench -p carveout-extract -- --workspace PATH --index FILE [--module NAME]` measures a real one,
//! with a report of the module.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use carveout_extract::reader::read_scip;
use carveout_extract::{Error, boundary};
use protobuf::{Message, MessageField};
use scip::types::{
    Document, Metadata, Occurrence, SymbolInformation, ToolInfo, symbol_information,
};

const LINES_PER_FILE: usize = 1000;
const LINES_PER_FUNCTION: usize = 4;
const SIZES: [usize; 5] = [125_000, 250_000, 500_000, 1_000_000, 2_000_000];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let value = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1).map(String::as_str)
    };
    let done = match (value("--workspace"), value("--index")) {
        (Some(root), Some(index)) => measure(Path::new(root), Path::new(index), value("--module"))
            .map(|row| println!("{row}")),
        _ => synthetic(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One line: what it took, and the most memory that this process had.
fn measure(root: &Path, index: &Path, module: Option<&str>) -> Result<String, Error> {
    let start = Instant::now();
    let model = read_scip(index, root)?;
    let read = start.elapsed();
    let mut row = format!(
        "{:>8} references {:>7} ms to read",
        model.references.len(),
        read.as_millis()
    );
    if let Some(module) = module {
        let start = Instant::now();
        let found = model
            .find_module(module)
            .map_err(|error| Error::usage(error.to_string()))?;
        let report = boundary::report(&model, &[found])?;
        row += &format!(
            " {:>7} ms to report {} ({} inbound)",
            start.elapsed().as_millis(),
            module,
            report.summary.inbound
        );
    }
    Ok(row + &format!(" {:>6} MiB at most", peak_kib() / 1024))
}

fn synthetic() -> Result<(), Error> {
    let program = std::env::current_exe().map_err(|error| Error::usage(error.to_string()))?;
    for lines in SIZES {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("synthetic-{lines}"));
        let index = generate(&root, lines).map_err(|error| Error::io("write", &root, error))?;
        let size = std::fs::metadata(&index).map_or(0, |data| data.len()) / (1 << 20);
        // In a process of its own, so that the peak is of this size alone.
        let output = Command::new(&program)
            .arg("--workspace")
            .arg(&root)
            .arg("--index")
            .arg(&index)
            .args(["--module", "m7"])
            .output()
            .map_err(|error| Error::io("run", &program, error))?;
        let row = String::from_utf8_lossy(&output.stdout);
        print!("{lines:>8} lines {size:>4} MiB {row}");
        if !output.status.success() {
            return Err(Error::usage(
                String::from_utf8_lossy(&output.stderr).into_owned(),
            ));
        }
        let _ = std::fs::remove_dir_all(&root);
    }
    Ok(())
}

/// Writes a workspace of `lines` lines in `root`, and its index.
fn generate(root: &Path, lines: usize) -> std::io::Result<PathBuf> {
    let files = lines / LINES_PER_FILE;
    std::fs::create_dir_all(root.join("src"))?;
    let path = root.join("index.scip");
    let mut index = BufWriter::new(File::create(&path)?);
    field(&mut index, 1, &metadata())?;
    let mut library = Source::new("src/lib.rs", "crate/");
    for file in 0..files {
        library.text("pub mod ");
        library.name(&format!("m{file}"), &format!("m{file}/"), false);
        library.line(";");
    }
    library.text("pub struct ");
    library.name("Record", "Record#", true);
    library.line(";");
    library.write(root, &mut index)?;
    for file in 0..files {
        module(file, files).write(root, &mut index)?;
    }
    index.flush()?;
    Ok(path)
}

/// A file of functions, each of which calls one of another file.
fn module(file: usize, files: usize) -> Source {
    let mut source = Source::new(&format!("src/m{file}.rs"), &format!("m{file}/"));
    for at in 0..LINES_PER_FILE / LINES_PER_FUNCTION {
        let called = (file * 7 + at) % files;
        source.text("pub fn ");
        source.name(&format!("f{at}"), &format!("m{file}/f{at}()."), true);
        source.text("(");
        source.name("value", "local 1", true);
        source.text(": crate::");
        source.name("Record", "Record#", false);
        source.line(") {");
        source.text("    crate::");
        source.name(&format!("m{called}"), &format!("m{called}/"), false);
        source.text("::");
        source.name(&format!("f{at}"), &format!("m{called}/f{at}()."), false);
        source.text("(");
        source.name("value", "local 1", false);
        source.line(");");
        source.line("}");
        source.line("");
    }
    source
}

/// A file as it is written, with its document beside.
struct Source {
    text: String,
    line: i32,
    column: i32,
    module: String,
    document: Document,
}

impl Source {
    fn new(path: &str, module: &str) -> Self {
        Self {
            text: String::new(),
            line: 0,
            column: 0,
            module: symbol(module),
            document: Document {
                relative_path: path.to_owned(),
                language: "rust".to_owned(),
                ..Document::default()
            },
        }
    }

    fn text(&mut self, text: &str) {
        self.text += text;
        self.column += i32::try_from(text.len()).unwrap_or(0);
    }

    fn line(&mut self, text: &str) {
        self.text(text);
        self.text.push('\n');
        self.line += 1;
        self.column = 0;
    }

    fn name(&mut self, name: &str, of: &str, definition: bool) {
        let start = self.column;
        self.text(name);
        let local = of.starts_with("local ");
        let symbol = if local { of.to_owned() } else { symbol(of) };
        let mut occurrence = Occurrence {
            range: vec![self.line, start, self.column],
            symbol: symbol.clone(),
            symbol_roles: i32::from(definition),
            ..Occurrence::default()
        };
        if definition && of.ends_with("().") {
            occurrence.enclosing_range = vec![self.line, 0, self.line + 2, 1];
        }
        self.document.occurrences.push(occurrence);
        if definition && !local {
            self.document.symbols.push(SymbolInformation {
                symbol,
                kind: symbol_information::Kind::Function.into(),
                ..SymbolInformation::default()
            });
        }
    }

    fn write(mut self, root: &Path, index: &mut impl Write) -> std::io::Result<()> {
        let whole = Occurrence {
            range: vec![0, 0, self.line, 0],
            symbol: self.module.clone(),
            symbol_roles: 1,
            ..Occurrence::default()
        };
        self.document.occurrences.insert(0, whole);
        std::fs::write(root.join(&self.document.relative_path), &self.text)?;
        field(index, 2, &self.document)
    }
}

fn symbol(of: &str) -> String {
    format!("rust-analyzer cargo synthetic 0.1.0 {of}")
}

fn metadata() -> Metadata {
    Metadata {
        tool_info: MessageField::some(ToolInfo {
            name: "rust-analyzer".to_owned(),
            version: "synthetic".to_owned(),
            ..ToolInfo::default()
        }),
        ..Metadata::default()
    }
}

/// A field of an index, which is written one by one so that it may be larger than memory.
fn field(to: &mut impl Write, number: u8, message: &impl Message) -> std::io::Result<()> {
    to.write_all(&[number << 3 | 2])?;
    to.write_all(&message.write_length_delimited_to_bytes()?)
}

/// The most memory that this process had, where the system says it.
fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
