use std::fs;
use std::sync::Arc;

use carveout_grpc::{Secure, TlsConfig};
use carveout_metrics::Metrics;
use carveout_tls::Tls;
use tempfile::TempDir;

use crate::contract::TlsCreds;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// TLS with what a suite hands over in messages, and the files that it lies in meanwhile. They are
/// read once.
///
/// `identity` defaults to a self-signed certificate. Without a CA no client certificate is required.
pub fn tls(
    identity: Option<&TlsCreds>,
    ca: &[u8],
    metrics: &Metrics,
) -> Result<(Arc<dyn Secure>, TempDir), Error> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str, content: &[u8]| -> Result<String, Error> {
        let path = folder.path().join(name);
        fs::write(&path, content)?;
        Ok(path
            .to_str()
            .ok_or("the folder of temporary files is not UTF-8")?
            .to_owned())
    };
    let anonymous;
    let identity = match identity {
        Some(identity) => identity,
        None => {
            let own = rcgen::generate_simple_self_signed(["anonymous".to_owned()])?;
            anonymous = TlsCreds {
                cert: own.cert.pem().into_bytes(),
                key: own.signing_key.serialize_pem().into_bytes(),
            };
            &anonymous
        }
    };
    let config = TlsConfig {
        enabled: true,
        certificate_file: file("certificate.pem", &identity.cert)?,
        key_file: file("key.pem", &identity.key)?,
        ca_file: if ca.is_empty() {
            String::new()
        } else {
            file("ca.pem", ca)?
        },
        require_client_certificate: !ca.is_empty(),
        ..TlsConfig::default()
    };
    Ok((Tls::load(&config, metrics)?.into(), folder))
}
