"""Everything template.yaml declares, running on this machine, and stopped without a trace."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, cast

import uvicorn

from functions.core.base.errors import LifeboatError, NotFound
from functions.core.identity.key_list import add, revoke
from functions.core.identity.keys import make_key
from functions.core.registry.models import check_model_name
from functions.core.storage.contract import Entry, Store
from functions.core.storage.opening import open_store
from functions.core.storage.parameter import Parameter
from functions.core.storage.parameter_opening import open_parameter
from functions.local import environment
from functions.local.child import ROOT
from functions.local.embedded_store import EmbeddedStore, start_embedded_store
from functions.local.environment import (
    REGION,
    Credentials,
    asks_for_embedded_store,
    exported,
    needed_of,
    replaced,
)
from functions.local.events import UploadWatcher, next_time, s3_put_event, scheduled_event
from functions.local.function_process import FunctionProcess, OnLog, Outcome, deliver
from functions.local.gateway import Answer, Gateway
from functions.local.issuer import PREFIX, Issuer
from functions.local.kept_folder import Deliveries, KeptFolder, held
from functions.local.kept_store import start_kept_store
from functions.local.listening import HOST, listen, port_of
from functions.local.monitoring.exposition import Exposition
from functions.local.monitoring.metrics import Metrics
from functions.local.shipping import shipping
from functions.local.state import BUILD
from functions.local.template import Schedule, Template, UploadTrigger, read_template

PORT = 8000
STORE_PORT = 9000
POLL_SECONDS = 0.5
KEYS = BUILD / "keys.json"
# A runner that is killed cannot revoke its key.
KEY_DAYS = 1

OnOutcome = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, and the ports to try first.

    every: all schedules are due every so many seconds, not when they say. model: of the routes that name
    none; None: the one that the environment names, else the template's. log_requests: log a line for each.
    origins: of the sites whose pages may call the API, as the template's parameter `AllowedOrigins` takes
    them; empty: the template's own. folder: where the store that is started here keeps everything; None: in
    memory, until the end. rest_after: the process of a function that nobody has used for so long is ended,
    until the next request; None: it stays.
    """

    port: int = PORT
    store_port: int = STORE_PORT
    template: Path = field(default=ROOT / "template.yaml")
    every: timedelta | None = None
    model: str | None = None
    log_requests: bool = False
    origins: tuple[str, ...] = ()
    folder: Path | None = None
    rest_after: timedelta | None = None


class StoreLost(Exception):
    """The process of the embedded store has ended."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where everything is. `endpoint` is None for a store that needs none (a folder, or S3 itself).
    `model` is the one of the routes that name none.

    `keys` is where the API's keys are kept, `key` is one that ends with the run; a template without an
    authorizer has neither. `server` is the embedded store, if there is one. `issuer` knows the people of the
    demo; there is none without an authorizer, or where LIFEBOAT_LOGIN_ISSUER names another provider.
    """

    api: str
    address: str
    endpoint: str | None
    store: Store
    embedded: bool
    keys: str | None
    key: str | None
    model: str
    server: EmbeddedStore | None = None
    issuer: Issuer | None = None

    @property
    def credentials(self) -> Credentials | None:
        return self.server.credentials if self.server else None

    @property
    def kept(self) -> Path | None:
        """The folder in which the embedded store keeps everything; None where it keeps nothing."""
        return self.server.folder if self.server else None

    async def store_lost(self) -> NoReturn:
        """Wait for the end of the embedded store, which nobody wants. Raises `StoreLost`."""
        if self.server is None:
            await asyncio.get_running_loop().create_future()
        code = await cast(EmbeddedStore, self.server).child.wait()
        how = f"exit status {code}" if code >= 0 else f"signal {-code}"
        kept = self.kept
        rest = f"what it has kept is in {kept}" if kept else "what it held in memory is gone"
        raise StoreLost(f"the embedded store's process ended ({how}), and {rest}; start again")

    def url_of(self, model: str) -> str:
        """The beginning of the addresses of the routes about a model."""
        return self.api if model == self.model else f"{self.api}/models/{model}"


