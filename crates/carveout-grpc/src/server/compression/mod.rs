//! gRPC's message compression: gzip and zstd, on requests and answers.

mod answer;
mod codec;
mod gather;
mod layer;
mod negotiate;

pub(super) use codec::{InflateError, inflate};
pub(super) use gather::Gather;
pub(super) use layer::{Compress, CompressBody};
use serde::{Deserialize, Serialize};

/// Whether a server takes compressed requests and compresses its answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Neither: a compressed request is UNIMPLEMENTED.
    Off,
    /// Requests may be compressed, by gzip or zstd; answers are not.
    #[default]
    Accept,
    /// Answers are compressed too, for callers that accept it, from 1 KiB upwards.
    On,
}

/// A compression algorithm by its name in `grpc-encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Zstd,
}

impl Encoding {
    /// The preferred one first: zstd takes a fraction of gzip's time.
    const ALL: [Self; 2] = [Self::Zstd, Self::Gzip];

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|encoding| encoding.name().as_bytes() == name)
    }
}
