//! Reflection: both versions answer every kind of question, and an error does not end the stream.

use std::collections::HashMap;
use std::time::Duration;

use carveout_grpc::Channel;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto};
use tokio_stream::StreamExt;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ExtensionRequest, ServerReflectionRequest, ServerReflectionResponse,
};
use tonic_reflection::pb::{v1, v1alpha};

use crate::support::{Handlers, Server, serve_within};

const METHOD_OPTIONS: &str = "google.protobuf.MethodOptions";
/// Number of `carveout.v1.method`.
const METHOD: i32 = 50_601;

fn extension(of: &str, extension_number: i32) -> MessageRequest {
    MessageRequest::FileContainingExtension(ExtensionRequest {
        containing_type: of.to_owned(),
        extension_number,
    })
}

fn question(question: MessageRequest) -> ServerReflectionRequest {
    ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    }
}

/// Asks all of it on one stream.
async fn ask(channel: Channel, questions: &[MessageRequest]) -> Vec<MessageResponse> {
    let questions: Vec<_> = questions.iter().cloned().map(question).collect();
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel);
    let answers = client
        .server_reflection_info(tokio_stream::iter(questions))
        .await;
    let answers = answers.unwrap().into_inner();
    answers
        .map(|answer| answer.unwrap().message_response.unwrap())
        .collect()
        .await
}

/// The same of the older version.
async fn ask_old(channel: Channel, questions: &[MessageRequest]) -> Vec<MessageResponse> {
    let old = |new: &MessageRequest| {
        let bytes = question(new.clone()).encode_to_vec();
        v1alpha::ServerReflectionRequest::decode(&*bytes).unwrap()
    };
    let questions: Vec<_> = questions.iter().map(old).collect();
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let answers = client
        .server_reflection_info(tokio_stream::iter(questions))
        .await;
    let new = |old: v1alpha::ServerReflectionResponse| {
        ServerReflectionResponse::decode(&*old.encode_to_vec()).unwrap()
    };
    let answers = answers.unwrap().into_inner();
    answers
        .map(|answer| new(answer.unwrap()).message_response.unwrap())
        .collect()
        .await
}

fn files(answer: &MessageResponse) -> HashMap<String, Vec<u8>> {
    let MessageResponse::FileDescriptorResponse(files) = answer else {
        panic!("{answer:?}");
    };
    let named = |bytes: &Vec<u8>| {
        let file = FileDescriptorProto::decode(&**bytes).unwrap();
        (file.name().to_owned(), bytes.clone())
    };
    files.file_descriptor_proto.iter().map(named).collect()
}

fn code(answer: &MessageResponse) -> i32 {
    let MessageResponse::ErrorResponse(error) = answer else {
        panic!("{answer:?}");
    };
    error.error_code
}

#[tokio::test]
async fn every_question_is_answered_on_one_stream_in_both_versions() {
    let server = Server::start(Handlers::default()).await;
    let symbol = |name: &str| MessageRequest::FileContainingSymbol(name.to_owned());
    let numbers = |name: &str| MessageRequest::AllExtensionNumbersOfType(name.to_owned());
    let not_found = 5;
    let questions = [
        symbol("no.such.Symbol"),
        extension(METHOD_OPTIONS, METHOD),
        extension(METHOD_OPTIONS, 1),
        MessageRequest::FileByFilename("no/such/file.proto".to_owned()),
        numbers(METHOD_OPTIONS),
        numbers("acme.greeter.v1.Item"),
        numbers("no.such.Type"),
        symbol("acme.greeter.v1.GreeterService.GetItem"),
        MessageRequest::ListServices(String::new()),
    ];
    for answers in [
        ask(server.channel(), &questions).await,
        ask_old(server.channel(), &questions).await,
    ] {
        let [
            unknown,
            option,
            no_option,
            no_file,
            all,
            none,
            no_type,
            method,
            list,
        ] = &*answers
        else {
            panic!("the stream has ended early: {answers:?}");
        };
        for error in [unknown, no_option, no_file, no_type] {
            assert_eq!(code(error), not_found, "{error:?}");
        }
        let option = files(option);
        assert!(
            option.contains_key("carveout/v1/options.proto"),
            "{:?}",
            option.keys()
        );
        assert!(
            option.contains_key("google/protobuf/descriptor.proto"),
            "{:?}",
            option.keys()
        );
        for (answer, expected) in [(all, vec![METHOD]), (none, vec![])] {
            let MessageResponse::AllExtensionNumbersResponse(numbers) = answer else {
                panic!("{answer:?}");
            };
            assert_eq!(numbers.extension_number, expected);
        }
        // Its option is in it still, which a decoded and encoded file would have lost: field 50601,
        // of a length, with a deadline of 500ms in it.
        let method = &files(method)["acme/greeter/v1/greeter.proto"];
        let option = [&[0xca, 0xda, 0x18, 7, 0x0a, 5][..], b"500ms"].concat();
        assert!(method.windows(option.len()).any(|bytes| bytes == option));

        let MessageResponse::ListServicesResponse(list) = list else {
            panic!("{list:?}");
        };
        let names: Vec<_> = list.service.iter().map(|service| &*service.name).collect();
        assert_eq!(
            names,
            [
                "acme.greeter.v1.GreeterService",
                "grpc.health.v1.Health",
                "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection",
            ]
        );
    }
}

#[tokio::test]
async fn what_is_described_and_not_served_is_not_listed() {
    let other = FileDescriptorProto {
        name: Some("other.proto".to_owned()),
        package: Some("test".to_owned()),
        service: vec![ServiceDescriptorProto {
            name: Some("Other".to_owned()),
            ..ServiceDescriptorProto::default()
        }],
        ..FileDescriptorProto::default()
    };
    // Two sets in a row are one with the files of both.
    let other = FileDescriptorSet { file: vec![other] }.encode_to_vec();
    let both = [greeter_api::FILE_DESCRIPTOR_SET, &other].concat();
    let service = greeter_api::server(Handlers::default());
    let server = serve_within(service, both.leak(), Duration::from_secs(5)).await;
    let questions = [
        MessageRequest::ListServices(String::new()),
        MessageRequest::FileContainingSymbol("test.Other".to_owned()),
    ];
    let answers = ask(server.channel(), &questions).await;
    let MessageResponse::ListServicesResponse(list) = &answers[0] else {
        panic!("{answers:?}");
    };
    let listed = |name: &str| list.service.iter().any(|service| service.name == name);
    assert!(listed("acme.greeter.v1.GreeterService"), "{list:?}");
    assert!(!listed("test.Other"), "{list:?}");
    assert!(files(&answers[1]).contains_key("other.proto"));
}
