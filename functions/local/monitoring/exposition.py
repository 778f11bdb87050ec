"""What Prometheus is answered: the metrics of the runner, and which version of each model is in service."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client import Metric, exposition
from prometheus_client.core import GaugeMetricFamily
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.core.base.errors import LifeboatError, NoChampion, UnusableModel
from functions.core.registry import deployment
from functions.core.registry.models import names
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from functions.local.monitoring.metrics import MAX_MODELS, Metrics

# Two objects and two listings are read for each model: Prometheus may ask more often than that is worth.
REFRESH_SECONDS = 10.0


class _InService(NamedTuple):
    version: str
    promoted_at: float
    promotion: int


class _Registry(NamedTuple):
    """What the registry says. is_up: whether the store answered; more: models that are not shown."""

    is_up: bool
    champions: Mapping[str, _InService]
    more: int = 0


class Exposition:
    """Answers GET /metrics. It has no key: the gateway listens to this machine alone, and nobody's page may
    read the answer (no header of CORS)."""

    def __init__(self, metrics: Metrics, store: Store, running: Callable[[], Mapping[str, bool]]) -> None:
        """running: of each function, whether it has a process now."""
        self._metrics = metrics
        self._store = store
        self._running = running
        self._read = _Registry(is_up=False, champions={})
        self._until = 0.0
        self._reading = asyncio.Lock()
        metrics.registry.register(self)

    def count_request(self, function: str | None, status: int, seconds: float) -> None:
        self._metrics.count_request(function, status, seconds)

    async def answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return JSONResponse({"message": "Method Not Allowed"}, 405, {"allow": "GET, HEAD"})
        async with self._reading:
            if time.monotonic() >= self._until:
                self._read = await asyncio.to_thread(_read_registry, self._store, self._read)
                self._until = time.monotonic() + REFRESH_SECONDS
        encode, content_type = exposition.choose_encoder(request.headers.get("accept", ""))
        body: bytes = encode(self._metrics.registry)
        return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})

    def collect(self) -> Iterator[Metric]:
        """What is so at the moment, for the registry of prometheus_client."""
        yield GaugeMetricFamily(
            "lifeboat_store_up", "1: the store answered when it was last asked", float(self._read.is_up)
        )
        yield GaugeMetricFamily(
            "lifeboat_models_not_shown", f"Models beyond the first {MAX_MODELS}", float(self._read.more)
        )
        info = GaugeMetricFamily(
            "lifeboat_model_info",
            "1: the version of the model that is in service",
            labels=["model", "version"],
        )
        promoted = GaugeMetricFamily(
            "lifeboat_model_promoted_timestamp_seconds", "When it came into service", labels=["model"]
        )
        promotions = GaugeMetricFamily(
            "lifeboat_model_promotions", "How often the version in service was replaced", labels=["model"]
        )
        for model, champion in self._read.champions.items():
            info.add_metric([model, champion.version], 1.0)
            promoted.add_metric([model], champion.promoted_at)
            promotions.add_metric([model], float(champion.promotion))
        running = GaugeMetricFamily(
            "lifeboat_function_running", "1: the function has a process", labels=["function"]
        )
        for function, is_running in self._running().items():
            running.add_metric([function], float(is_running))
        yield from (info, promoted, promotions, running)


def _read_registry(store: Store, before: _Registry) -> _Registry:
    """What is in service. While the store is away, what was known before."""
    champions = {}
    try:
        known = names(store)
        for model in known[:MAX_MODELS]:
            try:
                champion, _ = deployment.read_champion(ModelStore(store, model))
            except (NoChampion, UnusableModel):
                # What is damaged, the functions say whenever they are asked for it.
                continue
            champions[model] = _InService(
                champion.version, champion.promoted_at.timestamp(), champion.sequence
            )
    except LifeboatError:
        return before._replace(is_up=False)
    return _Registry(is_up=True, champions=champions, more=max(0, len(known) - MAX_MODELS))
