use std::path::PathBuf;

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
    #[error("{0}")]
    Protobuf(#[from] protox::Error),
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
        match self {
            Error::Protobuf(error) => write!(f, "{error:?}"),
            other => write!(f, "{other}"),
        }
    }
}
