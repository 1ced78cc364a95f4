use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use carveout_grpc::{Handshake, Identity, Secure, Secured, Stream, TlsConfig};
use carveout_metrics::Metrics;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::certificate::Names;
use crate::error::TlsError;
use crate::reason::{Other, explained};
use crate::reload::{self, Source};
use crate::session::Session;

/// Speaks TLS on both sides with what is in the files at the moment.
pub struct Tls {
    current: Arc<ArcSwap<Session>>,
}

impl Tls {
    /// Reads the files that `config` names and looks at them again, as often as it says, for as
    /// long as this lives. `config.enabled` is not asked: who loads wants it.
    ///
    /// # Errors
    /// When a file cannot be read or used, an expired certificate included.
    ///
    /// # Panics
    /// Outside a tokio runtime: the files are looked at by a task.
    pub fn load(config: &TlsConfig, metrics: &Metrics) -> Result<Self, TlsError> {
        let (source, session) = Source::open(config, metrics)?;
        let current = Arc::new(ArcSwap::from_pointee(session));
        tokio::spawn(reload::keep(
            source,
            Arc::downgrade(&current),
            config.reload_interval,
        ));
        Ok(Self { current })
    }
}

impl From<Tls> for Arc<dyn Secure> {
    fn from(tls: Tls) -> Self {
        Arc::new(tls)
    }
}

impl Secure for Tls {
    fn accept(&self, tcp: TcpStream) -> Handshake<Secured> {
        let session = self.current.load_full();
        Box::pin(async move {
            let peer = tcp.peer_addr();
            let stream = TlsAcceptor::from(session.server.clone())
                .accept(tcp)
                .await
                .map_err(|error| explained(Other::Caller, error))?;
            let chain = stream.get_ref().1.peer_certificates();
            let names = chain.map(|chain| Names::of(chain, session.constrained));
            if let Some(names) = &names
                && !names.refused.is_empty()
                && session.may_tell()
            {
                let peer = peer.ok().map(tracing::field::display);
                tracing::warn!(peer, refused = ?names.refused, "names of a caller's certificate are not used");
            }
            Ok(Secured {
                stream: Box::new(stream),
                identity: names.map(|names| Identity::new(names.valid)),
            })
        })
    }

    fn connect(&self, tcp: TcpStream, host: &str) -> Handshake<Stream> {
        let config = self.current.load().client.clone();
        let host = ServerName::try_from(host.to_owned());
        Box::pin(async move {
            let config = config.ok_or_else(|| {
                io::Error::other("there is no ca_file, so no server can be believed")
            })?;
            let host = host.map_err(io::Error::other)?;
            let stream = TlsConnector::from(config)
                .connect(host, tcp)
                .await
                .map_err(|error| explained(Other::Server, error))?;
            Ok(Box::new(stream) as Stream)
        })
    }
}
