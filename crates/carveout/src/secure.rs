//! TLS, where the service was built with it.

use std::sync::Arc;

use carveout_grpc::{Secure, TlsConfig};
use carveout_metrics::Metrics;

use crate::service::BoxError;

/// What connections are made with: nothing, unless the configuration says otherwise.
#[cfg(feature = "tls")]
pub(crate) fn load(
    config: &TlsConfig,
    metrics: &Metrics,
) -> Result<Option<Arc<dyn Secure>>, BoxError> {
    if !config.enabled {
        return Ok(None);
    }
    let tls = carveout_tls::Tls::load(config, metrics)?;
    Ok(Some(tls.into()))
}

#[cfg(not(feature = "tls"))]
pub(crate) fn load(config: &TlsConfig, _: &Metrics) -> Result<Option<Arc<dyn Secure>>, BoxError> {
    match config.enabled {
        false => Ok(None),
        true => Err(
            "tls.enabled is true, and this binary was built without TLS: \
                     build it with --features production, as its image is, or with the \
                     feature tls of carveout"
                .into(),
        ),
    }
}
