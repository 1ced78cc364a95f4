//! Layered, strict, explained configuration for a service.
//!
//! A section of the configuration is a plain struct beside the code that uses it. Its `Default`
//! holds the built-in defaults, and with them the keys that there are. This crate reads the layers,
//! hands each section to its user, and knows none of them itself.
//!
//! # Layers
//!
//! In order of rising precedence, for a service `orders`:
//!
//! 1. the section's `Default`,
//! 2. `DIR/default.toml`,
//! 3. `DIR/PROFILE.toml`,
//! 4. the environment: `ORDERS__GRPC__PORT=50051` (two underscores between the parts, in any case),
//! 5. `--set grpc.port=50051`.
//!
//! Tables merge key by key, everything else is replaced as a whole. Text from the environment and
//! from `--set` becomes what the default is: a text stays as it is, a number or a bool is parsed,
//! an array is TOML or has commas between its elements, a table is TOML (`{ enabled = true }`), and
//! `ORDERS__GRPC__TLS__ENABLED` names one key of it.
//!
//! # Mistakes
//!
//! Every mistake is reported, not only the first, with its key, where it was written, what was
//! expected and found, and what to do about it. An unknown key is a mistake, whether or not the
//! struct says `deny_unknown_fields`.
//!
//! ```
//! use carveout_config::{Loader, Sources};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(default, deny_unknown_fields)]
//! struct Grpc {
//!     port: u16,
//!     #[serde(with = "carveout_config::duration")]
//!     keepalive: std::time::Duration,
//! }
//!
//! impl Default for Grpc {
//!     fn default() -> Self {
//!         Self { port: 50051, keepalive: std::time::Duration::from_secs(20) }
//!     }
//! }
//!
//! let mut loader = Loader::read(Sources::new("orders").set("grpc.port=0"));
//! let grpc = loader.section::<Grpc>("grpc");
//! let config = loader.finish()?;
//! assert_eq!(grpc.get().port, 0);
//! assert!(config.print().contains("port = 0           # from --set"));
//!
//! let mut loader = Loader::read(Sources::new("orders").set("grpc.prot=0"));
//! loader.section::<Grpc>("grpc");
//! let error = loader.finish().err().expect("a mistake");
//! assert_eq!(
//!     error.to_string(),
//!     "error: config: unknown key `grpc.prot`\n  \
//!        from: --set\n   \
//!         fix: did you mean `grpc.port`? (valid keys in [grpc]: keepalive, port)"
//! );
//! # Ok::<(), carveout_config::ConfigError>(())
//! ```
//!
//! # Secrets
//!
//! A [`Secret`] never prints, and can be given as the path of a file that holds it. Nothing that
//! this crate prints quotes a value under a key that is a `Secret` or sounds like one (`token`,
//! `password`, `api_key`). What other people write, a policy say, has a file of its own with
//! [`FromFile`].
//!
//! # Reload
//!
//! [`Config::reload`] reads the files anew, checks every section, and only then swaps the values
//! behind the [`Live`] handles. If anything is wrong, everything stays as it was. Who wants to act
//! on a change awaits [`Live::changed`].
//!
//! # Writing a section
//!
//! Derive `Serialize` and `Deserialize`, put `#[serde(default, deny_unknown_fields)]` on the
//! struct, write durations with [`duration`]. Prefer `enabled: bool` to `Option`, so that the
//! print-out shows what there is to set. Options, enums, nested structs, maps with text as keys and
//! arrays of structs work. `#[serde(flatten)]` and untagged or internally tagged enums work less
//! well: serde buffers them, so that a mistake inside is reported for the table around it, and a
//! key that the type ignores there goes unseen unless it denies unknown fields.

mod assignment;
mod bounded;
mod coerce;
mod config;
mod explain;
mod files;
mod fingerprint;
mod from_file;
mod inputs;
mod invalid;
mod key;
mod known;
mod layer;
mod live;
mod loader;
mod merge;
mod mistake;
mod nearest;
mod origin;
mod print;
mod secret;
mod section;
mod settle;
mod sources;
mod toml_text;
mod tree;
mod walk;

/// For `#[serde(with = "carveout_config::duration")]`: a duration as text, `"250ms"` or `"1m 30s"`.
pub use humantime_serde as duration;

pub use crate::config::{Config, Reload, ReloadCounts};
pub use crate::from_file::FromFile;
pub use crate::invalid::Invalid;
pub use crate::live::Live;
pub use crate::loader::Loader;
pub use crate::mistake::{ConfigError, Mistake};
pub use crate::secret::Secret;
pub use crate::sources::Sources;
