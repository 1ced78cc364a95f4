//! Both instances of the golden service are restarted, one after the other and again, behind a real
//! proxy and under load, and no call fails.

use std::time::Duration;

use greeter_api as api;

use crate::load::Load;
use crate::process::Greeter;
use crate::proxy::{Proxy, lasting_port};
use crate::rpc::channel;
use crate::tools::eventually;

const LIST_ITEMS: &str = "acme.greeter.v1.GreeterService/ListItems";
const WATCH_ITEMS: &str = "acme.greeter.v1.GreeterService/WatchItems";
/// Calls that an instance has answered when it counts as one of the two.
const SERVES: u64 = 50;

/// On the port that it had before, and with the lame duck that the proxies' files ask for.
///
/// It has items of its own for a watch to tell of. nginx tries an instance that is back with one call
/// alone, and when that is a watch, nothing is created there while it lasts.
async fn greeter(port: u16) -> Greeter {
    let port = format!("grpc.port={port}");
    let greeter = Greeter::start(&[&port, "lifecycle.lame_duck=1500ms"]).await;
    let mut client = api::Client::new(channel(greeter.grpc));
    for request_id in ["one", "two", "three"] {
        let request = api::CreateItemRequest {
            request_id: request_id.into(),
            title: "there from the start".into(),
        };
        client.create_item(request).await.unwrap();
    }
    greeter
}

/// Waits until the proxy gives an instance its share of the load, a watch among it.
async fn serves(greeter: &Greeter) {
    let enough = async || {
        let enough =
            greeter.answered(LIST_ITEMS).await >= SERVES && greeter.underway(WATCH_ITEMS).await > 0;
        enough.then_some(())
    };
    eventually("the instance answers calls", enough).await;
}

async fn restarts_lose_nothing(proxy: impl AsyncFnOnce([u16; 2]) -> Option<Proxy>) {
    let ports = [lasting_port(), lasting_port()];
    let mut instances = [greeter(ports[0]).await, greeter(ports[1]).await];
    let Some(proxy) = proxy(ports).await else {
        return;
    };
    let Some(mut load) = Load::start(proxy.addr, Duration::from_secs(25)) else {
        return;
    };
    for instance in &instances {
        serves(instance).await;
    }
    for turn in [0, 1, 0, 1] {
        let instance = &mut instances[turn];
        let stopped = instance.process.stop().await;
        let said = instance.process.everything();
        // Anything else than 0 means that calls were cut.
        assert_eq!(stopped.code(), Some(0), "{said}");
        *instance = greeter(ports[turn]).await;
        serves(instance).await;
    }
    assert!(load.goes_on(), "the load ended before the restarts did");
    let seen = load.end().await;
    assert_eq!(seen.count("failed"), 0, "{}", seen.said);
}

/// The control: the load sees what a restart must not do.
async fn a_crash_is_seen(proxy: impl AsyncFnOnce([u16; 2]) -> Option<Proxy>) {
    let ports = [lasting_port(), lasting_port()];
    let mut instances = [greeter(ports[0]).await, greeter(ports[1]).await];
    let Some(proxy) = proxy(ports).await else {
        return;
    };
    let Some(load) = Load::start(proxy.addr, Duration::from_secs(5)) else {
        return;
    };
    let watched = async || (instances[0].underway(WATCH_ITEMS).await >= 2).then_some(());
    eventually("watches are under way", watched).await;
    instances[0].process.kill().await;
    let seen = load.end().await;
    assert!(seen.count("failed") > 0, "{}", seen.said);
}

#[tokio::test]
async fn behind_nginx_restarts_lose_nothing() {
    restarts_lose_nothing(Proxy::nginx).await;
}

#[tokio::test]
async fn behind_envoy_restarts_lose_nothing() {
    restarts_lose_nothing(Proxy::envoy).await;
}

#[tokio::test]
async fn behind_nginx_a_crash_is_seen() {
    a_crash_is_seen(Proxy::nginx).await;
}

#[tokio::test]
async fn behind_envoy_a_crash_is_seen() {
    a_crash_is_seen(Proxy::envoy).await;
}
