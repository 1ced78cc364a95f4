"""Calls greeter as a Python program would: client.py ADDRESS calls|health.

The stubs come from the service's reflection. Says what it saw, one JSON array a line.
"""

import json
import sys
import time

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

SERVICE = "acme.greeter.v1.GreeterService"
TIMEOUT = 20


def saw(step, seen):
    print(json.dumps([step, seen]), flush=True)


class Stub:
    """Every method of a service, by its name: stub.GetItem(id="1")."""

    def __init__(self, channel):
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        for method in pool.FindServiceByName(SERVICE).methods:
            setattr(self, method.name, self._callable(channel, method))

    @staticmethod
    def _callable(channel, method):
        request = GetMessageClass(method.input_type)
        kind = channel.unary_stream if method.server_streaming else channel.unary_unary
        call = kind(
            f"/{SERVICE}/{method.name}",
            request_serializer=request.SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        return lambda timeout=TIMEOUT, **fields: call(request(**fields), timeout=timeout)


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call succeeded")


def detail(error, kind):
    unpacked = kind()
    if any(packed.Unpack(unpacked) for packed in rpc_status.from_call(error).details):
        return unpacked
    raise AssertionError(f"there is no {kind.__name__} in {error}")


def plain(item):
    dated = abs(item.create_time.ToSeconds() - time.time()) < 60
    return {"id": item.id, "title": item.title, "dated": dated}


def calls(channel):
    stub = Stub(channel)
    saw("created", plain(stub.CreateItem(request_id="r1", title="one").item))
    saw("created again", plain(stub.CreateItem(request_id="r1", title="one").item))
    saw("read", plain(stub.GetItem(id="1").item))

    missing = failure(lambda: stub.GetItem(id="404"))
    info = detail(missing, error_details_pb2.ErrorInfo)
    seen = {"code": missing.code().name, "message": missing.details()}
    seen |= {"reason": info.reason, "domain": info.domain, "metadata": dict(info.metadata)}
    saw("missing", seen)

    invalid = failure(lambda: stub.CreateItem(request_id="r0", title=""))
    fields = detail(invalid, error_details_pb2.BadRequest).field_violations
    saw("invalid", {"code": invalid.code().name, "fields": [field.field for field in fields]})

    stub.CreateItem(request_id="r2", title="two")
    stub.CreateItem(request_id="r3", title="three")
    pages, token = [], None
    while token != "":
        page = stub.ListItems(page_size=2, page_token=token or "")
        pages.append([item.title for item in page.items])
        token = page.next_page_token
    saw("pages", pages)

    watch, watched = stub.WatchItems(), []
    for answer in watch:
        watched.append(answer.item.title)
        if len(watched) == 3:
            stub.CreateItem(request_id="r4", title="four")
        if len(watched) == 4:
            break
    watch.cancel()
    saw("watched", watched)

    saw("out of time", failure(lambda: list(stub.WatchItems(timeout=0.5))).code().name)
    nothing = channel.unary_unary(f"/{SERVICE}/NoSuchMethod")
    saw("no such method", failure(lambda: nothing(b"", timeout=TIMEOUT)).code().name)


def health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    name = health_pb2.HealthCheckResponse.ServingStatus.Name

    def of(service):
        return health_pb2.HealthCheckRequest(service=service)

    saw("check of the server", name(stub.Check(of(""), timeout=TIMEOUT).status))
    saw("check of the service", name(stub.Check(of(SERVICE), timeout=TIMEOUT).status))
    unknown = failure(lambda: stub.Check(of("no.such.Service"), timeout=TIMEOUT))
    saw("check of another", unknown.code().name)
    statuses = stub.List(health_pb2.HealthListRequest(), timeout=TIMEOUT).statuses
    saw("list", {service: name(statuses[service].status) for service in statuses})

    other = stub.Watch(of("no.such.Service"), timeout=TIMEOUT)
    saw("watch of another", name(next(other).status))
    other.cancel()
    watch = stub.Watch(of(SERVICE), timeout=TIMEOUT)
    try:
        for answer in watch:
            saw("watch", name(answer.status))
    except grpc.RpcError as error:
        reason = detail(error, error_details_pb2.ErrorInfo).reason
        saw("end of the watch", {"code": watch.code().name, "reason": reason})


with grpc.insecure_channel(sys.argv[1]) as greeter:
    {"calls": calls, "health": health}[sys.argv[2]](greeter)
