use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::access::name;

/// Makes connections confidential, and says who is at the other end. `carveout-tls` is the kit's;
/// nothing else here knows of certificates.
pub trait Secure: Send + Sync {
    /// The server's side of the handshake. The error is for the log: it says what the caller did
    /// wrong.
    fn accept(&self, tcp: TcpStream) -> Handshake<Secured>;

    /// The client's side, with the server that is named `host`.
    fn connect(&self, tcp: TcpStream, host: &str) -> Handshake<Stream>;
}

/// The `[tls]` section: what `carveout-tls` needs to know. The files are PEM, a relative path starts
/// from the working directory, and all are read again as often as `reload_interval` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// Whether the server speaks TLS, and nothing else.
    pub enabled: bool,
    /// Who this service is, to its callers and to those that it calls: its certificate, and those
    /// between that one and the CA's.
    pub certificate_file: String,
    /// The certificate's private key.
    pub key_file: String,
    /// Whom this service believes: the certificates of the CAs that vouch for its callers and for
    /// those that it calls.
    pub ca_file: String,
    /// Whether a caller has to have a certificate too (mutual TLS). Without one it has no identity.
    pub require_client_certificate: bool,
    /// How often the files are looked at.
    #[serde(with = "humantime_serde")]
    pub reload_interval: Duration,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            certificate_file: String::new(),
            key_file: String::new(),
            ca_file: String::new(),
            require_client_certificate: true,
            reload_interval: Duration::from_secs(10),
        }
    }
}

impl TlsConfig {
    /// Refuses what nobody can be served with: the key, and what it must be.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let paths = [
            ("certificate_file", &self.certificate_file, true),
            ("key_file", &self.key_file, true),
            ("ca_file", &self.ca_file, self.require_client_certificate),
        ];
        let missing = paths
            .iter()
            .find(|(_, path, needed)| self.enabled && *needed && path.is_empty());
        match missing {
            Some(("ca_file", ..)) => Err((
                "ca_file",
                "is needed to know callers by; without, set require_client_certificate = false",
            )),
            Some((key, ..)) => Err((key, "must name a PEM file")),
            None if self.reload_interval.is_zero() => {
                Err(("reload_interval", "must be above zero"))
            }
            None => Ok(()),
        }
    }
}

/// A handshake under way.
pub type Handshake<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// A connection that the handshake has made of another.
pub type Stream = Box<dyn ReadWrite>;

/// Bytes in both directions.
pub trait ReadWrite: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ReadWrite for S {}

/// What the server's handshake comes to.
pub struct Secured {
    /// The connection.
    pub stream: Stream,
    /// Who is at the other end, if that was asked and proved.
    pub identity: Option<Identity>,
}

/// Who a caller is, as a certificate that the server trusts has it: one or more names.
///
/// `spiffe://acme/billing` is a URI, `dns:billing.acme.internal` a host, `cn:billing` a common
/// name, of a certificate that has no other. A handler finds its caller's in the request:
///
/// ```
/// use carveout_grpc::Identity;
///
/// fn greet(request: &tonic::Request<()>) -> String {
///     match request.extensions().get::<Identity>() {
///         Some(caller) => format!("hello {caller}"),
///         None => "hello, whoever you are".to_owned(),
///     }
/// }
/// # assert_eq!(greet(&tonic::Request::new(())), "hello, whoever you are");
/// # let mut known = tonic::Request::new(());
/// # known.extensions_mut().insert(Identity::new(["dns:a".to_owned()]));
/// # assert_eq!(greet(&known), "hello dns:a");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(Arc<[String]>);

impl Identity {
    /// Somebody with these names, the most telling first.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// What keeps `name`, a URI or one after `dns:` or `cn:`, from being a caller's. Each caller has one
    /// spelling: hosts and schemes in lower case, nothing encoded, no `..`, and no empty part.
    ///
    /// ```
    /// use carveout_grpc::Identity;
    ///
    /// assert!(Identity::check_name("spiffe://acme/billing").is_ok());
    /// assert!(Identity::check_name("spiffe://acme/ops/../billing").is_err());
    /// ```
    ///
    /// # Errors
    /// What is wrong with it, to go after the name.
    pub fn check_name(name: &str) -> Result<(), &'static str> {
        name::check(name)
    }

    /// Every name.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

/// The first name.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.first().map_or("nameless", String::as_str))
    }
}
