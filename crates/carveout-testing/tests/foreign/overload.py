"""Makes one call of greeter, which refuses it: overload.py ADDRESS SERVICE_CONFIG [TIMEOUT].

SERVICE_CONFIG says when gRPC is to try again. TIMEOUT goes out as the header grpc-timeout, and gRPC
knows nothing of it: it would end the call by itself, and here the server has to answer. Says what came
of it, as one JSON object.
"""

import json
import sys
import time

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

METHOD = "/acme.greeter.v1.GreeterService/GetItem"
TIMEOUT = 20


def unpacked(status, kind):
    found = []
    for packed in status.details:
        one = kind()
        if packed.Unpack(one):
            found.append(one)
    return found


def failure(error):
    # Fails by itself if the code or the message in the details is not the call's.
    status = rpc_status.from_call(error)
    infos = unpacked(status, error_details_pb2.ErrorInfo)
    delays = unpacked(status, error_details_pb2.RetryInfo)
    quotas = unpacked(status, error_details_pb2.QuotaFailure)
    trailers = error.trailing_metadata()
    return {
        "reasons": [[info.reason, info.domain] for info in infos],
        "retry_ms": [delay.retry_delay.ToNanoseconds() / 1e6 for delay in delays],
        "quotas": [violation.subject for quota in quotas for violation in quota.violations],
        "pushback": [value for key, value in trailers if key == "grpc-retry-pushback-ms"],
    }


address, service_config, *header = sys.argv[1:]
options = [("grpc.service_config", service_config)]
limit = {"metadata": [("grpc-timeout", header[0])]} if header else {"timeout": TIMEOUT}
with grpc.insecure_channel(address, options=options) as channel:
    grpc.channel_ready_future(channel).result(TIMEOUT)
    call = channel.unary_unary(METHOD)
    begun = time.monotonic()
    try:
        call(b"", **limit)
        seen = {"code": "OK"}
    except grpc.RpcError as error:
        seen = {"code": error.code().name, **failure(error)}
    seen["took_ms"] = (time.monotonic() - begun) * 1000
print(json.dumps(seen))
