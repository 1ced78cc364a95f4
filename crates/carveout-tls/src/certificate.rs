use std::time::{Duration, SystemTime};

use carveout_grpc::Identity;
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// What the kit wants to know of a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// For the log: whose it is.
    pub(crate) identity: Identity,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

impl Facts {
    /// The error is the parser's own.
    pub(crate) fn of(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        let validity = certificate.validity();
        let mut names = Names::default();
        names.read(&certificate, false);
        Ok(Self {
            identity: Identity::new(names.valid),
            not_before: time(validity.not_before),
            not_after: time(validity.not_after),
        })
    }
}

/// The caller names in a certificate, and the ones that were rejected.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) valid: Vec<String>,
    /// Each with the reason.
    pub(crate) refused: Vec<(String, &'static str)>,
}

impl Names {
    /// Of the first certificate of a chain that was verified. With `constrained` a CA that may be above
    /// the chain has name constraints.
    pub(crate) fn of(chain: &[CertificateDer<'_>], constrained: bool) -> Self {
        let mut names = Self::default();
        let Some((own, above)) = chain.split_first() else {
            return names;
        };
        // It was verified, so it can be read.
        if let Ok((_, certificate)) = X509Certificate::from_der(own) {
            let constrained = constrained || above.iter().any(|it| is_constrained(it));
            names.read(&certificate, constrained);
        }
        names
    }

    fn read(&mut self, certificate: &X509Certificate<'_>, constrained: bool) {
        let alternative = match certificate.subject_alternative_name() {
            Ok(Some(extension)) => &extension.value.general_names,
            // Name constraints do not apply to common names, and subject alternative names take precedence.
            Ok(None) if constrained => return,
            Ok(None) => return self.read_common_name(certificate),
            Err(_) => return self.refuse("the subject alternative names", "cannot be read"),
        };
        // URIs are the most telling.
        for name in alternative {
            match name {
                // A URI must not be mistaken for a host or a common name.
                GeneralName::URI(uri) if is_prefixed(uri) => self.refuse(uri, "is no URI with ://"),
                GeneralName::URI(uri) => self.add((*uri).to_owned()),
                GeneralName::Invalid(_, bytes) => {
                    self.refuse(&String::from_utf8_lossy(bytes), "is not text");
                }
                _ => {}
            }
        }
        for name in alternative {
            if let GeneralName::DNSName(host) = name {
                self.add(format!("dns:{host}"));
            }
        }
    }

    fn read_common_name(&mut self, certificate: &X509Certificate<'_>) {
        let mut common = certificate.subject().iter_common_name();
        match (common.next(), common.next()) {
            (Some(name), None) => match name.as_str() {
                Ok(name) => self.add(format!("cn:{name}")),
                Err(_) => self.refuse("the common name", "is not text"),
            },
            (None, _) => {}
            (Some(_), Some(_)) => self.refuse("the common name", "is one of several"),
        }
    }

    fn add(&mut self, name: String) {
        match Identity::check_name(&name) {
            Ok(()) => self.valid.push(name),
            Err(why) => self.refuse(&name, why),
        }
    }

    fn refuse(&mut self, name: &str, why: &'static str) {
        self.refused.push((name.escape_debug().to_string(), why));
    }
}

/// Whether a certificate has name constraints, or may have: one that cannot be read does.
pub(crate) fn is_constrained(der: &[u8]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return true;
    };
    !matches!(certificate.name_constraints(), Ok(None))
}

fn is_prefixed(uri: &str) -> bool {
    uri.starts_with("dns:") || uri.starts_with("cn:")
}

fn time(time: ASN1Time) -> SystemTime {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    match seconds >= 0 {
        true => SystemTime::UNIX_EPOCH + distance,
        false => SystemTime::UNIX_EPOCH - distance,
    }
}
