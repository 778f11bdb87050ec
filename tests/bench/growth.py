"""The monitor and the labelling queue with a long log: time, memory, and requests to the store.

`python -m tests.bench.growth` (`make bench-growth`). A day of the log of 50 models is written as Firehose
writes it, into a folder that is deleted afterwards. Then the monitor has the hour of its schedule: with all
of the day but its last hour to be read, with that hour, with nothing new. And the queue is asked for its
first page, by a process that has read nothing yet, and again. Each time the Lambda handler is called, in a
process of its own.

The folder answers as S3 would: a listing does not read what it lists. With `--latency` each request takes so
many milliseconds, and objects come at `--bandwidth` MB a second, all connections together.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from time import perf_counter, process_time, sleep
from types import ModuleType
from typing import Any

from functions.core.predictions import labels
from functions.core.storage.contract import Blob, Entry, Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local.platform.template import read_template
from functions.local.process.child import ROOT
from functions.monitor.state import read_state
from tests.bench.feedback import EVENT
from tests.bench.growth_log import Written, names_of, publish_models, write_log

_MIB = 2**20
_LABELS = 20


@dataclass(frozen=True, slots=True)
class Network:
    """How far away the store is: seconds a request, bytes a second."""

    latency: float = 0.0
    bandwidth: float = 0.0


class CountingStore(FolderStore):
    """A folder that counts what is asked of it, and lists the log without reading it."""

    def __init__(self, root: str, network: Network) -> None:
        super().__init__(root)
        self.requests: Counter[str] = Counter()
        self.bytes_read = 0
        self._network = network
        self._line = Lock()

    def get(self, key: str) -> Blob:
        blob = super().get(key)
        self._count(f"GET {key.partition('/')[0]}", len(blob.body))
        return blob

    def head(self, key: str, version_id: str | None = None) -> Entry:
        self._count("HEAD")
        return super().head(key, version_id)

    def list(self, prefix: str) -> Iterator[Entry]:
        kind = f"LIST {prefix.partition('/')[0]}"
        self._count(kind)
        for number, entry in enumerate(super().list(prefix), start=1):
            if number % 1_000 == 0:
                self._count(kind)
            yield entry

    def _entry(self, key: str) -> Entry:
        if not key.startswith("predictions/"):
            return super()._entry(key)
        found = self._path_to_read(key).stat()
        modified = datetime.fromtimestamp(found.st_mtime, UTC)
        return Entry(key, found.st_size, f'"{found.st_mtime_ns:x}"', modified)

    def put(self, key: str, body: bytes) -> str:
        self._count("PUT")
        return super().put(key, body)

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> str:
        self._count("PUT")
        return super().create(key, body, metadata=metadata)

    def replace(self, key: str, body: bytes, *, etag: str, metadata: Mapping[str, str] | None = None) -> str:
        self._count("PUT")
        return super().replace(key, body, etag=etag, metadata=metadata)

    def _count(self, kind: str, size: int = 0) -> None:
        with self._line:
            self.requests[kind] += 1
            self.bytes_read += size
        if self._network.latency:
            sleep(self._network.latency)
        if self._network.bandwidth and size:
            # One line for all connections.
            with self._line:
                sleep(size / self._network.bandwidth)


@dataclass(frozen=True, slots=True)
class Measured:
    """seconds by the clock, and processor: seconds of a core; memory: bytes at most; requests by their kind;
    answer: what was answered."""

    seconds: float
    processor: float
    memory: int
    requests: Mapping[str, int]
    bytes_read: int
    answer: Any = field(repr=False)

    def shown(self, name: str) -> str:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.requests.items()))
        return (
            f"{name:<26}{self.seconds:7.1f} s {self.processor:7.1f} s of a core "
            f"{self.memory / _MIB:6,.0f} MiB; {self.bytes_read / _MIB:,.0f} MiB read: {kinds}"
        )


class _Context:
    """What Lambda tells of an invocation: the time that is left."""

    def __init__(self, seconds: float) -> None:
        self._end = perf_counter() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - perf_counter()) * 1000)


def watch(root: str, network: Network, seconds: float) -> Measured:
    """One hour of the monitor's schedule, in this process."""
    from functions.monitor import handler, service

    store = _opened(service, root, network)
    began = _Began()
    answer = handler.handler({"source": "aws.events"}, _Context(seconds))
    return _measured(began, store, answer)


