//! The caller's trace: where the handler's code runs, and in what is said of the call afterwards.

use std::sync::mpsc;

use carveout_grpc::current_deadline;
use carveout_telemetry::{ServiceInfo, TelemetryConfig, TraceId};
use greeter_api::{WatchItemsRequest, WatchItemsResponse};
use tonic::Request;
use tracing::Span;

use crate::support::{Handlers, Server};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_stream_is_made_within_its_call_and_the_metrics_name_the_trace() {
    let info = ServiceInfo {
        name: "test".into(),
        version: "0".into(),
    };
    let sink = std::io::sink();
    let (dispatch, _telemetry) =
        carveout_telemetry::dispatch(&TelemetryConfig::default(), info, sink).unwrap();
    // For all tests: tracing asks whichever thread comes to a span first whether anybody wants it,
    // and that may be a thread of another test.
    tracing::dispatcher::set_global_default(dispatch).unwrap();

    let (tell, told) = mpsc::channel();
    let server = Server::start(Handlers::default().watch(move || {
        let tell = tell.clone();
        let messages = std::iter::repeat_with(move || {
            let trace_id = carveout_telemetry::trace_id(&Span::current());
            tell.send((trace_id, current_deadline())).unwrap();
            Ok(WatchItemsResponse { item: None })
        });
        Ok(tokio_stream::iter(messages.take(3)))
    }))
    .await;
    let mut request = Request::new(WatchItemsRequest {});
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01").parse().unwrap();
    request.metadata_mut().insert("traceparent", parent);
    let answer = server.raw_client().await.watch_items(request).await;
    let mut stream = answer.unwrap().into_inner();
    while stream.message().await.unwrap().is_some() {}

    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(told.len(), 3);
    let is_trace = |trace_id: Option<TraceId>| trace_id.unwrap().to_string() == TRACE;
    for (trace_id, deadline) in told {
        assert!(is_trace(trace_id), "{trace_id:?}");
        assert!(deadline.is_some());
    }
    assert!(is_trace(server.slow.list()[0].trace_id));
    let scrape = server
        .metrics
        .encode(Some("application/openmetrics-text; version=1.0.0"));
    assert!(
        scrape
            .body
            .contains(&format!("# {{trace_id=\"{TRACE}\"}} ")),
        "{}",
        scrape.body
    );
}
