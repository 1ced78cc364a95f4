//! Proxies in front of the golden service, with the files of `docs/rolling-restarts`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use greeter_api as api;
use tempfile::TempDir;
use tokio::process::Command;

use crate::rpc::channel;
use crate::talking::Talking;
use crate::tools::{eventually, program, repository};

/// A proxy that answers calls.
pub(crate) struct Proxy {
    _process: Talking,
    _dir: TempDir,
    pub(crate) addr: SocketAddr,
}

impl Proxy {
    /// nginx in front of instances on these ports; `None` where it is not installed.
    pub(crate) async fn nginx(instances: [u16; 2]) -> Option<Self> {
        let mut nginx = program("nginx")?;
        let (dir, addr) = (tempfile::tempdir().unwrap(), loopback(lasting_port()));
        let [one, two] = instances.map(loopback);
        let site = documented(
            "nginx.conf",
            &[
                ("listen 8080 ", format!("listen {addr} ")),
                ("server greeter-1:25450 ", format!("server {one} ")),
                ("server greeter-2:25450 ", format!("server {two} ")),
            ],
        );
        // One process, so that none is left over when it is killed; and nothing outside of the folder.
        let around = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr info;
             events {{}}
             http {{
                 access_log off;
                 client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                 uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                 {site}
             }}"
        );
        let file = dir.path().join("nginx.conf");
        std::fs::write(&file, around).unwrap();
        nginx.arg("-p").arg(dir.path()).arg("-c").arg(&file);
        nginx.args(["-e", "stderr"]);
        Some(Self::start(nginx, dir, addr).await)
    }

    /// Envoy in front of instances on these ports; `None` where it is not installed.
    pub(crate) async fn envoy(instances: [u16; 2]) -> Option<Self> {
        let mut envoy = program("envoy")?;
        let (dir, addr) = (tempfile::tempdir().unwrap(), loopback(lasting_port()));
        let there = |port| format!("address: 127.0.0.1, port_value: {port} ");
        let [one, two] = instances.map(there);
        let config = documented(
            "envoy.yaml",
            &[
                ("address: 0.0.0.0, port_value: 8080 ", there(addr.port())),
                ("address: greeter-1, port_value: 25450 ", one),
                ("address: greeter-2, port_value: 25450 ", two),
            ],
        );
        let file = dir.path().join("envoy.yaml");
        std::fs::write(&file, config).unwrap();
        envoy.arg("--config-path").arg(&file);
        // Two of them on one machine would look for each other.
        envoy.args(["--disable-hot-restart", "--concurrency", "2"]);
        envoy.args(["--log-level", "warning"]);
        Some(Self::start(envoy, dir, addr).await)
    }

    async fn start(command: Command, dir: TempDir, addr: SocketAddr) -> Self {
        let process = Talking::start(command);
        let answers = async || {
            let mut client = api::Client::new(channel(addr));
            client
                .list_items(api::ListItemsRequest::default())
                .await
                .ok()
        };
        eventually("the proxy answers", answers).await;
        Self {
            _process: process,
            _dir: dir,
            addr,
        }
    }
}

/// A file that users copy, with what is different here. Each of those has to be there once.
fn documented(name: &str, here: &[(&str, String)]) -> String {
    let file = repository().join("docs/rolling-restarts").join(name);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
    here.iter().fold(text, |text, (theirs, ours)| {
        assert_eq!(text.matches(theirs).count(), 1, "{theirs:?} in {name}");
        text.replace(theirs, ours)
    })
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A port that is free, and stays so while its owner restarts: it is below those that the system
/// gives to outgoing connections and to whoever asks for any, and above the services' own.
pub(crate) fn lasting_port() -> u16 {
    const FIRST: u16 = 30_000;
    const PORTS: u16 = 2_700;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Other processes that run these tests begin elsewhere.
    let begin = (std::process::id() % u32::from(PORTS)) as u16;
    (0..PORTS)
        .map(|_| NEXT.fetch_add(1, Ordering::Relaxed))
        .map(|next| FIRST + begin.wrapping_add(next) % PORTS)
        .find(|port| TcpListener::bind(loopback(*port)).is_ok())
        .expect("a free port")
}
