"""The S3 store that stays: SeaweedFS over a folder, in a process of its own that ends with the runner.

It is killed, never asked to stop: its own way takes 16 seconds, and a store that may be killed at any moment
loses nothing by it. What it has answered for is with the operating system by then; only a power cut can take
the last seconds of it.
"""

import argparse
import ctypes
import http.client
import json
import os
import select
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from functions.local.process.child import Child
from functions.local.process.environment import Credentials, leading_to, needed_of
from functions.local.process.listening import HOST, listen, port_of
from functions.local.store.embedded import READY, EmbeddedStore, start_store
from functions.local.store.folder import KeptFolder
from functions.local.store.seaweed import (
    CA,
    CERTIFICATE,
    KEY,
    Ports,
    arguments,
    environment_of,
    find_weed,
    write_configuration,
)

_LOG = "weed.log"
_SOCKETS = "sockets.txt"
_ATTEMPTS = 3
_POLL_SECONDS = 0.05
_START_SECONDS = 50.0
_LAST_LINES = 5
# Between two looks at whether it is still there.
_WATCH_SECONDS = 0.2
# It is killed: the system only has to let go of its memory.
_END_SECONDS = 10.0
# prctl(2): the signal that a process gets when the one that started it ends.
_PR_SET_PDEATHSIG = 1


async def start_kept_store(port: int, folder: KeptFolder, on_line: Callable[[str], None]) -> EmbeddedStore:
    """Start the store over `folder` on `port`, or on a free one.

    Raises `RuntimeError` when it does not start, `FolderUnusable`.
    """
    credentials = folder.credentials()

    async def start(on_line: Callable[[str], None]) -> Child:
        return await Child.start(
            "functions.local.store.kept",
            *("--port", str(port), "--data", str(folder.data), "--runtime", str(folder.runtime)),
            *("--lock", str(folder.descriptor)),
            on_line=on_line,
            environment=needed_of(os.environ) | leading_to("", credentials),
            descriptors=(folder.descriptor,),
        )

    hint = f"what it said is above and in {folder.runtime / _LOG}; to do without it: make run ARGS=--forget"
    return await start_store(start, credentials, on_line, hint, folder.path)


def serve(port: int, data: Path, runtime: Path, lock: int, credentials: Credentials) -> int:
    """Run SeaweedFS until standard input closes or it ends. Returns an exit code."""
    weed = find_weed()
    if weed is None:
        print("SeaweedFS is not installed here: there is no weed beside this Python", flush=True)
        return 1
    # Its files and sockets are for nobody else.
    os.umask(0o077)
    (data / "volumes").mkdir(parents=True, exist_ok=True)
    # Left by a run whose watcher was killed as well.
    _remove_sockets(runtime)
    for _ in range(_ATTEMPTS):
        shutil.rmtree(runtime, ignore_errors=True)
        runtime.mkdir()
        write_configuration(runtime, data, credentials)
        ports = _choose_ports(port)
        (runtime / _SOCKETS).write_text("\n".join(map(str, ports.sockets)))
        with (runtime / _LOG).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - the program of the wheel
                [weed, *arguments(data, ports)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=runtime,
                env=environment_of(runtime),
                # The folder stays locked until it is gone.
                pass_fds=(lock,),
                # There is one thread here.
                preexec_fn=_ending_with(os.getpid()) if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        try:
            if _is_ready(process, ports, runtime):
                return _watch(process, ports)
        finally:
            _end(process)
            _remove_sockets(runtime)
        # Somebody may have taken a port between the choice and the start.
    _say_last_lines(runtime / _LOG)
    return 1


def _watch(process: "subprocess.Popen[bytes]", ports: Ports) -> int:
    """Say that it is ready, and return when standard input closes, or when it has ended."""
    print(f"{READY}{ports.s3}", flush=True)
    while (code := process.poll()) is None:
        readable, _, _ = select.select([sys.stdin], [], [], _WATCH_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 4096):
            return 0
    print(f"SeaweedFS ended by itself ({code})", flush=True)
    return 1


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait(_END_SECONDS)


def _remove_sockets(runtime: Path) -> None:
    with suppress(FileNotFoundError):
        for socket in (runtime / _SOCKETS).read_text().splitlines():
            Path(socket).unlink(missing_ok=True)


def _ending_with(parent: int) -> Callable[[], None]:
    """What the child does before the program is loaded: it is to end when this process is killed."""
    prctl = ctypes.CDLL(None).prctl

    def end_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # It was killed before that.
            os._exit(1)

    return end_with_parent


def _choose_ports(port: int) -> Ports:
    """`port`, if it is free, for S3; free ones for the rest."""
    with ExitStack() as stack:
        wanted = [port, 0, 0, 0, 0, 0, 0, 0]
        return Ports(*(port_of(stack.enter_context(listen(number))) for number in wanted))


def _is_ready(process: "subprocess.Popen[bytes]", ports: Ports, runtime: Path) -> bool:
    """Wait until objects can be written. False when the program ended, or is not there in time."""
    until = time.monotonic() + _START_SECONDS
    context = ssl.create_default_context(cafile=str(runtime / CA))
    context.load_cert_chain(runtime / CERTIFICATE, runtime / KEY)
    while process.poll() is None and time.monotonic() < until:
        # S3 is the last to come, and to find nobody there costs nothing.
        if _answers(ports.s3) and _has_volumes(ports.master, context):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _has_volumes(port: int, context: ssl.SSLContext) -> bool:
    """Whether the volume server has told the master of itself: else there is no place to write to."""
    connection = http.client.HTTPSConnection(HOST, port, timeout=2, context=context)
    try:
        connection.request("GET", "/dir/status")
        return bool(json.load(connection.getresponse())["Topology"]["Max"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return False
    finally:
        connection.close()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.client.FORBIDDEN
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _say_last_lines(log: Path) -> None:
    for line in log.read_text(errors="replace").splitlines()[-_LAST_LINES:]:
        print(line, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="the port of S3; another where it is taken")
    parser.add_argument("--data", type=Path, required=True, help="the folder of what is stored")
    parser.add_argument("--runtime", type=Path, required=True, help="a folder for settings, emptied first")
    parser.add_argument("--lock", type=int, required=True, help="an open file that says that it runs")
    options = parser.parse_args()
    try:
        # From whoever starts it: a command line can be read by everybody on this machine.
        known = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    except KeyError as missing:
        parser.error(f"{missing} is not set: it says which credentials the store wants")
    sys.exit(serve(options.port, options.data, options.runtime, options.lock, known))
