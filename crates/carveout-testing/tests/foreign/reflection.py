"""Asks a service about its contract: reflection.py ADDRESS.

All questions of a version go through one stream. Says what it saw, one JSON array a line.
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection_pb2

OPTIONS = "google.protobuf.MethodOptions"
METHOD = 50601
TIMEOUT = 20


def saw(version, step, seen):
    print(json.dumps([f"{version}: {step}", seen]), flush=True)


def error(answer):
    assert answer.WhichOneof("message_response") == "error_response", answer
    codes = {code.value[0]: code.name for code in grpc.StatusCode}
    return codes[answer.error_response.error_code]


def files(answer):
    found = answer.file_descriptor_response.file_descriptor_proto
    assert found, answer
    return [descriptor_pb2.FileDescriptorProto.FromString(file) for file in found]


def deadline(found):
    """The kit's own option, as somebody reads it who knows nothing but what reflection has told."""
    pool = descriptor_pool.DescriptorPool()
    known = {file.name: file for file in found}

    def add(name):
        file = known.pop(name, None)
        if file is not None:
            for imported in file.dependency:
                add(imported)
            pool.Add(file)

    for file in found:
        add(file.name)
    option = pool.FindExtensionByNumber(pool.FindMessageTypeByName(OPTIONS), METHOD)
    method = pool.FindMethodByName("acme.greeter.v1.GreeterService.GetItem")
    options = message_factory.GetMessageClass(pool.FindMessageTypeByName(OPTIONS))
    return options.FromString(method.GetOptions().SerializeToString()).Extensions[option].deadline


def ask(channel, version):
    # The two versions differ in the package alone.
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    extension = reflection_pb2.ExtensionRequest
    questions = [
        {"file_containing_symbol": "no.such.Symbol"},
        {"file_containing_extension": extension(containing_type=OPTIONS, extension_number=METHOD)},
        {"file_containing_extension": extension(containing_type=OPTIONS, extension_number=1)},
        {"all_extension_numbers_of_type": OPTIONS},
        {"file_containing_symbol": "acme.greeter.v1.GreeterService"},
        {"list_services": ""},
    ]
    asked = iter([reflection_pb2.ServerReflectionRequest(**question) for question in questions])
    answers = list(call(asked, timeout=TIMEOUT))
    assert len(answers) == len(questions), answers
    unknown, option, no_option, numbers, service, services = answers
    saw(version, "unknown symbol", error(unknown))
    saw(version, "extension", files(option)[0].name)
    saw(version, "unknown extension", error(no_option))
    saw(version, "extension numbers", list(numbers.all_extension_numbers_response.extension_number))
    # What came with the extension does not come again.
    saw(version, "deadline of GetItem", deadline(files(option) + files(service)))
    saw(version, "services", [listed.name for listed in services.list_services_response.service])


def main(address):
    with grpc.insecure_channel(address) as channel:
        for version in ["v1", "v1alpha"]:
            ask(channel, version)


if __name__ == "__main__":
    main(*sys.argv[1:])
