"""An S3 store in memory, in a process of its own: moto's server over a real socket, made atomic."""

import argparse
import asyncio
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

from functions.local.process.child import Child
from functions.local.process.environment import Credentials, leading_to, needed_of, new_credentials
from functions.local.process.listening import HOST, listen, port_of
from functions.local.store.guard import StoreGuard, WSGIApplication

START_SECONDS = 60.0
READY = "The store listens on port "


@dataclass(frozen=True, slots=True)
class EmbeddedStore:
    """A running store and the credentials that it wants. folder: of what it keeps; None for one in memory."""

    port: int
    child: Child
    credentials: Credentials
    folder: Path | None = None

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead boto3 to it."""
        return leading_to(self.endpoint, self.credentials)

    async def stop(self) -> None:
        await self.child.stop()


async def start_embedded_store(port: int, on_line: Callable[[str], None]) -> EmbeddedStore:
    """Start the store on `port`, or on a free one. Raises `RuntimeError` when it does not start."""
    credentials = new_credentials()

    async def start(on_line: Callable[[str], None]) -> Child:
        return await Child.start(
            "functions.local.store.embedded",
            "--port",
            str(port),
            on_line=on_line,
            environment=needed_of(os.environ) | leading_to("", credentials),
        )

    return await start_store(start, credentials, on_line, "is moto[server,s3] installed?")


async def start_store(
    start: Callable[[Callable[[str], None]], Awaitable[Child]],
    credentials: Credentials,
    on_line: Callable[[str], None],
    hint: str,
    folder: Path | None = None,
) -> EmbeddedStore:
    """Start the process of a store and wait until it says its port.

    start: starts it, given who is to be told its lines. Raises `RuntimeError`, with `hint`, when it ends or
    says nothing.
    """
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def line_read(line: str) -> None:
        if line.startswith(READY) and not ready.done():
            ready.set_result(int(line.removeprefix(READY)))
        else:
            on_line(line)

    child = await start(line_read)
    ended = asyncio.create_task(child.wait())
    try:
        await asyncio.wait({ready, ended}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            raise RuntimeError(f"the embedded store did not start; {hint}")
        return EmbeddedStore(ready.result(), child, credentials, folder)
    except BaseException:
        await child.kill()
        raise
    finally:
        ended.cancel()


@runtime_checkable
class _Closable(Protocol):
    def close(self) -> None: ...


class OneAtATime:
    """A WSGI application that answers one request at a time.

    moto compares the ETag of If-Match and writes in two steps. Between them another request could write, and
    both would succeed; in S3 one of them fails.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            answer = self._application(environ, start_response)
            try:
                return list(answer)
            finally:
                if isinstance(answer, _Closable):
                    answer.close()


def serve(port: int, credentials: Credentials, host: str = HOST) -> None:
    """Serve whoever has `credentials` until standard input closes.

    Raises `OSError` when `host` is no address of this machine.
    """
    # By itself moto lets every page read every answer. Here a bucket says whose pages may: its CORS rules.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    # Imported here: the parent, which imports this module to start the process, needs neither.
    from moto.backends import get_backend
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    _leave_out_instances()
    # moto would import a service at its first request: on a busy machine that takes longer than clients wait.
    get_backend("s3")
    get_backend("ssm")
    application = StoreGuard(OneAtATime(DomainDispatcherApplication(create_backend_app)), credentials)
    with listen(port, host) as listener:
        server = make_server(host, port_of(listener), application, threaded=True, fd=listener.fileno())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"{READY}{port_of(listener)}", flush=True)
        sys.stdin.buffer.read()
        # Requests under way end with the process: there is nothing to save.
        os._exit(0)


def _leave_out_instances() -> None:
    """Have moto's parameters be there without its EC2.

    They import it for commands that are sent to instances, and nobody sends one here. To read what EC2 has in
    every region is 1.1 s of the 1.9 s of processor time that a start takes with it.
    """
    instances = ModuleType("moto.ec2")
    vars(instances)["ec2_backends"] = {}
    sys.modules.setdefault("moto.ec2", instances)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--host", default=HOST, help="where to listen; containers reach the engine's gateway")
    options = parser.parse_args()
    try:
        # From whoever starts it: a command line can be read by everybody on this machine.
        credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    except KeyError as missing:
        parser.error(f"{missing} is not set: it says which credentials the store wants")
    serve(options.port, credentials, options.host)
