"""Everything template.yaml declares, running on this machine, and stopped without a trace."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NoReturn, cast

from functions.core.base.errors import NotFound
from functions.core.registry.models import check_model_name
from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.local.issuer import PREFIX, Issuer
from functions.local.machine import Machine, OnOutcome
from functions.local.platform.debugged_function import find_function
from functions.local.platform.function_process import OnLog
from functions.local.platform.http_server import serve_http
from functions.local.platform.shipping import shipping_all
from functions.local.platform.template import Template, read_template
from functions.local.process import environment
from functions.local.process.child import ROOT
from functions.local.process.environment import (
    REGION,
    Credentials,
    asks_for_embedded_store,
    exported,
    needed_of,
    replaced,
)
from functions.local.process.listening import HOST
from functions.local.process.state import BUILD
from functions.local.run_key import api_key
from functions.local.store.embedded import EmbeddedStore, start_embedded_store
from functions.local.store.folder import KeptFolder, held
from functions.local.store.kept import start_kept_store

PORT = 8000
STORE_PORT = 9000
KEYS = BUILD / "keys.json"


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, and the ports to try first.

    every: all schedules are due every so many seconds, not when they say. model: of the routes that name
    none; None: the one that the environment names, else the template's. log_requests: log a line for each.
    origins: of the sites whose pages may call the API, as the template's parameter `AllowedOrigins` takes
    them; empty: the template's own. folder: where the store that is started here keeps everything; None: in
    memory, until the end. rest_after: the process of a function that nobody has used for so long is ended,
    until the next request; None: it stays. debug: the function that runs in this process, where a debugger
    reaches it, and that may take as long as it likes.
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
    debug: str | None = None


class StoreLost(Exception):
    """The process of the embedded store has ended."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where everything is. `endpoint` is None for a store that needs none (a folder, or S3 itself).
    `model` is the one of the routes that name none.

    `keys` is where the API's keys are kept, `key` is one that ends with the run; a template without an
    authorizer has neither. `server` is the embedded store, if there is one. `issuer` knows the people of the
    demo; there is none without an authorizer, or where LIFEBOAT_LOGIN_ISSUER names another provider.
    `pending` are the keys of uploads that an earlier run was stopped at: their functions are told again.
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
    pending: tuple[str, ...] = ()

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

    Raises `ValueError` for options that the template does not know or allow.

    Long because what is started is a list, in its order: each thing needs those above it, and ends before
    them.
    """
    async with AsyncExitStack() as stack:
        embedded = asks_for_embedded_store(os.environ)
        # Of this process and its children alike: both talk to the store.
        stack.enter_context(replaced(needed_of(os.environ)))
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION
        template = _read_template(options, region)
        debugged = find_function(template, options.debug) if options.debug else None
        address = os.environ.get(environment.STORE) or declared(template, environment.STORE)
        model = options.model or os.environ.get(environment.DEFAULT_MODEL)
        model = check_model_name(model or declared(template, environment.DEFAULT_MODEL))
        server = folder = None
        if embedded:
            folder = stack.enter_context(held(options.folder)) if options.folder else None
            server = await _start_store(options.store_port, folder, lambda line: on_log("store", line))
            stack.push_async_callback(server.stop)
            stack.enter_context(exported(server.environment))
        stack.enter_context(exported({environment.STORE: address, environment.DEFAULT_MODEL: model}))
        store = await asyncio.to_thread(_ready_store, address, embedded=embedded)
        # Who promotes a version, or makes a key, by hand does not want to wait until it counts.
        for refresh in ("LIFEBOAT_REFRESH_SECONDS", "LIFEBOAT_KEYS_REFRESH_SECONDS"):
            stack.enter_context(exported({refresh: os.environ.get(refresh, "1")}))
        keys = _place_of_keys(template, embedded=embedded, folder=folder)
        key = issuer = None
        if keys:
            if not os.environ.get(environment.LOGIN_ISSUER):
                issuer = Issuer()
                stack.enter_context(exported(issuer.environment()))
            stack.enter_context(exported({environment.KEYS: keys}))
            on_trouble = _unless_lost(server, lambda text: on_log("keys", text))
            key = await stack.enter_async_context(api_key(keys, on_trouble, folder))
        on_line = await stack.enter_async_context(shipping_all(store, template.shipments, on_log))
        machine = Machine(
            *(template, store, address.removeprefix("s3://"), region, on_line, on_outcome),
            every=options.every,
            rest_after=options.rest_after,
            log_requests=options.log_requests,
            debugged=debugged,
            beside={PREFIX: issuer.answer} if issuer else {},
            deliveries=folder.deliveries if folder else None,
        )
        stack.push_async_callback(machine.stop)
        await machine.start()
        port = await stack.enter_async_context(serve_http(machine.gateway, options.port))
        endpoint = os.environ.get(environment.ENDPOINT)
        api = f"http://{HOST}:{port}"
        if embedded:
            await asyncio.to_thread(_allow_uploads, store, api)
        yield Running(
            *(api, address, endpoint, store, embedded, keys, key, model, server, issuer),
            pending=tuple(machine.pending),
        )


def declared(template: Template, variable: str) -> str:
    """What the template sets a variable of its functions to. Raises `ValueError` where it sets none."""
    for function in template.functions.values():
        if value := function.environment.get(variable):
            return value
    raise ValueError(f"no function of the template has a {variable}")


def _read_template(options: Options, region: str) -> Template:
    parameters = {"AllowedOrigins": ",".join(options.origins)} if options.origins else {}
    if tracking := os.environ.get(environment.TRACKING):
        parameters["TrackingUri"] = tracking
    return read_template(options.template, region=region, **parameters)


async def _start_store(port: int, folder: KeptFolder | None, on_line: Callable[[str], None]) -> EmbeddedStore:
    return await (start_kept_store(port, folder, on_line) if folder else start_embedded_store(port, on_line))


def _unless_lost(server: EmbeddedStore | None, say: Callable[[str], None]) -> Callable[[str], None]:
    """Say what went wrong with the keys, but not of a store that has died: its keys are gone as well."""
    return lambda text: say(text) if server is None or server.child.alive else None


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


def _allow_uploads(store: Store, api: str) -> None:
    """Let the pages send files to the store that is started here; what a store of the caller's own lets pages
    do, the caller has said."""
    # Imported here: boto3 costs a fifth of a second, which a folder needs none of.
    from functions.core.storage.s3 import S3Store

    if isinstance(store, S3Store):
        store.allow_uploads_from(api)
