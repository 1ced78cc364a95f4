use std::time::{Duration, SystemTime};

use carveout_grpc::Identity;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// What the kit wants to know of a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) identity: Identity,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

impl Facts {
    /// The error is the parser's own.
    pub(crate) fn of(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        let validity = certificate.validity();
        Ok(Self {
            identity: Identity::new(names(&certificate)),
            not_before: time(validity.not_before),
            not_after: time(validity.not_after),
        })
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names);
    let (mut uris, mut hosts) = (Vec::new(), Vec::new());
    for name in alternative {
        match name {
            // Nobody may pass for a host or a common name by way of a URI.
            GeneralName::URI(uri) if uri.contains("://") && !is_prefixed(uri) => {
                uris.push((*uri).to_owned());
            }
            GeneralName::DNSName(host) => hosts.push(format!("dns:{}", host.to_ascii_lowercase())),
            _ => {}
        }
    }
    let common = certificate
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok());
    let common = common.map(|name| format!("cn:{name}"));
    uris.into_iter().chain(hosts).chain(common).collect()
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