@asynccontextmanager
async def running(options: Options, on_log: OnLog, on_outcome: OnOutcome) -> AsyncIterator[Running]:
    """Run the template: store, functions, gateway, upload notifications, schedules, shipping of logs.

    `on_log` is given every line the functions write, with their id, but those that are shipped to the store;
    `on_outcome` how every event ended.
    A store named in the environment (LIFEBOAT_STORE, AWS_ENDPOINT_URL) is used instead of the embedded one.
    The keys are then in a file of this machine, unless LIFEBOAT_KEYS names another place.
    """
    async with AsyncExitStack() as stack:
        embedded = asks_for_embedded_store(os.environ)
        # Of this process and its children alike: both talk to the store.
        stack.enter_context(replaced(needed_of(os.environ)))
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION
        parameters = {"AllowedOrigins": ",".join(options.origins)} if options.origins else {}
        if tracking := os.environ.get(environment.TRACKING):
            parameters["TrackingUri"] = tracking
        template = read_template(options.template, region=region, **parameters)
        server = folder = None
        if embedded:
            folder = stack.enter_context(held(options.folder)) if options.folder else None
            server = await _start_store(options.store_port, folder, lambda line: on_log("store", line))
            stack.push_async_callback(server.stop)
            stack.enter_context(exported(server.environment))
        address = os.environ.get(environment.STORE) or declared(template, environment.STORE)
        model = options.model or os.environ.get(environment.DEFAULT_MODEL)
        model = check_model_name(model or declared(template, environment.DEFAULT_MODEL))
        stack.enter_context(exported({environment.STORE: address, environment.DEFAULT_MODEL: model}))
        store = await asyncio.to_thread(_ready_store, address, embedded=embedded)
        keys = _place_of_keys(template, embedded=embedded, folder=folder)
        key = issuer = None
        if keys:
            if not os.environ.get(environment.LOGIN_ISSUER):
                issuer = Issuer()
                stack.enter_context(exported(issuer.environment()))
            # Who makes a key by hand does not want to wait a minute until it counts.
            refresh = os.environ.get("LIFEBOAT_KEYS_REFRESH_SECONDS", "1")
            stack.enter_context(exported({environment.KEYS: keys, "LIFEBOAT_KEYS_REFRESH_SECONDS": refresh}))

            def not_revoked(text: str) -> None:
                # With a store that has died, its keys are gone as well.
                if server is None or server.child.alive:
                    on_log("keys", text)

            key = await stack.enter_async_context(api_key(keys, not_revoked, folder))
        on_line = await stack.enter_async_context(_shipped(template, store, on_log))
        machine = _Machine(
            *(template, store, address.removeprefix("s3://"), region, options, on_line, on_outcome),
            beside={PREFIX: issuer.answer} if issuer else {},
            deliveries=folder.deliveries if folder else None,
        )
        stack.push_async_callback(machine.stop)
        await machine.start()
        port = await stack.enter_async_context(_served(machine.gateway, options.port))
        endpoint = os.environ.get(environment.ENDPOINT)
        api = f"http://{HOST}:{port}"
        yield Running(api, address, endpoint, store, embedded, keys, key, model, server, issuer)


