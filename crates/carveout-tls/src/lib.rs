//! TLS and mutual TLS for [`carveout_grpc`], with rustls.
//!
//! [`Tls::load`] reads a certificate, its key and the CAs to believe, and goes on looking at the
//! files: a renewed certificate serves the next connection, and those that are open stay as they
//! are. Files that cannot be used change nothing; they are reported in the log and counted.
//!
//! ```no_run
//! use carveout_grpc::{Stack, TlsConfig};
//! use carveout_metrics::Metrics;
//! use carveout_tls::{Tls, TlsError};
//!
//! # async fn secure(stack: Stack, metrics: Metrics) -> Result<Stack, TlsError> {
//! let config = TlsConfig {
//!     certificate_file: "/etc/tls/tls.crt".into(),
//!     key_file: "/etc/tls/tls.key".into(),
//!     ca_file: "/etc/tls/ca.crt".into(),
//!     ..TlsConfig::default()
//! };
//! let tls = Tls::load(&config, &metrics)?;
//! Ok(stack.secured_by(tls.into()))
//! # }
//! ```
//!
//! | metric | labels | |
//! |---|---|---|
//! | `tls_certificate_expiry_timestamp_seconds` | | when the certificate in use expires |
//! | `tls_reloads_total` | outcome | changed files that are in use (`applied`) and that cannot be (`rejected`) |
//!
//! A [`Secure`](carveout_grpc::Secure) of this crate serves with TLS 1.2 and 1.3 and rustls' own
//! choice of ciphers, by *ring*, and speaks HTTP/2 alone. A caller's
//! [`Identity`](carveout_grpc::Identity) is what its certificate names: URIs, then DNS names, then
//! the common name.

mod certificate;
mod error;
mod files;
mod reason;
mod reload;
mod session;
mod tls;

pub use error::{FileProblem, TlsError};
pub use tls::Tls;
