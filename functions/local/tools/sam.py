"""`sam local` on the built bundles, whose functions then use the store of a running `make run`.

    python -m functions.local.tools.sam invoke PredictFunction --event tests/events/http_predict.json

What follows is given to `sam local` as it stands. SAM's containers have a network of their own, even with
`--docker-network host`, and reach this machine at the engine's gateway. So, while this runs, a port there
leads to a store on 127.0.0.1.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from functions.local.bundle.build import RUNTIME
from functions.local.platform.template import read_document
from functions.local.process.child import ROOT
from functions.local.process.environment import ENDPOINT, exported
from functions.local.process.state import find_runner

SAM = ROOT / ".venv-sam" / "bin" / "sam"
TEMPLATE = ROOT / ".aws-sam" / "build" / "template.yaml"
# Beside the built one, from whose folder the paths of the bundles go.
LOCAL_TEMPLATE = "template-local.json"
CHUNK = 65_536
DOCKER_SECONDS = 60.0
STOP_SECONDS = 30.0
OWN_STORE = "name a store that containers reach in LIFEBOAT_STORE, and its endpoint in AWS_ENDPOINT_URL"


def main(arguments: Sequence[str]) -> int:
    """Run `sam local` with `arguments`. Returns its exit code, or 1 when it cannot be run."""
    try:
        if not TEMPLATE.exists():
            raise RuntimeError("there are no bundles yet: make build")
        return asyncio.run(sam_local(arguments))
    except RuntimeError as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1


async def sam_local(arguments: Sequence[str], sam: Path = SAM) -> int:
    """Run `sam local` with `arguments`; a signal to stop goes to it as Ctrl-C. Returns its exit code.

    Raises `RuntimeError`, in words for people, when something that this takes is missing.
    """
    gateway = await _gateway()
    architecture = os.environ.get("ARCHITECTURE") or "x86_64"
    # Whether an image that is here is the newest is not worth a registry that may be out of reach.
    image = await _docker("image", "inspect", f"public.ecr.aws/lambda/python:{RUNTIME}-{architecture}")
    options = [
        "--template",
        str(write_local_template(TEMPLATE)),
        *(["--skip-pull-image"] if image is not None else []),
    ]
    async with _reachable_store(gateway, arguments):
        process = await asyncio.create_subprocess_exec(
            sam, "local", *arguments, *options, cwd=ROOT, start_new_session=True
        )
        stopping = asyncio.Event()

        def stop() -> None:
            process.send_signal(signal.SIGINT)
            stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        return await _ended(process, stopping)


async def _ended(process: asyncio.subprocess.Process, stopping: asyncio.Event) -> int:
    """The exit code. It serves as long as it is let; told to stop, it has a while, and is killed then."""
    ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(stopping.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    done, _ = await asyncio.wait({ended}, timeout=STOP_SECONDS)
    if not done:
        print(f"sam local has not stopped within {STOP_SECONDS:.0f} seconds: it is killed", file=sys.stderr)
        process.kill()
    return await ended


def write_local_template(built: Path) -> Path:
    """A copy of the built template for `sam local`, whose functions may be told of another endpoint.

    `sam local` hands a function only the variables that its template declares, with their values in SAM's own
    environment. What is deployed declares no AWS_ENDPOINT_URL: empty, it would still be in the way of others.
    """
    template = read_document(built)
    template["Globals"]["Function"]["Environment"]["Variables"][ENDPOINT] = ""
    path = built.with_name(LOCAL_TEMPLATE)
    path.write_text(json.dumps(template))
    return path


@asynccontextmanager
async def _reachable_store(gateway: str, arguments: Sequence[str]) -> AsyncIterator[None]:
    """This process's environment, and so SAM's and the functions', names a store that containers reach."""
    if os.environ.get("LIFEBOAT_STORE"):
        yield
        return
    runner = find_runner()
    if runner is None:
        raise RuntimeError(f"no runner was found: `make run` in another terminal starts one, or {OWN_STORE}")
    if not runner.store.startswith("s3://"):
        raise RuntimeError(f"the runner keeps its store in a folder, {runner.store}: {OWN_STORE}")
    if arguments[:1] == ["start-api"] and runner.keys and not runner.keys.startswith("ssm:"):
        raise RuntimeError(
            f"the runner keeps the API's keys in {runner.keys}, which containers do not see: start one whose "
            "store holds them (make run ARGS=--forget)"
        )
    endpoint = runner.endpoint
    async with AsyncExitStack() as stack:
        address = urlsplit(endpoint or "")
        if address.hostname in {"127.0.0.1", "localhost"}:
            try:
                forwarding = forwarded(gateway, address.hostname, address.port or 80)
                endpoint = f"http://{gateway}:{await stack.enter_async_context(forwarding)}"
            except OSError as error:
                raise RuntimeError(
                    f"{gateway}, the engine's gateway, is not on this machine: {OWN_STORE}"
                ) from error
        variables = replace(runner, endpoint=endpoint).variables
        stack.enter_context(exported({**variables, "LIFEBOAT_STORE": runner.store}))
        yield


@asynccontextmanager
async def forwarded(host: str, to_host: str, to_port: int) -> AsyncIterator[int]:
    """Pass on what reaches a free port of `host`, which is yielded, to `to_host`:`to_port`, and back.

    Raises `OSError` when `host` is no address of this machine.
    """

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A far end that is not there shows as a connection that closes at once.
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(to_host, to_port)
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
            far_writer.close()
        writer.close()

    server = await asyncio.start_server(pass_on, host, 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


async def _gateway() -> str:
    """This machine's address as containers see it."""
    address = await _docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    if not address:
        raise RuntimeError("no container engine answers: install and start Docker, then try again")
    return address


async def _docker(*arguments: str) -> str | None:
    """What docker printed; None when there is no docker, or it failed."""
    quiet = asyncio.subprocess.DEVNULL
    try:
        docker = await asyncio.create_subprocess_exec(
            "docker", *arguments, stdout=asyncio.subprocess.PIPE, stderr=quiet
        )
    except FileNotFoundError:
        return None
    try:
        printed, _ = await asyncio.wait_for(docker.communicate(), DOCKER_SECONDS)
    except TimeoutError:
        docker.kill()
        with suppress(TimeoutError):
            await asyncio.wait_for(docker.wait(), DOCKER_SECONDS)
        raise RuntimeError(
            f"docker {' '.join(arguments[:2])} gave no answer within {DOCKER_SECONDS:.0f} seconds: restart it"
        ) from None
    return None if docker.returncode else printed.decode().strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