class _Machine:
    """The functions of a template and what invokes them."""

    def __init__(
        self,
        template: Template,
        store: Store,
        bucket: str,
        region: str,
        options: Options,
        on_log: OnLog,
        on_outcome: OnOutcome,
        *,
        beside: Mapping[str, Answer],
        deliveries: Deliveries | None,
    ) -> None:
        self._template = template
        self._store = store
        self._bucket = bucket
        self._region = region
        self._every = options.every
        self._deliveries = deliveries
        self._on_log = on_log
        self._on_outcome = on_outcome
        self._tasks: set[asyncio.Task[None]] = set()
        self._rest_after = options.rest_after
        self._metrics = Metrics(template.functions)
        self._functions = {
            id_: FunctionProcess(function, os.environ.copy(), self._on_line, region=region)
            for id_, function in template.functions.items()
        }
        on_request = self._log_request if options.log_requests else None
        self.gateway = Gateway(
            *(template.routes, self._functions, on_log, on_request),
            beside=beside,
            cors=template.cors,
            metrics=Exposition(
                self._metrics,
                store,
                lambda: {id_: process.is_running for id_, process in self._functions.items()},
            ),
        )

    async def start(self) -> None:
        for trigger in self._template.uploads:
            watcher = await asyncio.to_thread(UploadWatcher, self._store, trigger, self._deliveries)
            self._spawn(self._watch(trigger, watcher))
        for schedule in self._template.schedules:
            self._spawn(self._keep(schedule))
        if self._rest_after:
            self._spawn(self._rest(self._rest_after.total_seconds()))

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(process.stop() for process in self._functions.values()))

    def _on_line(self, function: str, line: str) -> None:
        self._metrics.read_line(line)
        self._on_log(function, line)

    async def _rest(self, seconds: float) -> None:
        """Have functions rest that nobody uses."""
        while True:
            await asyncio.sleep(seconds / 4)
            for id_, process in self._functions.items():
                if await process.stop_if_unused(seconds):
                    self._on_log("runner", f"{id_} rests: nobody has used it for {seconds:.0f} s")

    def _log_request(self, method: str, path: str, status: int, seconds: float) -> None:
        self._on_log("request", f"{method} {path} {status} {seconds * 1000:.0f} ms")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._on_log("runner", f"work in the background ended: {error!r}; start again")

    async def _watch(self, trigger: UploadTrigger, watcher: UploadWatcher) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                uploads = await asyncio.to_thread(watcher.changes)
            except LifeboatError as error:
                self._on_log("store", str(error))
                continue
            except Exception as error:
                # Whatever a listing holds, it must not end the watching of all uploads to come.
                self._on_log("store", f"uploads could not be looked for: {error!r}")
                continue
            for entry in uploads:
                event = s3_put_event(self._bucket, entry, configuration=trigger.id, region=self._region)
                self._spawn(self._deliver_upload(trigger.function, event, entry))

    async def _keep(self, schedule: Schedule) -> None:
        due = datetime.now(UTC)
        while True:
            last = max(due, datetime.now(UTC))
            due = last + self._every if self._every else next_time(schedule.expression, last)
            await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
            event = scheduled_event(schedule, due, region=self._region)
            self._spawn(self._deliver(schedule.function, event))

    async def _deliver_upload(self, function: str, event: Any, entry: Entry) -> None:
        await self._deliver(function, event)
        if self._deliveries:
            self._deliveries.add(entry)

    async def _deliver(self, function: str, event: Any) -> None:
        with self._metrics.waiting(function):
            outcome = await deliver(self._functions[function], event)
        self._metrics.count_outcome(outcome)
        self._on_outcome(outcome)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: Ctrl-C stops the runner, and the runner stops the server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _served(gateway: Gateway, port: int) -> AsyncIterator[int]:
    with listen(port) as listener:
        server = _Server(
            uvicorn.Config(
                gateway, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=3
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            # The socket listens already: a request that comes before the server is up waits in its queue.
            yield port_of(listener)
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def _shipped(template: Template, store: Store, on_log: OnLog) -> AsyncIterator[OnLog]:
    """An `OnLog` that ships what the template has shipped, and hands on the rest."""
    async with AsyncExitStack() as stack:
        shippers = [
            await stack.enter_async_context(shipping(store, shipment, lambda text: on_log("store", text)))
            for shipment in template.shipments
        ]

        def on_line(function: str, line: str) -> None:
            if not any(shipper.take(function, line) for shipper in shippers):
                on_log(function, line)

        yield on_line


@asynccontextmanager
async def api_key(
    place: str, on_trouble: Callable[[str], None], folder: KeptFolder | None = None
) -> AsyncIterator[str]:
    """A key that may do everything while this runs, among those kept at `place`; revoked at the end.

    That of a runner of the folder that was killed is revoked now.

    Raises `StoreUnavailable`, `UnusableKeys`, `ParameterFull`, and `ValueError` when `place` is none.
    """
    now = datetime.now(UTC)
    text, key = make_key(["admin"], "make run", now, KEY_DAYS)
    parameter: Parameter = await asyncio.to_thread(open_parameter, place)
    if folder:
        if folder.before and folder.before.key_id:
            with suppress(NotFound):
                await asyncio.to_thread(revoke, parameter, folder.before.key_id, now)
        folder.note_key(key.id)
    await asyncio.to_thread(add, parameter, key, now)
    try:
        yield text
    finally:
        try:
            revoke(parameter, key.id, datetime.now(UTC))
        except LifeboatError as error:
            on_trouble(f"the key {key.id} was not revoked, it expires within a day: {error}")


def declared(template: Template, variable: str) -> str:
    """What the template sets a variable of its functions to. Raises `ValueError` where it sets none."""
    for function in template.functions.values():
        if value := function.environment.get(variable):
            return value
    raise ValueError(f"no function of the template has a {variable}")


async def _start_store(port: int, folder: KeptFolder | None, on_line: Callable[[str], None]) -> EmbeddedStore:
    return await (start_kept_store(port, folder, on_line) if folder else start_embedded_store(port, on_line))


def _place_of_keys(template: Template, *, embedded: bool, folder: KeptFolder | None) -> str | None:
    """The store in memory keeps parameters too; beside a store of another kind there may be no such place."""
    authorizers = {route.authorizer for route in template.routes if route.authorizer}
    if not authorizers:
        return None
    if named := os.environ.get(environment.KEYS):
        return named
    if folder:
        return str(folder.keys)
    if not embedded:
        return str(KEYS)
    return template.functions[authorizers.pop()].environment[environment.KEYS]


def _ready_store(address: str, *, embedded: bool) -> Store:
    """The store, made if it does not exist. Of the caller's own, nothing is asked but a listing."""
    store = open_store(address)
    if embedded:
        store.create_bucket()
        return store
    try:
        next(store.list("registry/"), None)
    except NotFound:
        store.create_bucket()
    return store
