"""The predict function's ASGI application under uvicorn, one worker, as the gateway would call it.

Arguments: the bundle, a folder with uvicorn, the event whose caller every request comes from, the descriptor
of a listening socket, and what to serve: `predict`, or `empty`, an application that does nothing.
"""

import json
import socket
import sys
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
    """The application, each request with what API Gateway and the authorizer would have said of it."""
    from functions.core.ids import new_ids
    from functions.predict.lane import application

    async def authorized(scope: Any, receive: Any, send: Any) -> None:
        [request_id] = new_ids(1)
        scope["aws.event"] = {"requestContext": {**context, "requestId": request_id}}
        await application(scope, receive, send)

    return authorized


async def _empty(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


main()
