//! Calls that harm by what is in them, or by when they are made.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use carveout_grpc::{Channel, ClientConfig, code_name};
use greeter_api::greeter_service_client::GreeterServiceClient;
use greeter_api::{CreateItemRequest, GetItemRequest, WatchItemsRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{LATE, all, told};
use crate::frames::*;
use crate::process::Server;

pub(super) async fn oversized(server: &Server) -> String {
    let addr = server.addr;
    let ends = all(20, move |_| async move {
        let id = "x".repeat(64 << 20);
        match client(addr).get_item(GetItemRequest { id }).await {
            Ok(_) => "ANSWERED".to_owned(),
            Err(status) => format!("of 64 MiB {}", code_name(status.code())),
        }
    });
    told(ends.await)
}

pub(super) async fn compression_bombs(server: &Server) -> String {
    let addr = server.addr;
    // 50 MB of nothing, in as much as a window takes at once.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![0; 50 << 20]).expect("a bomb");
    let bomb = gzip.finish().expect("a bomb");
    let refused = r#"rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="acme.greeter.v1.GreeterService/GetItem",rpc_response_status_code="RESOURCE_EXHAUSTED"}"#;
    let before = server.metric(refused);
    let ends = all(50, move |_| {
        let mut message = vec![1];
        message.extend((bomb.len() as u32).to_be_bytes());
        message.extend(&bomb);
        async move {
            let mut attacker = Attacker::connect(addr).await;
            let head = head_of("GetItem", &[("grpc-encoding", "gzip")]);
            let mut call = frame(HEADERS, END_HEADERS, 1, &head);
            for part in message.chunks(16_000) {
                call.extend(frame(DATA, 0, 1, part));
            }
            call.extend(frame(DATA, END_STREAM, 1, &[]));
            attacker.0.write_all(&call).await.expect("a call");
            let (begun, mut said) = (Instant::now(), Vec::new());
            let mut buffer = vec![0; 4096];
            while begun.elapsed() < LATE && !contains_headers(&said) {
                match attacker.0.read(&mut buffer).await {
                    Ok(read) if read > 0 => said.extend_from_slice(&buffer[..read]),
                    _ => return "cut".to_owned(),
                }
            }
            "answered".to_owned()
        }
    });
    let ends = told(ends.await);
    format!(
        "{ends}; {} RESOURCE_EXHAUSTED, none unpacked beyond the limit",
        server.metric(refused) - before
    )
}

pub(super) async fn panics(server: &Server) -> String {
    let addr = server.addr;
    let mut codes = BTreeMap::new();
    let mut client = client(addr);
    for _ in 0..5000 {
        let answer = client.create_item(CreateItemRequest::default()).await;
        let code = answer.map_or_else(|status| code_name(status.code()), |_| "OK");
        *codes
            .entry(format!("calls {code}, on one connection"))
            .or_default() += 1;
    }
    told(codes)
}

pub(super) async fn clock_jumps(server: &Server) -> String {
    let addr = server.addr;
    let mut took = Vec::new();
    for jump in [3600, -3600, 86_400, 0] {
        let begun = Instant::now();
        let mut request = tonic::Request::new(WatchItemsRequest {});
        request.set_timeout(Duration::from_millis(1500));
        let mut slow = client(addr);
        let call = async {
            let mut items = slow
                .watch_items(request)
                .await
                .expect("a stream")
                .into_inner();
            // Read slowly, so that it is the deadline that ends it.
            while let Ok(Some(_)) = items.message().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let jumped = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.set_clock(jump);
        };
        tokio::join!(call, jumped);
        took.push(format!("{:.1}", begun.elapsed().as_secs_f64()));
    }
    format!(
        "jumps of +1 h, -2 h, +25 h, -24 h: calls with a deadline of 1.5 s took {} s",
        took.join(", ")
    )
}

fn client(addr: SocketAddr) -> GreeterServiceClient<Channel> {
    let config = ClientConfig {
        timeout: Duration::from_secs(5),
        ..ClientConfig::to(format!("http://{addr}"))
    };
    GreeterServiceClient::new(Channel::new(&config).expect("an address"))
}
