//! A real Prometheus scrapes the admin port.

use std::net::SocketAddr;
use std::process::Stdio;

use carveout_testing::TestService;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::process::Greeter;
use crate::rpc::{GET_ITEM, TRACE, get_missing_item};
use crate::talking::Talking;
use crate::tools::{PATIENCE, eventually, everything, program};

/// Asks Prometheus' HTTP API; `None` while it does not answer well.
async fn ask(api: SocketAddr, path: &str, query: &str) -> Option<Value> {
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let mut stream = TcpStream::connect(api).await.ok()?;
    let request = format!("GET /api/v1/{path}?query={query} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}

/// The values of a query, one for each series.
async fn values(api: SocketAddr, query: &str) -> Option<Vec<Value>> {
    let answer = ask(api, "query", query).await?;
    let series = answer["data"]["result"].as_array()?;
    Some(series.iter().map(|one| one["value"][1].clone()).collect())
}

#[tokio::test]
async fn prometheus_scrapes_counts_and_exemplars() {
    let Some(mut prometheus) = program("prometheus") else {
        return;
    };
    let greeter = Greeter::start(&[]).await;
    for _ in 0..3 {
        get_missing_item(greeter.grpc).await;
    }

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("prometheus.yml");
    let config = json!({
        "global": { "scrape_interval": "1s" },
        "scrape_configs": [{
            "job_name": "greeter",
            "static_configs": [{ "targets": [greeter.admin] }],
        }],
    });
    std::fs::write(&file, config.to_string()).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = free.local_addr().unwrap();
    drop(free);
    prometheus
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--web.listen-address={api}"))
        .arg(format!(
            "--storage.tsdb.path={}",
            dir.path().join("tsdb").display()
        ))
        .arg("--enable-feature=exemplar-storage");
    let _prometheus = Talking::start(prometheus);

    let up = async || values(api, "up").await.filter(|up| *up == ["1"]);
    eventually("up == 1", up).await;
    let count = "rpc_server_call_duration_seconds_count";
    let of = format!(r#"{{rpc_method="{GET_ITEM}",rpc_response_status_code="NOT_FOUND"}}"#);
    let counted = async || {
        values(api, &format!("{count}{of}"))
            .await
            .filter(|all| !all.is_empty())
    };
    assert_eq!(eventually(count, counted).await, ["3"]);
    // The trace of a call that took so long, one click away from the graph.
    let bucket = format!("rpc_server_call_duration_seconds_bucket{of}");
    let exemplars = async || {
        let answer = ask(api, "query_exemplars", &bucket).await?;
        answer["data"][0]["exemplars"].as_array().cloned()
    };
    let exemplars = eventually("an exemplar", exemplars).await;
    assert_eq!(exemplars[0]["labels"]["trace_id"], TRACE);
}

#[tokio::test]
async fn promtool_has_nothing_to_say() {
    let Some(mut promtool) = program("promtool") else {
        return;
    };
    let service = TestService::start(greeter::ABOUT, greeter::start).await;
    get_missing_item(service.grpc_addr()).await;
    let metrics = service.admin_get("/metrics").await.body;
    assert!(metrics.contains(GET_ITEM), "{metrics}");
    let mut checked = promtool
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = checked.stdin.take().unwrap();
    stdin.write_all(metrics.as_bytes()).await.unwrap();
    drop(stdin);
    let checked = tokio::time::timeout(PATIENCE, checked.wait_with_output());
    let checked = checked.await.unwrap().unwrap();
    let said = everything(&checked);
    assert!(
        checked.status.success() && said.is_empty(),
        "{said}\n{metrics}"
    );
    service.stop().await;
}
