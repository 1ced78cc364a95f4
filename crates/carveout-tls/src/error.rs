use std::fmt;
use std::io;
use std::time::SystemTime;

/// A file that TLS cannot be spoken with, and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct TlsError {
    /// Its path, as it is configured.
    pub file: String,
    /// What is wrong with it.
    pub problem: FileProblem,
}

/// What is wrong with a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileProblem {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is too large to be what it should be.
    TooLarge,
    /// It is not PEM, or what is in it is damaged.
    Damaged(String),
    /// There is no certificate in it.
    NoCertificate,
    /// There is no private key in it.
    NoKey,
    /// The private key wants a password.
    EncryptedKey,
    /// The key is not that of the certificate.
    OtherKey,
    /// The certificate has expired.
    Expired(SystemTime),
    /// The certificate is not valid yet.
    NotYetValid(SystemTime),
    /// rustls refuses it.
    Refused(rustls::Error),
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: &SystemTime| humantime::format_rfc3339_seconds(*time).to_string();
        match self {
            FileProblem::Unreadable(error) => write!(f, "cannot be read: {error}"),
            FileProblem::TooLarge => f.write_str("is larger than 1 MiB; name the right file"),
            FileProblem::Damaged(why) => write!(f, "is not a PEM file as it should be: {why}"),
            FileProblem::NoCertificate => {
                f.write_str("has no certificate; one begins with -----BEGIN CERTIFICATE-----")
            }
            FileProblem::NoKey => {
                f.write_str("has no private key; one begins with -----BEGIN PRIVATE KEY-----")
            }
            FileProblem::EncryptedKey => f.write_str(
                "has a private key that wants a password; decrypt it (openssl pkey) and protect the file",
            ),
            FileProblem::OtherKey => {
                f.write_str("is the key of another certificate than the one in certificate_file")
            }
            FileProblem::Expired(when) => write!(f, "has expired, at {}; renew it", time(when)),
            FileProblem::NotYetValid(when) => write!(
                f,
                "is not valid before {}; wait, or set this machine's clock",
                time(when)
            ),
            FileProblem::Refused(error) => write!(f, "cannot be used: {error}"),
        }
    }
}
