use std::convert::Infallible;
use std::task::{Context, Poll};

use carveout_health::{Health, Readiness};
use futures_util::StreamExt;
use http_body_util::{BodyStream, StreamBody};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic_reflection::pb::{v1, v1alpha};
use tonic_reflection::server::Builder;
use tower::Service;

use crate::routes::{Request, Response, Routes};

/// Adds reflection, v1 and v1alpha: most tools in the field still ask for the older one first.
///
/// Both tell of everything that can be called or come back: each of the other, and of the details
/// of errors, which tools otherwise show as the bytes that they are.
///
/// Contracts that are not valid descriptors leave it out: `Routes` has kept the reason, and the
/// start fails with it.
pub(crate) fn add_to(mut routes: Routes, health: &Health) -> Routes {
    let builder = || {
        let services = routes.descriptors().iter().copied();
        let rest = [
            v1::FILE_DESCRIPTOR_SET,
            v1alpha::FILE_DESCRIPTOR_SET,
            tonic_types::pb::FILE_DESCRIPTOR_SET,
        ];
        services.chain(rest).fold(
            Builder::configure().include_reflection_service(false),
            Builder::register_encoded_file_descriptor_set,
        )
    };
    let (new, old) = (builder().build_v1(), builder().build_v1alpha());
    if let Ok(new) = new {
        routes = routes.add(UntilStopped::new(new, health), v1::FILE_DESCRIPTOR_SET);
    }
    if let Ok(old) = old {
        routes = routes.add(UntilStopped::new(old, health), v1alpha::FILE_DESCRIPTOR_SET);
    }
    routes
}

/// Asks no more questions once the service has stopped: a tool that keeps its stream open for the
/// next one would hold the drain up.
#[derive(Clone)]
struct UntilStopped<S> {
    inner: S,
    readiness: watch::Receiver<Readiness>,
}

impl<S> UntilStopped<S> {
    fn new(inner: S, health: &Health) -> Self {
        Self {
            inner,
            readiness: health.subscribe(),
        }
    }
}

impl<S: NamedService> NamedService for UntilStopped<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request> for UntilStopped<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> S::Future {
        let mut readiness = self.readiness.clone();
        let stopped = async move {
            if readiness
                .wait_for(|it| *it == Readiness::Stopped)
                .await
                .is_err()
            {
                // Nobody is left who could say so.
                std::future::pending::<()>().await;
            }
        };
        self.inner.call(request.map(|questions| {
            let questions = BodyStream::new(questions).take_until(Box::pin(stopped));
            Body::new(StreamBody::new(questions))
        }))
    }
}
