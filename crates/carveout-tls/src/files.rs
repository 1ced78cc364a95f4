use std::fs;
use std::time::SystemTime;

use carveout_grpc::TlsConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificate::Facts;
use crate::error::{FileProblem, TlsError};

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
        let read = |file: &String| {
            fs::read(file).map_err(|error| problem(file, FileProblem::Unreadable(error)))
        };
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
