"""A run of everything in a process of its own, as `make run` starts it, and what is left of it."""

import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

from functions.local.process.child import ROOT

STORES = ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS")
# By this the processes of these tests, and their children's, are told from any others.
MARK = f"LIFEBOAT_TEST={uuid.uuid4()}"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in STORES},
    "LIFEBOAT_TEST": MARK.partition("=")[2],
}


class Session:
    """`python -m functions.local run` in a process, its output read as it comes."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "functions.local", "run", "--port", "0", "--store-port", "0", "--forget"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=ENVIRONMENT,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                with self._news:
                    self.lines.append(line.rstrip("\n"))
                    self._news.notify_all()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str) -> str:
        """The first line that has `text` in it."""
        with self._news:
            self._news.wait_for(lambda: text in self.output, timeout=120)
        return next((line for line in self.lines if text in line), self.output)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=30)
        return code

    def said(self, label: str, word: int = 1) -> str:
        """A word of the line that begins with `label`."""
        return next(line for line in self.lines if line.startswith(label)).split()[word]


def processes_left() -> list[str]:
    """Command lines of the processes started here that are alive, whoever their parent is now."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if MARK.encode() in environment and int(folder.name) != os.getpid():
            found.append(command)
    return found