def ask_queue(root: str, network: Network, models: list[str]) -> list[Measured]:
    """The first page of each model's queue, one after the other in this process, which reads the log anew."""
    import asyncio

    asyncio.set_event_loop(asyncio.new_event_loop())
    from functions.feedback import service

    store = _opened(service, root, network)
    from functions.feedback.handler import handler

    found = []
    for model in models:
        path = f"/models/{model}/feedback/queue"
        event = json.loads(EVENT.read_text()) | {"rawPath": path, "rawQueryString": "", "body": None}
        event["routeKey"] = event["requestContext"]["routeKey"] = f"GET {path}"
        event["requestContext"]["http"] |= {"method": "GET", "path": path}
        event["requestContext"]["authorizer"]["lambda"]["scopes"] = "feedback"
        store.requests.clear()
        store.bytes_read = 0
        began = _Began()
        answer = handler(event, None)
        found.append(_measured(began, store, json.loads(answer["body"])))
    return found


def _opened(service: ModuleType, root: str, network: Network) -> CountingStore:
    """The store that a function of this process will use."""
    store = CountingStore(root, network)
    os.environ |= {"LIFEBOAT_STORE": root, "LIFEBOAT_DEFAULT_MODEL": names_of(1)[0]}
    setattr(service, "open_store", lambda _: store)  # noqa: B010
    # The figures for CloudWatch, and warnings.
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    return store


@dataclass(frozen=True, slots=True)
class _Began:
    """When something began."""

    clock: float = field(default_factory=perf_counter)
    processor: float = field(default_factory=process_time)


def _measured(began: _Began, store: CountingStore, answer: Any) -> Measured:
    seconds, processor = perf_counter() - began.clock, process_time() - began.processor
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Measured(seconds, processor, memory, dict(store.requests), store.bytes_read, answer)


def alone(function: Any, *arguments: Any) -> Any:
    """What a function returns in a new process, whose memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def label_some(store: Store, written: Written, count: int) -> None:
    """Report the outcomes of some of the last predictions of each model, as the queue hands these out."""
    for name, ids in written.ids.items():
        view = ModelStore(store, name)
        for number, id_ in enumerate(ids[-count:]):
            labels.record(view, id_, outcome=number % 3 == 0, key_id="bench", request_id="", vouched=True)


def counted(store: Store, names: list[str]) -> Counter[str]:
    """The predictions that the monitor has counted, by model."""
    found: Counter[str] = Counter()
    for name in names:
        held = read_state(ModelStore(store, name))
        hours = held[0].traffic.values() if held else ()
        found[name] = sum(sum(hour.versions.values()) for hour in hours)
    return found


def main() -> int:
    options = _options()
    network = Network(options.latency / 1000, options.bandwidth * 1e6)
    names = names_of(options.models)
    with tempfile.TemporaryDirectory(prefix="lifeboat-growth-", dir=options.scratch) as root:
        store = CountingStore(root, Network())
        publish_models(store, names)
        now = datetime.now(UTC)
        before, last = options.predictions * 23 // 24, options.predictions // 24
        print(f"Writing {before + last:,} predictions of {len(names)} models ...", flush=True)
        hour = timedelta(hours=1)
        written = write_log(store, names, before, now - 23 * hour, now - hour)
        print(f"{written.size / _MIB:,.0f} MiB in {written.objects} objects", flush=True)
        label_some(store, written, options.labels)
        print(alone(watch, root, network, options.timeout).shown("monitor, 23 hours at once"), flush=True)
        wrong = _lost(counted(store, names), written.predictions)
        newest = write_log(store, names, last, now - hour, now, seed=1)
        label_some(store, newest, options.labels)
        print(alone(watch, root, network, options.timeout).shown("monitor, one hour"), flush=True)
        wrong += _lost(counted(store, names), written.predictions + newest.predictions)
        print(alone(watch, root, network, options.timeout).shown("monitor, nothing new"), flush=True)
        pages = alone(ask_queue, root, network, [names[0], names[0], names[-1]])
        for which, page in zip(("first page", "again", "of the rarest"), pages, strict=True):
            print(page.shown(f"queue, {which}"), page.answer["looked_at"], flush=True)
    print("\n".join(wrong) or "every prediction was counted, each once")
    return 1 if wrong else 0


def _lost(found: Counter[str], expected: Counter[str]) -> list[str]:
    wrong = [name for name in expected if found[name] != expected[name]]
    return [
        f"of {len(wrong)} models the count is wrong: {found.total():,} of {expected.total():,} predictions"
    ] * bool(wrong)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--predictions", type=int, default=10_000_000, help="of a day")
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--labels", type=int, default=_LABELS, help="of each model, before each run")
    timeout = read_template(ROOT / "template.yaml").functions["MonitorFunction"].timeout
    parser.add_argument("--timeout", type=float, default=timeout, help="seconds that an invocation has")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds of each request to the store")
    parser.add_argument("--bandwidth", type=float, default=0, help="MB a second; 0 for a folder's")
    parser.add_argument("--scratch", help="where the log is written, 450 bytes a prediction")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
