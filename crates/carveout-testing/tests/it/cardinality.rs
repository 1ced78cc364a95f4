//! Callers cannot make metrics grow.

use std::collections::BTreeSet;

use carveout::Channel;
use carveout_testing::TestService;
use tonic::codegen::http::uri::PathAndQuery;

use crate::rpc::{GET_ITEM, channel, get_missing_item};

/// Every series of the admin port, without its value.
async fn series(service: &TestService) -> BTreeSet<String> {
    let metrics = service.admin_get("/metrics").await.body;
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
        .collect()
}

async fn call_unknown(channel: Channel, path: String) -> tonic::Code {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let path = PathAndQuery::try_from(path).unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let answer = client.unary(tonic::Request::new(()), path, codec).await;
    answer.unwrap_err().code()
}

#[tokio::test]
async fn a_caller_who_makes_up_methods_makes_no_series() {
    let service = TestService::start(greeter::ABOUT, greeter::start).await;
    get_missing_item(service.grpc_addr()).await;
    let before = series(&service).await;
    for n in 0..200 {
        let path = format!("/made.up.Service{n}/Method{n}");
        let code = call_unknown(channel(service.grpc_addr()), path).await;
        assert_eq!(code, tonic::Code::Unimplemented);
    }
    let after = series(&service).await;
    let new: Vec<_> = after.difference(&before).collect();
    let other = r#"rpc_method="_OTHER",rpc_response_status_code="UNIMPLEMENTED""#;
    assert!(new.iter().all(|series| series.contains(other)), "{new:?}");
    let name = |series: &&&String| series.starts_with("rpc_server_call_duration_seconds_count{");
    assert_eq!(new.iter().filter(name).count(), 1, "{new:?}");
    // As many lines as one method with one outcome has: its buckets, sum and count.
    let of_get = |series: &&String| {
        series.contains(GET_ITEM) && series.starts_with("rpc_server_call_duration_seconds")
    };
    assert_eq!(new.len(), before.iter().filter(of_get).count());
    let metrics = service.admin_get("/metrics").await.body;
    let started = r#"grpc_server_call_started_total{grpc_method="_OTHER"} 200"#;
    assert!(metrics.lines().any(|line| line == started), "{metrics}");
    service.stop().await;
}
