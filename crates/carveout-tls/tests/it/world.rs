//! The golden contract behind TLS, and callers of it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use carveout_grpc::{
    Channel, ClientConfig, Identity, Routes, Secure, ServerConfig, SlowCalls, Stack, StackOptions,
    TlsConfig,
};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use carveout_tls::Tls;
use greeter_api as api;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt, wrappers::WatchStream};
use tonic::{Request, Response, Status};

use crate::authority::{Authority, Issued};
use crate::log;

/// Files in a folder, and the configuration that names them.
pub(crate) struct Files {
    dir: TempDir,
}

impl Files {
    pub(crate) fn new(own: &Issued, ca: &Authority) -> Self {
        let files = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        files.write("ca.crt", &ca.pem);
        files.write("tls.key", &own.key);
        files.write("tls.crt", &own.certificate);
        files
    }

    /// As Kubernetes does: another file under the old name.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let new = self.path("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.path(name)).unwrap();
    }

    fn path(&self, name: &str) -> String {
        let path: &Path = self.dir.path();
        path.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn config(&self) -> TlsConfig {
        TlsConfig {
            enabled: true,
            certificate_file: self.path("tls.crt"),
            key_file: self.path("tls.key"),
            ca_file: self.path("ca.crt"),
            reload_interval: Duration::from_millis(5),
            ..TlsConfig::default()
        }
    }
}

/// Says who calls, and streams what it is told to.
struct Handlers {
    told: watch::Receiver<u32>,
}

type Watching =
    std::pin::Pin<Box<dyn Stream<Item = Result<api::WatchItemsResponse, Status>> + Send>>;

fn item(id: String, title: String) -> api::Item {
    api::Item {
        id,
        title,
        create_time: None,
    }
}

#[tonic::async_trait]
impl api::Service for Handlers {
    async fn get_item(
        &self,
        request: Request<api::GetItemRequest>,
    ) -> Result<Response<api::GetItemResponse>, Status> {
        let caller = request.extensions().get::<Identity>();
        let names = caller.map_or(String::new(), |caller| caller.names().join(" "));
        let item = Some(item(String::new(), names));
        Ok(Response::new(api::GetItemResponse { item }))
    }

    async fn create_item(
        &self,
        _: Request<api::CreateItemRequest>,
    ) -> Result<Response<api::CreateItemResponse>, Status> {
        Ok(Response::new(api::CreateItemResponse::default()))
    }

    async fn list_items(
        &self,
        _: Request<api::ListItemsRequest>,
    ) -> Result<Response<api::ListItemsResponse>, Status> {
        Ok(Response::new(api::ListItemsResponse::default()))
    }

    type WatchItemsStream = Watching;

    async fn watch_items(
        &self,
        _: Request<api::WatchItemsRequest>,
    ) -> Result<Response<Watching>, Status> {
        let told = WatchStream::new(self.told.clone());
        let answers = told.map(|number| {
            let item = Some(item(number.to_string(), String::new()));
            Ok(api::WatchItemsResponse { item })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) tell: watch::Sender<u32>,
    pub(crate) stack: Stack,
    metrics: Metrics,
}

pub(crate) fn metrics() -> Metrics {
    Metrics::new(BuildInfo {
        service: "test".into(),
        version: "0".into(),
        commit: "0".into(),
    })
}

impl Server {
    pub(crate) async fn start(tls: &TlsConfig) -> Self {
        log::keep();
        let config = ServerConfig {
            host: "127.0.0.1".into(),
            port: 0,
            preface_timeout: Duration::from_millis(500),
            ..ServerConfig::default()
        };
        let (tell, told) = watch::channel(0);
        let (health, metrics) = (Health::new(), metrics());
        let options = StackOptions {
            service: "test".into(),
            health: health.clone(),
            metrics: metrics.clone(),
            slow: SlowCalls::default(),
            overload: carveout_grpc::OverloadConfig::default(),
        };
        let routes = Routes::new().add(api::server(Handlers { told }), api::FILE_DESCRIPTOR_SET);
        let tls = Tls::load(tls, &metrics).unwrap();
        let stack = Stack::new(routes, &config, options)
            .unwrap()
            .secured_by(tls.into());
        let listener = carveout_grpc::bind(&config).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let served = stack.clone();
        tokio::spawn(async move {
            let for_ever = std::future::pending();
            carveout_grpc::serve(listener, served, &config, Duration::ZERO, for_ever).await
        });
        health.enter(Phase::Serving);
        Self {
            addr,
            tell,
            stack,
            metrics,
        }
    }

    /// The value of a metric, by the beginning of its line.
    pub(crate) fn metric(&self, line: &str) -> f64 {
        let scrape = self.metrics.encode(None).body;
        let found = scrape.lines().find_map(|found| found.strip_prefix(line));
        found.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// Waits until a metric has a value.
    pub(crate) async fn until(&self, line: &str, value: f64) {
        let begun = std::time::Instant::now();
        while self.metric(line) != value {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "{line} {}",
                self.metric(line)
            );
            tokio::task::yield_now().await;
        }
    }

    /// A client that believes `ca` and is `own`.
    pub(crate) fn client(&self, own: &Issued, ca: &Authority) -> Client {
        client_to(self.addr, own, ca)
    }
}

pub(crate) type Client = api::Client<Channel>;

pub(crate) fn client_to(addr: SocketAddr, own: &Issued, ca: &Authority) -> Client {
    let tls: Arc<dyn Secure> = Tls::load(&Files::new(own, ca).config(), &metrics())
        .unwrap()
        .into();
    let target = format!("https://localhost:{}", addr.port());
    api::Client::new(Channel::secured(&ClientConfig::to(target), tls).unwrap())
}

pub(crate) async fn whoami(client: &mut Client) -> Result<String, Status> {
    let answer = client.get_item(api::GetItemRequest::default()).await?;
    Ok(answer.into_inner().item.unwrap_or_default().title)
}
