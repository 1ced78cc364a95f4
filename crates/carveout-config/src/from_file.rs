//! A value that has a file of its own.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::bounded::{ReadError, read_text};
use crate::fingerprint;
use crate::secret::FIX;

/// A value that is read from a file of its own, because other people write it: a policy, a list.
///
/// The setting is the file's path; a relative one starts from the working directory, and empty text
/// means that there is none, which gives `T`'s default. The file is read, and parsed as a `T`, with
/// the rest of the configuration: a mistake in it is a mistake in the configuration, and a reload
/// that finds it changed is a change.
///
/// ```
/// use carveout_config::FromFile;
///
/// let none = FromFile::<u16>::default();
/// assert_eq!((none.get(), none.path()), (&0, ""));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FromFile<T> {
    path: String,
    value: T,
}

impl<T> FromFile<T> {
    /// The value, or `T`'s default when there is no file.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// Where it comes from; empty when there is no file.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl<T> Serialize for FromFile<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.path)
    }
}

impl<'de, T: FromStr<Err: fmt::Display> + Default> Deserialize<'de> for FromFile<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(PathVisitor(PhantomData))
    }
}

struct PathVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display> + Default> Visitor<'_> for PathVisitor<T> {
    type Value = FromFile<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path of a file")
    }

    fn visit_str<E: de::Error>(self, path: &str) -> Result<Self::Value, E> {
        if path.is_empty() {
            return Ok(FromFile::default());
        }
        let text = read_text(Path::new(path)).map_err(|error| unreadable(path, &error))?;
        fingerprint::add(&text);
        let value = text
            .parse()
            .map_err(|why| E::custom(format!("in {path}: {why}")))?;
        Ok(FromFile {
            path: path.to_owned(),
            value,
        })
    }
}

fn unreadable<E: de::Error>(path: &str, error: &ReadError) -> E {
    let (what, fix) = match error {
        ReadError::Missing => ("does not exist", "mount the file, or correct the path"),
        ReadError::Directory => ("is a directory", "name a file inside it"),
        ReadError::TooLarge => ("is larger than 1 MiB", "name the right file"),
        ReadError::NotUtf8 { .. } => ("is not UTF-8 text", "name the right file"),
        ReadError::Other(_) => (
            "cannot be read",
            "let the user that the service runs as read the file",
        ),
    };
    let reason = match error {
        ReadError::Other(reason) => format!(": {reason}"),
        _ => String::new(),
    };
    E::custom(format!("the file {path} {what}{reason}{FIX}{fix}"))
}
