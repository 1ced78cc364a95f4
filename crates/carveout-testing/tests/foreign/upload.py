"""Begins an upload and stops within it: upload.py ADDRESS grpclib|grpcio. Goes on once there is a line
to read."""

import asyncio
import sys

PATH = "/acme.upload.v1.UploadService/Upload"
# An id of four letters.
MESSAGE = b"\n\x04half"


class Bytes:
    """Messages as they are."""

    __content_subtype__ = "proto"

    def encode(self, message, _type):
        return message

    def decode(self, data, _type):
        return data


async def go():
    await asyncio.to_thread(sys.stdin.readline)


async def by_grpclib(address):
    from grpclib.client import Channel, StreamUnaryMethod

    host, port = address.rsplit(":", 1)
    async with Channel(host, int(port), codec=Bytes()) as channel:
        method = StreamUnaryMethod(channel, PATH, bytes, bytes)
        try:
            async with method.open() as stream:
                await stream.send_message(MESSAGE)
                await go()
                raise RuntimeError("the source of the upload has failed")
        except RuntimeError:
            pass


async def by_grpcio(address):
    import grpc

    async with grpc.aio.insecure_channel(address) as channel:
        call = channel.stream_unary(PATH)()
        await call.write(MESSAGE)
        await go()
        call.cancel()


if __name__ == "__main__":
    client = {"grpclib": by_grpclib, "grpcio": by_grpcio}[sys.argv[2]]
    asyncio.run(client(sys.argv[1]))
