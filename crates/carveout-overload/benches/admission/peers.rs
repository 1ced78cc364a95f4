use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use criterion::Criterion;
use tokio::sync::Semaphore;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{Layer, Service, ServiceBuilder, service_fn};

use crate::threads::on_one_and_two;

/// What admission allows at first.
const LIMIT: usize = 64;

/// The same of peers: a call comes in, is answered at once, and its place is free again. Those that
/// are tower layers shed load as services would have them do it.
pub(crate) fn all(criterion: &mut Criterion) {
    let semaphore = Arc::new(Semaphore::new(LIMIT));
    on_one_and_two(criterion, "tokio's semaphore", &semaphore, |semaphore| {
        let _ = black_box(semaphore.try_acquire());
    });
    let shed = LoadShedLayer::new();

    let fixed = ServiceBuilder::new()
        .layer(shed.clone())
        .layer(GlobalConcurrencyLimitLayer::new(LIMIT));
    layer(criterion, "tower's limit and load shedding", fixed);

    let gradient =
        ServiceBuilder::new()
            .layer(shed.clone())
            .layer(tower_acc::ConcurrencyLimitLayer::new(
                tower_acc::Gradient2::default(),
            ));
    layer(criterion, "tower-acc Gradient2", gradient);
    let vegas =
        ServiceBuilder::new()
            .layer(shed.clone())
            .layer(tower_acc::ConcurrencyLimitLayer::new(
                tower_acc::Vegas::default(),
            ));
    layer(criterion, "tower-acc Vegas", vegas);

    use tower_resilience_adaptive::{AdaptiveLimiterLayer, Gradient2, Vegas};
    let gradient = ServiceBuilder::new()
        .layer(shed.clone())
        .layer(AdaptiveLimiterLayer::new(
            Gradient2::builder().build().expect("its defaults"),
        ));
    layer(criterion, "tower-resilience Gradient2", gradient);
    let vegas = ServiceBuilder::new()
        .layer(shed)
        .layer(AdaptiveLimiterLayer::new(
            Vegas::builder().build().expect("its defaults"),
        ));
    layer(criterion, "tower-resilience Vegas", vegas);

    // Its target for the average latency is that of `benches/overload`.
    let little = little_loadshedder::LoadShedLayer::new(0.01, Duration::from_millis(50));
    layer(criterion, "little-loadshedder", little);
}

type Answer = Ready<Result<(), Infallible>>;

fn layer<L>(criterion: &mut Criterion, name: &str, layer: L)
where
    L: Layer<tower::util::ServiceFn<fn(()) -> Answer>>,
    L::Service: Service<()> + Clone + Send,
{
    let service = layer.layer(service_fn((|()| ready(Ok(()))) as fn(()) -> Answer));
    on_one_and_two(criterion, name, &service, |service| {
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(Ok(())) = service.poll_ready(&mut cx) {
            // A limiter that makes the call wait loses it: it is not what is timed.
            let answer = pin!(service.call(()));
            let _ = black_box(answer.poll(&mut cx).is_ready());
        }
    });
}
