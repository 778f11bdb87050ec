"""The predict function's handler under uvicorn, one worker, called as the gateway would call it.

Arguments: the bundle, a folder with uvicorn, the event whose caller every request comes from, the descriptor
of a listening socket, and what to serve: `predict`, or `empty`, an application that does nothing.
"""

import json
import socket
import sys
from itertools import count
from pathlib import Path
from typing import Any


def main() -> None:
    bundle, server, event, descriptor, subject = sys.argv[1:]
    sys.path[:0] = [bundle, server]
    import uvicorn

    context = json.loads(Path(event).read_bytes())["requestContext"]
    config = uvicorn.Config(
        _empty if subject == "empty" else _behind_gateway(context),
        http="httptools",
        loop="uvloop",
        lifespan="off",
        log_level="warning",
        access_log=False,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(descriptor))])


def _behind_gateway(context: dict[str, Any]) -> Any:
    """The handler behind a gateway in miniature: an event for each request, with what an authorizer says."""
    from functions.predict.handler import handler

    numbers = count()

    async def gateway(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        event = {
            "version": "2.0",
            "routeKey": f"{scope['method']} {scope['path']}",
            "rawPath": scope["path"],
            "rawQueryString": scope["query_string"].decode(),
            "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
            "requestContext": {**context, "requestId": f"{next(numbers):016x}"},
            "body": body.decode(),
            "isBase64Encoded": False,
        }
        answer = handler(event, None)
        headers = [(name.encode(), value.encode()) for name, value in answer["headers"].items()]
        await send({"type": "http.response.start", "status": answer["statusCode"], "headers": headers})
        await send({"type": "http.response.body", "body": answer["body"].encode()})

    return gateway


async def _empty(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


main()
