//! `grpc.reflection`, v1 and v1alpha: most tools in the field still ask for the older one first.

mod index;

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use prost::Message;
use tonic::{Request, Response, Status, Streaming};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::server_reflection_server::{self, ServerReflectionServer};
use tonic_reflection::pb::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use tonic_reflection::pb::v1alpha::server_reflection_server as old_server;
use tonic_reflection::pb::{v1, v1alpha};

use self::index::Index;
use crate::draining::end_on_any_drain;
use crate::routes::Routes;

/// Adds reflection in both versions.
///
/// Services that are served are listed. What can be resolved is more: reflection itself, and the
/// details of errors, which tools otherwise show as the bytes that they are.
///
/// Contracts that are not valid descriptors are left out: `Routes` has kept the reason, and the
/// start fails with it.
pub(crate) fn add_to(routes: Routes) -> Routes {
    let rest = [
        v1::FILE_DESCRIPTOR_SET,
        v1alpha::FILE_DESCRIPTOR_SET,
        tonic_types::pb::FILE_DESCRIPTOR_SET,
    ];
    let names = [
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    let mut services: Vec<_> = routes
        .service_names()
        .iter()
        .chain(&names)
        .copied()
        .collect();
    services.sort_unstable();
    let reflection = Arc::new(Reflection {
        index: Index::of(routes.descriptors().iter().copied().chain(rest)),
        services,
    });
    let old = old_server::ServerReflectionServer::new(Old(reflection.clone()));
    routes
        .add(
            ServerReflectionServer::new(New(reflection)),
            v1::FILE_DESCRIPTOR_SET,
        )
        .add(old, v1alpha::FILE_DESCRIPTOR_SET)
}

/// Answers questions about the contracts.
struct Reflection {
    index: Index,
    services: Vec<&'static str>,
}

impl Reflection {
    /// Files that are in `sent` are left out of the answer, and those that are in it are added.
    fn answer(
        &self,
        question: ServerReflectionRequest,
        sent: &mut HashSet<usize>,
    ) -> ServerReflectionResponse {
        let answer = match &question.message_request {
            Some(question) => self.answer_to(question, sent),
            None => Err(Status::invalid_argument("message_request must be set")),
        };
        // An error is an answer like any other: the next question may have a better one.
        let answer = answer.unwrap_or_else(|status| {
            MessageResponse::ErrorResponse(ErrorResponse {
                error_code: status.code().into(),
                error_message: status.message().to_owned(),
            })
        });
        ServerReflectionResponse {
            valid_host: question.host.clone(),
            original_request: Some(question),
            message_response: Some(answer),
        }
    }

    fn answer_to(
        &self,
        question: &MessageRequest,
        sent: &mut HashSet<usize>,
    ) -> Result<MessageResponse, Status> {
        let index = &self.index;
        let (what, file) = match question {
            MessageRequest::FileByFilename(name) => (format!("file {name:?}"), index.file(name)),
            MessageRequest::FileContainingSymbol(name) => {
                (format!("symbol {name:?}"), index.symbol(name))
            }
            MessageRequest::FileContainingExtension(extension) => {
                let (of, number) = (&extension.containing_type, extension.extension_number);
                let what = format!("extension {number} of {of:?}");
                (what, index.extension(of, number))
            }
            MessageRequest::AllExtensionNumbersOfType(of) => {
                let numbers = index.extensions(of);
                let numbers = numbers.ok_or_else(|| not_found(&format!("type {of:?}")))?;
                return Ok(MessageResponse::AllExtensionNumbersResponse(
                    ExtensionNumberResponse {
                        base_type_name: of.clone(),
                        extension_number: numbers,
                    },
                ));
            }
            MessageRequest::ListServices(_) => {
                let name = |name: &&str| ServiceResponse {
                    name: (*name).to_owned(),
                };
                let service = self.services.iter().map(name).collect();
                return Ok(MessageResponse::ListServicesResponse(ListServiceResponse {
                    service,
                }));
            }
        };
        let file = file.ok_or_else(|| not_found(&what))?;
        Ok(MessageResponse::FileDescriptorResponse(
            FileDescriptorResponse {
                file_descriptor_proto: index.with_imports(file, sent),
            },
        ))
    }

    fn answers<Q, A>(
        self: Arc<Self>,
        questions: Streaming<Q>,
        answer: impl Fn(&Self, Q, &mut HashSet<usize>) -> Result<A, Status> + Send + 'static,
    ) -> Answers<A>
    where
        Q: Send + 'static,
        A: 'static,
    {
        let mut sent = HashSet::new();
        let answers = questions.map(move |question| answer(&self, question?, &mut sent));
        // A tool that keeps its stream open for the next question must not hold a stop up.
        Box::pin(end_on_any_drain(answers))
    }
}

fn not_found(what: &str) -> Status {
    Status::not_found(format!("this server knows no {what}"))
}

type Answers<A> = Pin<Box<dyn Stream<Item = Result<A, Status>> + Send>>;

struct New(Arc<Reflection>);

#[tonic::async_trait]
impl server_reflection_server::ServerReflection for New {
    type ServerReflectionInfoStream = Answers<ServerReflectionResponse>;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let answer =
            |reflection: &Reflection, question, sent: &mut _| Ok(reflection.answer(question, sent));
        Ok(Response::new(
            self.0.clone().answers(request.into_inner(), answer),
        ))
    }
}

struct Old(Arc<Reflection>);

#[tonic::async_trait]
impl old_server::ServerReflection for Old {
    type ServerReflectionInfoStream = Answers<v1alpha::ServerReflectionResponse>;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<v1alpha::ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let answer =
            |reflection: &Reflection, question: v1alpha::ServerReflectionRequest, sent: &mut _| {
                let answer = reflection.answer(same(&question)?, sent);
                same(&answer)
            };
        Ok(Response::new(
            self.0.clone().answers(request.into_inner(), answer),
        ))
    }
}

/// The same message of the other version: the two differ in their package alone.
fn same<T: Message + Default>(message: &impl Message) -> Result<T, Status> {
    let bytes = message.encode_to_vec();
    T::decode(&*bytes).map_err(|error| Status::internal(error.to_string()))
}

#[cfg(test)]
mod tests;
