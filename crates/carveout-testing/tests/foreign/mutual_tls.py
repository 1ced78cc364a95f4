"""Calls greeter over mutual TLS: mutual_tls.py PORT FOLDER NAME.

FOLDER has ca.crt, NAME.crt and NAME.key; without the two there is no certificate to show. Says what
came of the call: the code, and the reason and domain of an error.
"""

import json
import pathlib
import sys

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

port, folder, name = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]


def read(file):
    path = folder / file
    return path.read_bytes() if path.exists() else None


credentials = grpc.ssl_channel_credentials(
    root_certificates=read("ca.crt"),
    private_key=read(name + ".key"),
    certificate_chain=read(name + ".crt"),
)
with grpc.secure_channel("localhost:" + port, credentials) as channel:
    call = channel.unary_unary("/acme.greeter.v1.GreeterService/ListItems")
    try:
        call(b"", timeout=20)
        print(json.dumps(["OK"]))
    except grpc.RpcError as error:
        seen = [error.code().name]
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                seen += [info.reason, info.domain]
        print(json.dumps(seen))
