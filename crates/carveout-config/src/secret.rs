//! A value that never prints, given as text or as the path of a file that holds it.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::bounded::{ReadError, read_text};
use crate::fingerprint;

/// What is printed in place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// The name under which a secret announces itself to the deserialiser, so that the loader knows
/// which keys are secret.
pub(crate) const NAME: &str = "$carveout::Secret";

/// Stands between a message and its fix in the text of an error, because serde lets an error carry
/// nothing but text.
pub(crate) const FIX: &str = "; fix: ";

const PARSE_FIX: &str = "write it in the form that the key's type has";

const SHAPE_FIX: &str = "write text in quotes, or { file = \"/run/secrets/NAME\" }";

/// A value that never prints: `Debug`, `Display` and `Serialize` give `[redacted]`, or say that it
/// is not set.
///
/// It is written as text, or as `{ file = "/run/secrets/NAME" }`, whose content is then taken
/// without its last line break. A relative path starts from the working directory. In the
/// environment that is `NAME__SECTION__KEY` or `NAME__SECTION__KEY__FILE`. Empty text is "not set".
/// A reload reads the file anew, so a rotated secret is a change.
///
/// The content is parsed as a `T`; what the parser says about bad content is not shown, as it could
/// quote it. A built-in default cannot be a secret: only "not set" is kept from a section's
/// `Default`.
///
/// ```
/// use carveout_config::Secret;
///
/// let token = Secret::new("hunter2".to_owned());
/// assert_eq!(format!("{token:?} {token}"), "[redacted] [redacted]");
/// assert_eq!(token.expose(), "hunter2");
/// assert!(!Secret::<String>::default().is_set());
/// ```
#[derive(Clone, Default)]
pub struct Secret<T = String> {
    value: T,
    set: bool,
}

impl<T> Secret<T> {
    /// A secret that is set.
    pub fn new(value: T) -> Self {
        Self { value, set: true }
    }

    /// The value itself, or `T`'s default when it is not set. Each call is a place to look at in a
    /// review.
    pub fn expose(&self) -> &T {
        &self.value
    }

    /// Whether a value was given.
    pub fn is_set(&self) -> bool {
        self.set
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.set { REDACTED } else { "[not set]" })
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.set { REDACTED } else { "" })
    }
}

impl<'de, T: FromStr + Default> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, SecretVisitor(PhantomData))
    }
}

struct SecretVisitor<T>(PhantomData<T>);

impl<T: FromStr + Default> SecretVisitor<T> {
    fn parse<E: de::Error>(text: &str) -> Result<Secret<T>, E> {
        fingerprint::add(text);
        if text.is_empty() {
            return Ok(Secret::default());
        }
        let wrong = |_| {
            E::custom(format!(
                "the secret's text cannot be parsed (it is not shown){FIX}{PARSE_FIX}"
            ))
        };
        text.parse().map(Secret::new).map_err(wrong)
    }

    fn from_file<E: de::Error>(path: &str) -> Result<Secret<T>, E> {
        let fail =
            |what: &str, fix: &str| E::custom(format!("the secret's file {path} {what}{FIX}{fix}"));
        let text = read_text(Path::new(path)).map_err(|error| match error {
            ReadError::Missing => fail("does not exist", "mount the file, or correct the path"),
            ReadError::Directory => fail("is a directory", "name a file inside it"),
            ReadError::TooLarge => fail(
                "is larger than 1 MiB",
                "name the file that holds only the secret",
            ),
            ReadError::NotUtf8 { .. } => fail(
                "is not UTF-8 text",
                "encode the secret as text, for example as base64",
            ),
            ReadError::Other(reason) => fail(
                &format!("cannot be read: {reason}"),
                "let the user that the service runs as read the file",
            ),
        })?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(fail(
                "is empty",
                "write the secret into it, or remove the key if there is none",
            ));
        }
        Self::parse(text)
    }

    /// The value is left out on purpose: a number where a secret belongs is probably the secret.
    fn wrong_shape<E: de::Error>(found: &str) -> E {
        E::custom(format!("must be a secret, found {found}{FIX}{SHAPE_FIX}"))
    }
}

macro_rules! refuse {
    ($($method:ident($type:ty) $found:literal),* $(,)?) => {
        $(fn $method<E: de::Error>(self, _: $type) -> Result<Self::Value, E> {
            Err(Self::wrong_shape($found))
        })*
    };
}

impl<'de, T: FromStr + Default> Visitor<'de> for SecretVisitor<T> {
    type Value = Secret<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Self::parse(text)
    }

    // serde's own answer to each of these would quote the value.
    refuse! {
        visit_bool(bool) "true or false (which is not shown)",
        visit_i64(i64) "a number (not shown)",
        visit_i128(i128) "a number (not shown)",
        visit_u64(u64) "a number (not shown)",
        visit_u128(u128) "a number (not shown)",
        visit_f64(f64) "a number (not shown)",
        visit_bytes(&[u8]) "bytes (not shown)",
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Secret::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(Self::wrong_shape("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut file = None;
        let mut others = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "file" {
                let wrong = |_| Self::wrong_shape("a table whose `file` is not a path in quotes");
                file = Some(map.next_value::<String>().map_err(wrong)?);
            } else {
                // Read in full rather than ignored, which the loader would report a second time.
                map.next_value::<figment::value::Value>()?;
                others.push(format!("`{key}`"));
            }
        }
        match file {
            Some(_) if !others.is_empty() => Err(de::Error::custom(format!(
                "is given both as a file and with {}{FIX}keep one of the two",
                others.join(", ")
            ))),
            Some(path) => Self::from_file(&path),
            None => Err(Self::wrong_shape("a table without the key `file`")),
        }
    }
}

/// Whether a key's name suggests that its value should not be shown, whatever its type.
pub(crate) fn looks_secret(name: &str) -> bool {
    const SECRET: [&str; 11] = [
        "credential",
        "credentials",
        "key",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "secret",
        "secrets",
        "token",
        "tokens",
    ];
    // A name that ends in one of these is about a secret and does not hold it: `token_ttl`,
    // `key_file`.
    const ABOUT: [&str; 10] = [
        "dir", "file", "header", "id", "length", "name", "path", "size", "timeout", "ttl",
    ];
    let folded = name.to_lowercase();
    let mut words = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let about = words
        .clone()
        .next_back()
        .is_some_and(|word| ABOUT.contains(&word));
    !about
        && words.any(|word| {
            SECRET.contains(&word)
                || ["password", "secret", "token"]
                    .iter()
                    .any(|s| word.contains(s))
        })
}

/// Whether a text is an address with a password in it, as in `postgres://user:password@host`.
pub(crate) fn holds_password(text: &str) -> bool {
    let authority = text
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    authority
        .and_then(|authority| authority.rsplit_once('@'))
        .is_some_and(|(user, _)| user.contains(':'))
}
