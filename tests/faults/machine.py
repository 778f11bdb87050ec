"""The functions that answer requests, each in its process, over a real store and SSM behind two proxies."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from functions.core.base.ids import new_ids
from functions.core.identity.caller import caller_of
from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.predictions.labels import source_of
from functions.core.predictions.records import folder
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.s3 import S3Store
from functions.core.storage.ssm_parameter import SsmParameter
from functions.local.platform.function_process import FunctionError, FunctionProcess
from functions.local.platform.template import read_template
from functions.local.process.child import ROOT
from functions.local.process.environment import exported
from functions.local.process.listening import HOST, listen, port_of
from tests.faults.proxy import NONE, Fault, Proxy
from tests.faults.tally import LOST, Fates
from tests.support import gateway
from tests.support.aws_environment import plain_environment
from tests.support.parameters import wait_for_parameters
from tests.support.production import logged_line
from tests.support.titanic import MODEL

Result = TypeVar("Result")
BUCKET = "lifeboat-faults"
KEYS = "/lifeboat/faults/keys"
FUNCTIONS = ("predict", "models", "feedback", "authorize")
ROW = '{"pclass": 1, "sex": "female", "age": 29}'
# What is in memory is read again as often as that, and not every half minute: a fault lasts seconds here.
REFRESH = "0.3"


START_SECONDS = 60.0


class Machine:
    """Runs its processes in a loop of its own; every method is called from outside of it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.log: list[str] = []
        self.key = ""
        self.prediction = new_ids(1)[0]
        # The sources of the outcomes that the function said it has kept.
        self.recorded: list[str] = []
        self._told = 0

    def run(self, work: Coroutine[Any, Any, Result], seconds: float = 120) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def start(self, published: Path) -> None:
        self._published = published
        self.start_store()
        self.store_proxy, self.parameter_proxy = (Proxy(self._port) for _ in range(2))
        for proxy in (self.store_proxy, self.parameter_proxy):
            self.run(proxy.start())
        text, key = make_key(["admin"], "faults", datetime.now(UTC))
        self.key, self._key = text, key
        self.fill()
        self._template = read_template(ROOT / "template.yaml")
        self.processes = {name: self.process(name) for name in FUNCTIONS}

    def stop(self) -> None:
        for process in self.processes.values():
            self.run(process.stop())
        for proxy in (self.store_proxy, self.parameter_proxy):
            self.run(proxy.stop())
        self.end_store()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def process(self, name: str, **settings: str) -> FunctionProcess:
        """A function of template.yaml, not started yet; what the proxies do meets it from the start."""
        environment = {
            "AWS_ENDPOINT_URL": self.store_proxy.url,
            "AWS_ENDPOINT_URL_SSM": self.parameter_proxy.url,
            "LIFEBOAT_STORE": f"s3://{BUCKET}",
            "LIFEBOAT_KEYS": f"ssm:{KEYS}",
            "LIFEBOAT_REFRESH_SECONDS": REFRESH,
            "LIFEBOAT_KEYS_REFRESH_SECONDS": REFRESH,
            **settings,
        }
        with exported(plain_environment(**environment)):
            function = self._template.functions[f"{name.capitalize()}Function"]
            return FunctionProcess(function, os.environ.copy(), lambda _, line: self.log.append(line))

    def start_store(self) -> None:
        """moto's server, on a free port: S3 and SSM."""
        with listen(0) as listener:
            port = port_of(listener)
        command = [sys.executable, "-m", "moto.server", "--host", HOST, "--port", str(port)]
        self._store = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._port = port
        until = time.monotonic() + START_SECONDS
        while not _answers(port):
            assert time.monotonic() < until, "moto's server did not start"
            time.sleep(0.1)

    def fill(self) -> None:
        """What the functions need, as if it had never been away: a champion, a prediction, a key."""
        with self.direct() as store:
            wait_for_parameters()
            store.create_bucket()
            original = FolderStore(str(self._published))
            for entry in original.list(""):
                store.put(entry.key, original.get(entry.key).body)
            line = logged_line(self.prediction, model=MODEL)
            store.put(f"{folder(datetime.now(UTC))}a.jsonl", line)
            add(SsmParameter(KEYS), self._key, datetime.now(UTC))

    @contextmanager
    def direct(self) -> Iterator[Store]:
        """The store without the proxy."""
        with exported(plain_environment(AWS_ENDPOINT_URL=f"http://{HOST}:{self._port}")):
            yield S3Store(BUCKET)

    def signal_store(self, number: signal.Signals) -> None:
        self._store.send_signal(number)

    def end_store(self) -> None:
        self._store.kill()
        self._store.wait()

    def replace_store(self) -> None:
        """Another one in the place of one that has died, with what the functions need."""
        self.end_store()
        self.start_store()
        self.store_proxy.upstream = self.parameter_proxy.upstream = self._port
        self.recorded.clear()
        self.fill()

    @contextmanager
    def fault(self, fault: Fault) -> Iterator[None]:
        """Both proxies do it for a while."""
        self.store_proxy.fault = self.parameter_proxy.fault = fault
        try:
            yield
        finally:
            self.store_proxy.fault = self.parameter_proxy.fault = NONE

    def ask(self, name: str, process: FunctionProcess | None = None) -> int:
        """One request to a function. Its status: of the authorizer 200, 401 or 503."""
        return self.run(self._asked(name, process or self.processes[name]))

    def ask_batch(self, process: FunctionProcess, table: str) -> int:
        """A batch of rows to predict, as CSV. Its status."""
        event = gateway.send(
            lambda event, _: event, "POST", "/predict/batch", table, headers={"content-type": "text/csv"}
        )
        return self.run(self._sent("predict", event, process))

    def drive(self, fates: dict[str, Fates], seconds: float) -> None:
        """Requests to all functions at once, one after the other to each, for so long, and two at least."""

        async def all_() -> None:
            await asyncio.gather(*(self._driven(name, fates[name], seconds) for name in fates))

        self.run(all_())

    async def _driven(self, name: str, fates: Fates, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until or fates.made < 2:
            fates.statuses[await self._asked(name, self.processes[name])] += 1

    async def _asked(self, name: str, process: FunctionProcess) -> int:
        self._told += 1
        source = f"{name}-{self._told}"
        event = self._event(name, source)
        status = await self._sent(name, event, process)
        if name == "feedback" and status == 200:
            self.recorded.append(source_of(caller_of(event).key_id, source))
        return status

    async def _sent(self, name: str, event: dict[str, Any], process: FunctionProcess) -> int:
        try:
            answer = await process.invoke(event)
        except FunctionError as error:
            self.log.append(f"{name}: {error}")
            return LOST
        if name == "authorize":
            context = answer["context"]
            return 503 if context["unavailable"] else 401 if context["denied"] else 200
        return int(answer["statusCode"])

    def _event(self, name: str, source: str) -> dict[str, Any]:
        if name == "authorize":
            event = gateway.read_event("authorizer_request")
            event |= {"rawPath": "/predict", "rawQueryString": ""}
            event["headers"] |= {"x-api-key": self.key}
            return event
        outcome = json.dumps({"prediction_id": self.prediction, "survived": True, "source": source})
        method, path, body = {
            "predict": ("POST", "/predict", ROW),
            "models": ("GET", "/models", None),
            "feedback": ("POST", "/feedback", outcome),
        }[name]
        scopes = "admin predict feedback"
        return gateway.send(lambda event, _: event, method, path, body, scopes=scopes)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
