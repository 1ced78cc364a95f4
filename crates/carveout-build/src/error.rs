use std::path::PathBuf;

use miette::Diagnostic;

/// Why a contract could not be compiled. Its text is what cargo shows when the build script fails.
#[derive(thiserror::Error)]
pub enum Error {
    /// The crate was not run by cargo as a build script.
    #[error("{0} is not set: call this from a build script")]
    NotABuildScript(&'static str),
    /// No `proto` folder at or above the crate holds the contract.
    #[error("{contract} is in no folder named `proto` at or above {}", from.display())]
    NotFound {
        /// The contract as it was asked for, relative to a `proto` folder.
        contract: String,
        /// Where the search began: the crate's folder.
        from: PathBuf,
    },
    /// The contract does not parse, or one of its imports is missing.
    #[error("{place}{error}", place = place(.0), error = .0)]
    Protobuf(#[from] protox::Error),
    /// The contract has no package, or nothing in it.
    #[error("{0} declares no `package`, or no message, enum or service in it")]
    Empty(String),
    /// The descriptors could not be read back by the code generator.
    #[error("the compiled descriptors cannot be decoded: {0}")]
    Descriptors(#[from] prost::DecodeError),
    /// Generated code could not be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder that was being written.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// A build script that returns an error prints it with `Debug`; a reader wants the sentence.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// `FILE:LINE:COLUMN: `, as compilers write it and editors follow it.
fn place(error: &protox::Error) -> String {
    let line_and_column = || {
        let label = error.labels()?.next()?;
        let found = error.source_code()?.read_span(label.inner(), 0, 0).ok()?;
        Some(format!("{}:{}:", found.line() + 1, found.column() + 1))
    };
    match error.file() {
        Some(file) => format!("{file}:{} ", line_and_column().unwrap_or_default()),
        None => String::new(),
    }
}
