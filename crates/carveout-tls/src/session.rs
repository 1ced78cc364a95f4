use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::certificate::is_constrained;
use crate::error::{FileProblem, TlsError};
use crate::files::{Material, Paths, problem};

/// gRPC is HTTP/2 and nothing else.
const PROTOCOL: &[u8] = b"h2";

/// What the next handshake is done with, on either side.
pub(crate) struct Session {
    pub(crate) server: Arc<ServerConfig>,
    /// Absent without a CA: there is no server to believe.
    pub(crate) client: Option<Arc<ClientConfig>>,
    /// Whether one of the CAs has name constraints.
    pub(crate) constrained: bool,
    /// When names were last refused.
    told: Mutex<Option<Instant>>,
}

/// How often the log tells of names that are refused, at most.
const TELL_INTERVAL: Duration = Duration::from_secs(1);

impl Session {
    pub(crate) fn new(
        paths: &Paths,
        material: Material,
        require_client_certificate: bool,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let of_certificate = |error| problem(&paths.certificate, FileProblem::Refused(error));
        let of_key = |error| match error {
            rustls::Error::InconsistentKeys(_) => problem(&paths.key, FileProblem::OtherKey),
            other => problem(&paths.key, FileProblem::Refused(other)),
        };
        let roots = roots(paths, &material)?;
        let constrained = material.authorities.iter().any(|it| is_constrained(it));

        let client = match &roots {
            Some(roots) => {
                let builder = ClientConfig::builder_with_provider(provider.clone())
                    .with_safe_default_protocol_versions()
                    .map_err(of_certificate)?
                    .with_root_certificates(roots.clone());
                let (chain, key) = (material.chain.clone(), material.key.clone_key());
                let mut config = builder.with_client_auth_cert(chain, key).map_err(of_key)?;
                config.alpn_protocols = vec![PROTOCOL.to_vec()];
                Some(Arc::new(config))
            }
            None => None,
        };

        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(of_certificate)?;
        let builder = match roots.filter(|_| require_client_certificate) {
            Some(roots) => builder.with_client_cert_verifier(verifier(paths, roots, provider)?),
            None => builder.with_no_client_auth(),
        };
        let mut server = builder
            .with_single_cert(material.chain, material.key)
            .map_err(of_key)?;
        server.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self {
            server: Arc::new(server),
            client,
            constrained,
            told: Mutex::default(),
        })
    }

    /// Whether it is time to tell of refused names again: a caller that reconnects must not fill the log.
    pub(crate) fn may_tell(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.is_none_or(|told| told.elapsed() >= TELL_INTERVAL);
        if due {
            *told = Some(Instant::now());
        }
        due
    }
}

fn verifier(
    paths: &Paths,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsError> {
    WebPkiClientVerifier::builder_with_provider(roots, provider)
        .build()
        .map_err(|error| {
            let file = paths.ca.as_deref().unwrap_or_default();
            problem(file, FileProblem::Damaged(error.to_string()))
        })
}

fn roots(paths: &Paths, material: &Material) -> Result<Option<Arc<RootCertStore>>, TlsError> {
    let Some(file) = &paths.ca else {
        return Ok(None);
    };
    let mut roots = RootCertStore::empty();
    for authority in &material.authorities {
        roots
            .add(authority.clone())
            .map_err(|error| problem(file, FileProblem::Refused(error)))?;
    }
    Ok(Some(Arc::new(roots)))
}
