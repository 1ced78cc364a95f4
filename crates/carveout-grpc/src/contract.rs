use std::time::Duration;

use prost::Message;

/// What a method promises, read from the descriptors of its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodContract {
    /// `acme.orders.v1.OrdersService/GetItem`.
    pub name: String,
    /// Whether it may be sent again after an ambiguous failure.
    pub idempotency: Idempotency,
    /// The longest that a call may take; `None` when the contract does not say.
    pub deadline: Option<Duration>,
    /// Whether its request is a stream of messages, and not exactly one.
    pub streams_requests: bool,
    /// Whether its answer is a stream of messages.
    pub streams: bool,
}

/// Protobuf's `idempotency_level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Not declared: a second call may do the work a second time.
    Unknown,
    /// Reads only.
    NoSideEffects,
    /// Writes, and a second call changes nothing more.
    Idempotent,
}

/// Why a contract cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The bytes are not an encoded `FileDescriptorSet`.
    #[error("the descriptors of {service} cannot be decoded: {source}")]
    Descriptors {
        /// The service whose descriptors were given.
        service: &'static str,
        /// What is wrong with them.
        source: prost::DecodeError,
    },
    /// The descriptors describe other services.
    #[error("the descriptors given for {service} do not describe it")]
    UnknownService {
        /// The service that was looked for.
        service: &'static str,
    },
    /// A method's declared deadline is not a duration.
    #[error(
        "{method} declares the deadline {text:?}: {source}; write a duration such as \"500ms\""
    )]
    Deadline {
        /// The method's full name.
        method: String,
        /// What the contract says.
        text: String,
        /// What is wrong with it.
        source: humantime::DurationError,
    },
    /// The same service was added twice.
    #[error("{service} is added twice")]
    Twice {
        /// The service.
        service: &'static str,
    },
}

/// Reads the methods of `service` from an encoded `FileDescriptorSet`.
pub(crate) fn methods_of(
    service: &'static str,
    descriptors: &[u8],
) -> Result<Vec<MethodContract>, ContractError> {
    let set = FileSet::decode(descriptors)
        .map_err(|source| ContractError::Descriptors { service, source })?;
    let found = set.file.iter().find_map(|file| {
        file.service
            .iter()
            .find(|candidate| match file.package.as_str() {
                "" => candidate.name == service,
                package => {
                    service
                        .strip_prefix(package)
                        .and_then(|rest| rest.strip_prefix('.'))
                        == Some(&candidate.name)
                }
            })
    });
    let found = found.ok_or(ContractError::UnknownService { service })?;
    found
        .method
        .iter()
        .map(|method| contract_of(service, method))
        .collect()
}

/// The full names of all methods in an encoded `FileDescriptorSet`, each with whether its answer is a
/// stream of messages; none when it cannot be decoded.
pub(crate) fn all_methods(descriptors: &[u8]) -> Vec<(String, bool)> {
    let set = FileSet::decode(descriptors).unwrap_or_default();
    let services = set.file.iter().flat_map(|file| {
        file.service
            .iter()
            .map(move |service| (&file.package, service))
    });
    services
        .flat_map(|(package, service)| {
            let prefix = if package.is_empty() {
                String::new()
            } else {
                format!("{package}.")
            };
            service.method.iter().map(move |method| {
                let name = format!("{prefix}{}/{}", service.name, method.name);
                (name, method.server_streaming)
            })
        })
        .collect()
}

fn contract_of(service: &str, method: &Method) -> Result<MethodContract, ContractError> {
    let name = format!("{service}/{}", method.name);
    let options = method.options.clone().unwrap_or_default();
    let idempotency = match options.idempotency_level {
        1 => Idempotency::NoSideEffects,
        2 => Idempotency::Idempotent,
        _ => Idempotency::Unknown,
    };
    let text = options.contract.unwrap_or_default().deadline;
    let deadline = match text.as_str() {
        "" => None,
        text => {
            Some(
                humantime::parse_duration(text).map_err(|source| ContractError::Deadline {
                    method: name.clone(),
                    text: text.to_owned(),
                    source,
                })?,
            )
        }
    };
    Ok(MethodContract {
        name,
        idempotency,
        deadline,
        streams_requests: method.client_streaming,
        streams: method.server_streaming,
    })
}

// The part of descriptor.proto that matters here, with the kit's own option
// (carveout/v1/options.proto) as a plain field: `prost_types` would drop it as unknown.

#[derive(Clone, PartialEq, Message)]
struct FileSet {
    #[prost(message, repeated, tag = "1")]
    file: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "2")]
    package: String,
    #[prost(message, repeated, tag = "6")]
    service: Vec<Service>,
}

#[derive(Clone, PartialEq, Message)]
struct Service {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    method: Vec<Method>,
}

#[derive(Clone, PartialEq, Message)]
struct Method {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "4")]
    options: Option<MethodOptions>,
    #[prost(bool, tag = "5")]
    client_streaming: bool,
    #[prost(bool, tag = "6")]
    server_streaming: bool,
}

#[derive(Clone, PartialEq, Message)]
struct MethodOptions {
    #[prost(int32, tag = "34")]
    idempotency_level: i32,
    #[prost(message, optional, tag = "50601")]
    contract: Option<DeclaredContract>,
}

#[derive(Clone, PartialEq, Message)]
struct DeclaredContract {
    #[prost(string, tag = "1")]
    deadline: String,
}
