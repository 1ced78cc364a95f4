use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use carveout::{About, Boot, BoxError, Channel, Live, Routes, ServiceConfig};
use tonic::Status;

use crate::TestService;

/// Connections that call at the same time.
const CALLERS: usize = 8;
/// Calls that are answered before the stop comes.
const WARM: usize = 100;
/// Long enough for every caller to see that the service is going.
const LAME_DUCK: Duration = Duration::from_millis(300);
/// What the stop may take beyond that.
const PATIENCE: Duration = Duration::from_secs(5);

/// The drain proof: stops the service while it is called without a pause, and panics if a call is
/// lost or the stop takes too long.
///
/// `call` is what a caller does with its channel, unary and streamed calls alike. Callers leave when
/// the service says that it is not serving, as a balancer would have them do, and no sooner.
pub async fn assert_stop_loses_nothing<C, F, Call, Fut>(about: About, start: F, call: Call)
where
    C: ServiceConfig,
    F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
    Call: Fn(Channel) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<(), Status>> + Send,
{
    let lame_duck = format!("lifecycle.lame_duck={}ms", LAME_DUCK.as_millis());
    let service = TestService::start_with(about, &[&lame_duck], start).await;
    let answered = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (channel, call) = (service.channel(), call.clone());
            let (readiness, answered) = (service.running().health().subscribe(), answered.clone());
            tokio::spawn(async move {
                while readiness.borrow().is_ready() {
                    call(channel.clone()).await?;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Status>(())
            })
        })
        .collect();
    while answered.load(Ordering::Relaxed) < WARM && !callers.iter().any(|it| it.is_finished()) {
        tokio::task::yield_now().await;
    }

    let asked = Instant::now();
    let stopped = service.stop().await;
    let took = asked.elapsed();
    for caller in callers {
        let outcome = caller.await.unwrap_or_else(|panic| panic!("{panic}"));
        if let Err(status) = outcome {
            panic!("a call was lost in the stop: {status}");
        }
    }
    assert_eq!(stopped.cut, 0, "connections were cut");
    assert!(took < LAME_DUCK + PATIENCE, "the stop took {took:?}");
}
