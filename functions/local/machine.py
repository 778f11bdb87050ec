"""The functions of a template and what invokes them: the gateway, uploads, schedules."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.core.storage.contract import Entry, Store
from functions.local.monitoring.exposition import Exposition
from functions.local.monitoring.metrics import Metrics
from functions.local.platform.debugged_function import DebuggedFunction
from functions.local.platform.events import UploadWatcher, next_time, s3_put_event, scheduled_event
from functions.local.platform.function_process import (
    FunctionProcess,
    OnLog,
    Outcome,
    RunningFunction,
    deliver,
)
from functions.local.platform.gateway import Answer, Gateway
from functions.local.platform.template import Schedule, Template, UploadTrigger
from functions.local.store.folder import Deliveries

POLL_SECONDS = 0.5

OnOutcome = Callable[[Outcome], None]


class Machine:
    """The functions of a template and what invokes them."""

    def __init__(
        self,
        template: Template,
        store: Store,
        bucket: str,
        region: str,
        on_log: OnLog,
        on_outcome: OnOutcome,
        *,
        every: timedelta | None = None,
        rest_after: timedelta | None = None,
        log_requests: bool = False,
        debugged: str | None = None,
        beside: Mapping[str, Answer] | None = None,
        deliveries: Deliveries | None = None,
    ) -> None:
        """`Options` says what most of it means. debugged: the id of the function in this process."""
        self._template = template
        self._store = store
        self._bucket = bucket
        self._region = region
        self._every = every
        self._deliveries = deliveries
        self._on_log = on_log
        self._on_outcome = on_outcome
        self._tasks: set[asyncio.Task[None]] = set()
        self.pending: list[str] = []
        """The keys of uploads that an earlier run was stopped at: their functions are told of them again."""
        self._rest_after = rest_after
        self._metrics = Metrics(template.functions)
        self._functions: dict[str, RunningFunction] = {
            id_: (DebuggedFunction if id_ == debugged else FunctionProcess)(
                function, os.environ.copy(), self._on_line, region=region
            )
            for id_, function in template.functions.items()
        }
        self.gateway = Gateway(
            *(template.routes, self._functions, on_log, self._log_request if log_requests else None),
            beside=beside,
            cors=template.cors,
            metrics=Exposition(
                self._metrics,
                store,
                lambda: {id_: function.is_running for id_, function in self._functions.items()},
            ),
            unhurried=debugged,
        )

    async def start(self) -> None:
        for trigger in self._template.uploads:
            watcher = await asyncio.to_thread(UploadWatcher, self._store, trigger, self._deliveries)
            self.pending += watcher.pending
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
