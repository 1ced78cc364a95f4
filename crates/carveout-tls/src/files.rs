use std::fs::File;
use std::io::Read;
use std::time::SystemTime;

use carveout_grpc::TlsConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificate::Facts;
use crate::error::{FileProblem, TlsError};

/// More than this is not PEM: somebody named the wrong file.
const LARGEST: u64 = 1 << 20;
const ENCRYPTED: &[u8] = b"BEGIN ENCRYPTED PRIVATE KEY";

/// Where everything lies.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(crate) certificate: String,
    pub(crate) key: String,
    /// Absent where nobody's certificate is asked for.
    pub(crate) ca: Option<String>,
}

impl Paths {
    pub(crate) fn of(config: &TlsConfig) -> Self {
        Self {
            certificate: config.certificate_file.clone(),
            key: config.key_file.clone(),
            ca: Some(config.ca_file.clone()).filter(|path| !path.is_empty()),
        }
    }

    /// The files as they are now.
    pub(crate) fn read(&self) -> Result<Contents, TlsError> {
        Ok(Contents {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
            ca: self.ca.as_ref().map(read).transpose()?,
        })
    }

    /// What is in them, if it can be used at this moment.
    pub(crate) fn parse(&self, contents: &Contents) -> Result<Material, TlsError> {
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let facts = match chain.first() {
            Some(own) => Facts::of(own)
                .map_err(|why| problem(&self.certificate, FileProblem::Damaged(why)))?,
            None => return Err(problem(&self.certificate, FileProblem::NoCertificate)),
        };
        let now = SystemTime::now();
        if facts.not_after < now {
            return Err(problem(
                &self.certificate,
                FileProblem::Expired(facts.not_after),
            ));
        }
        if facts.not_before > now {
            return Err(problem(
                &self.certificate,
                FileProblem::NotYetValid(facts.not_before),
            ));
        }
        let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|error| match error {
            pem::Error::NoItemsFound if is_encrypted(&contents.key) => {
                problem(&self.key, FileProblem::EncryptedKey)
            }
            pem::Error::NoItemsFound => problem(&self.key, FileProblem::NoKey),
            other => problem(&self.key, FileProblem::Damaged(other.to_string())),
        })?;
        let authorities = match (&self.ca, &contents.ca) {
            (Some(file), Some(pem)) => certificates(file, pem)?,
            _ => Vec::new(),
        };
        Ok(Material {
            chain,
            key,
            authorities,
            facts,
        })
    }
}

/// Read, and not looked at yet.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    ca: Option<Vec<u8>>,
}

/// What TLS is spoken with.
pub(crate) struct Material {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    pub(crate) facts: Facts,
}

fn read(file: &String) -> Result<Vec<u8>, TlsError> {
    let unreadable = |error| problem(file, FileProblem::Unreadable(error));
    let opened = File::open(file).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // The limit is on what is read: the metadata of a pipe or a device claims nothing.
    let mut limited = opened.take(LARGEST + 1);
    limited.read_to_end(&mut bytes).map_err(unreadable)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(problem(file, FileProblem::TooLarge)),
        false => Ok(bytes),
    }
}

fn is_encrypted(pem: &[u8]) -> bool {
    pem.windows(ENCRYPTED.len()).any(|words| words == ENCRYPTED)
}

pub(crate) fn problem(file: &str, problem: FileProblem) -> TlsError {
    TlsError {
        file: file.to_owned(),
        problem,
    }
}

fn certificates(file: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| problem(file, FileProblem::Damaged(error.to_string())))?;
    match found.is_empty() {
        true => Err(problem(file, FileProblem::NoCertificate)),
        false => Ok(found),
    }
}
