//! `grpc.health.v1` on top of `carveout-health`.

use std::pin::Pin;
use std::sync::Arc;

use carveout_health::{Health, Readiness};
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt, wrappers::WatchStream};
use tonic::{Code, Request, Response, Status};

use self::generated::grpc::health::v1::health_check_response::ServingStatus;
use self::generated::grpc::health::v1::health_client::HealthClient;
use self::generated::grpc::health::v1::health_server::{self, HealthServer};
use self::generated::grpc::health::v1::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use crate::Channel;
use crate::draining::end_on_any_drain;
use crate::error::{Error, Reason};
use crate::routes::Routes;

/// Made by carveout-build from proto/grpc/health/v1/health.proto and committed, because the client
/// is used by tests and tools too and nobody's build should wait for it. A test holds it to the
/// contract.
#[rustfmt::skip]
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub(crate) mod generated {
    pub(crate) mod grpc {
        pub(crate) mod health {
            pub(crate) mod v1 {
                include!("generated.rs");
            }
        }
    }
}

const DESCRIPTORS: &[u8] = include_bytes!("generated.bin");
const UNKNOWN_SERVICE: Reason = Reason::new("SERVICE_NOT_FOUND");

/// Answers for every service of the server, and for the server as a whole under the empty name. All
/// are as ready as the process is.
pub(crate) struct HealthService {
    services: Arc<[&'static str]>,
    readiness: watch::Receiver<Readiness>,
}

impl HealthService {
    pub(crate) fn add_to(
        routes: Routes,
        mut services: Vec<&'static str>,
        health: &Health,
    ) -> Routes {
        services.push("");
        let service = Self {
            services: services.into(),
            readiness: health.subscribe(),
        };
        routes.add(HealthServer::new(service), DESCRIPTORS)
    }

    fn knows(&self, service: &str) -> bool {
        self.services.contains(&service)
    }
}

fn status_of(readiness: Readiness) -> HealthCheckResponse {
    let status = if readiness.is_ready() {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    HealthCheckResponse {
        status: status.into(),
    }
}

#[tonic::async_trait]
impl health_server::Health for HealthService {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if !self.knows(&service) {
            return Err(Error::new(
                Code::NotFound,
                UNKNOWN_SERVICE,
                format!("this server has no service {service:?}"),
            )
            .into());
        }
        Ok(Response::new(status_of(*self.readiness.borrow())))
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let status = status_of(*self.readiness.borrow());
        let statuses = self
            .services
            .iter()
            .map(|service| ((*service).to_owned(), status))
            .collect();
        Ok(Response::new(HealthListResponse { statuses }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        if self.knows(&request.get_ref().service) {
            let changes = WatchStream::new(self.readiness.clone())
                // It is not serving already when it is draining.
                .filter(|readiness| *readiness != Readiness::Stopped)
                .map(|readiness| Ok(status_of(readiness)));
            return Ok(Response::new(Box::pin(end_on_any_drain(changes))));
        }
        // The protocol wants the stream kept open: the service may appear later. Here it never
        // does.
        let unknown = HealthCheckResponse {
            status: ServingStatus::ServiceUnknown.into(),
        };
        let stream = tokio_stream::once(Ok(unknown)).chain(tokio_stream::pending());
        Ok(Response::new(Box::pin(end_on_any_drain(stream))))
    }
}

/// Asks a server's `grpc.health.v1` whether `service` is serving; the empty name is the server as a
/// whole.
///
/// # Errors
/// The call's status: NOT_FOUND when the server does not know the service, UNAVAILABLE when it
/// cannot be reached.
pub async fn check_health(channel: Channel, service: &str) -> Result<bool, Status> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = HealthClient::new(channel)
        .check(request)
        .await?
        .into_inner();
    Ok(answer.status() == ServingStatus::Serving)
}
