//! Uploads that their callers stop in the middle, each client in its own way: no handler may take half
//! for the whole, and none is a fault of the server.
//!
//! `cargo xtask test` runs these once more without the rest of the workspace, whose tests switch on
//! features of tonic that no service has.

use std::process::Stdio;
use std::time::Duration;

use carveout::{Boot, Live, Routes};
use carveout_testing::TestService;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::mpsc;
use tonic::Code;

use crate::foreign::script;
use crate::frames::{Attacker, DATA, END_HEADERS, HEADERS, RST_STREAM, frame};
use crate::tools::{self, PATIENCE, eventually};
use crate::upload::{self, METHOD, Seen, Upload, message};

struct Uploading {
    service: TestService,
    seen: mpsc::Receiver<Seen>,
}

impl Uploading {
    async fn start() -> Self {
        let (upload, seen) = Upload::detached();
        let start = |_: Boot, _: Live<greeter::Config>| async {
            Ok(Routes::new().add(upload, upload::descriptors()))
        };
        let set = ["lifecycle.lame_duck=0s", "lifecycle.drain_timeout=1s"];
        let service = TestService::start_with(greeter::ABOUT, &set, start).await;
        Self { service, seen }
    }

    async fn next(&mut self) -> Seen {
        let next = tokio::time::timeout(PATIENCE, self.seen.recv()).await;
        next.expect("the handler sees nothing").unwrap()
    }

    /// That the handler gets an error, and the call counts as one that its caller has cancelled.
    async fn ends_cancelled(mut self, what: &str) {
        assert_eq!(self.next().await, Seen::Error(Code::Aborted), "{what}");
        let of = format!(r#"rpc_method="{METHOD}",rpc_response_status_code="#);
        let counted = eventually("the call's count", async || {
            let scrape = self.service.admin_get("/metrics").await.body;
            let count = scrape.lines().find(|line| {
                line.starts_with("rpc_server_call_duration_seconds_count") && line.contains(&of)
            });
            count.map(str::to_owned)
        });
        let counted = counted.await;
        assert!(
            counted.contains(r#"code="CANCELLED"} 1"#),
            "{what}: {counted}"
        );
        self.service.stop().await;
    }
}

#[tokio::test]
async fn uploads_that_are_reset_by_hand() {
    for code in [0u32, 1, 2, 7, 8, 11] {
        let mut uploading = Uploading::start().await;
        let mut peer = Attacker::connect(uploading.service.grpc_addr()).await;
        let begin = [
            frame(HEADERS, END_HEADERS, 1, &upload::head()),
            frame(DATA, 0, 1, &message("half")),
        ];
        peer.0.write_all(&begin.concat()).await.unwrap();
        assert_eq!(uploading.next().await, Seen::Message("half".into()));
        let reset = frame(RST_STREAM, 0, 1, &code.to_be_bytes());
        peer.0.write_all(&reset).await.unwrap();
        uploading
            .ends_cancelled(&format!("RST_STREAM({code})"))
            .await;
    }
}

/// Has `client` begin an upload and stop it `how`.
async fn stopped_by(mut client: Command, how: &str) {
    let mut uploading = Uploading::start().await;
    let mut client = client
        .args([&uploading.service.grpc_addr().to_string(), how])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(
        uploading.next().await,
        Seen::Message("half".into()),
        "{how}"
    );
    let mut go = client.stdin.take().unwrap();
    if how == "kill" {
        client.kill().await.unwrap();
    } else {
        go.write_all(b"go\n").await.unwrap();
    }
    uploading.ends_cancelled(how).await;
    let _ = tokio::time::timeout(Duration::from_secs(5), client.wait()).await;
}

#[tokio::test]
async fn uploads_that_node_stops() {
    for how in ["destroy", "exit", "kill"] {
        let Some(mut node) = tools::node("@grpc/grpc-js") else {
            return;
        };
        node.arg(script("upload.js"));
        stopped_by(node, how).await;
    }
}

#[tokio::test]
async fn uploads_that_python_stops() {
    for (how, module) in [("grpclib", "grpclib"), ("grpcio", "grpc")] {
        let Some(mut python) = tools::python(module) else {
            continue;
        };
        python.arg(script("upload.py"));
        stopped_by(python, how).await;
    }
}
