"""Ships lines of a function's log to the store, as CloudWatch Logs and Firehose do in the cloud."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime

from functions.core.base.errors import LifeboatError
from functions.core.storage.contract import Store
from functions.local.platform.shipments import Shipment

# Firehose collects for minutes. Whoever sits in front of a laptop wants to see what was logged.
SECONDS = 0.5

OnTrouble = Callable[[str], None]
# Told the id of a function and a line that it has logged.
OnLine = Callable[[str, str], None]


class Shipper:
    """Collects the lines of one shipment until they are written, all of them to one object."""

    def __init__(self, store: Store, shipment: Shipment, on_trouble: OnTrouble) -> None:
        self._store = store
        self._shipment = shipment
        self._on_trouble = on_trouble
        # Within a JSON string the quotes would be escaped: this can only be a name and its value.
        messages = "|".join(map(re.escape, shipment.messages))
        self._pattern = re.compile(rf'"message":\s*"(?:{messages})"')
        self._lines: list[str] = []
        self._since = datetime.min.replace(tzinfo=UTC)

    @property
    def waiting(self) -> int:
        """How many lines were collected and are not written yet."""
        return len(self._lines)

    def take(self, function: str, line: str) -> bool:
        """Keep a line that is to be shipped. Returns whether it is."""
        if function != self._shipment.function or not self._pattern.search(line):
            return False
        if not self._lines:
            self._since = datetime.now(UTC)
        self._lines.append(line)
        return True

    async def ship(self) -> None:
        """Write what was collected. What cannot be written is kept for the next time."""
        if not self._lines:
            return
        lines, since, self._lines = self._lines, self._since, []
        try:
            await asyncio.to_thread(self._write, lines, since)
        except LifeboatError as error:
            self._lines, self._since = lines + self._lines, since
            self._on_trouble(f"{len(self._lines)} lines of the log are not shipped yet: {error}")

    def _write(self, lines: list[str], since: datetime) -> None:
        shipment = self._shipment
        # Named as Firehose names objects; 1 is the version of the stream's configuration.
        name = f"{shipment.stream}-1-{since:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{shipment.extension}"
        self._store.put(f"{since.strftime(shipment.prefix)}{name}", "\n".join([*lines, ""]).encode())


@asynccontextmanager
async def shipping(store: Store, shipment: Shipment, on_trouble: OnTrouble) -> AsyncIterator[Shipper]:
    """Ship at short intervals, and at the end what is left; `on_trouble` is told what could not be."""
    shipper, ended = Shipper(store, shipment, on_trouble), asyncio.Event()

    async def ship_until_the_end() -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), SECONDS)
            await shipper.ship()

    # Not cancelled at the end: an object that is being written would be lost with the store that goes next.
    task = asyncio.create_task(ship_until_the_end())
    try:
        yield shipper
    finally:
        ended.set()
        await task
        if shipper.waiting:
            on_trouble(f"{shipper.waiting} lines of the log are lost: they could not be shipped in time")


@asynccontextmanager
async def shipping_all(store: Store, shipments: Iterable[Shipment], on_log: OnLine) -> AsyncIterator[OnLine]:
    """What is to be told of every line: it ships those of the shipments, and hands on the others."""
    async with AsyncExitStack() as stack:
        shippers = [
            await stack.enter_async_context(shipping(store, shipment, lambda text: on_log("store", text)))
            for shipment in shipments
        ]

        def on_line(function: str, line: str) -> None:
            if not any(shipper.take(function, line) for shipper in shippers):
                on_log(function, line)

        yield on_line
