"""Every kind of record in the store, as the functions write it, damaged one field at a time.

Each damaged record is read through every route that reads it. No route may crash, none may answer 500, and
what is answered with 503 names the record, not the place where it is kept.
"""

import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from functions.authorize.handler import handler as authorize
from functions.authorize.handler import key_ring
from functions.core.base.ids import new_ids
from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.predictions.records import folder
from functions.core.storage.folder import FolderStore
from functions.core.storage.parameter_opening import open_parameter
from functions.core.storage.service import service as store_service
from functions.core.storage.view import ModelStore
from functions.datasets.handler import handler as datasets
from functions.feedback.handler import handler as feedback
from functions.feedback.service import service as feedback_service
from functions.models.handler import handler as models
from functions.monitor.handler import handler as monitor
from functions.monitor.service import service as monitor_service
from functions.predict.handler import handler as predict
from functions.predict.service import service as predict_service
from tests.support import gateway
from tests.support.titanic import MODEL, TABLE, people, row

# All kinds together take some two minutes; each ends when its part of them is over.
SECONDS = float(os.environ.get("LIFEBOAT_FUZZ_SECONDS", "60"))
BRIEF_SECONDS = 5.0
SEED = int(os.environ.get("LIFEBOAT_FUZZ_SEED", "0"))
SCOPES = "predict feedback admin"

Body = Callable[[Any], bytes]
Request = tuple[gateway.Handler, str, str, Any]


class _Deleted:
    """What stands for a field that is not there."""

    def __repr__(self) -> str:
        return "deleted"


DELETED = _Deleted()
WRONG: tuple[Any, ...] = (
    DELETED,
    None,
    True,
    -1,
    1.5,
    10**400,
    float("nan"),
    float("inf"),
    "",
    "x",
    "x" * 5_000,
    "../../x",
    "\0",
    "\ud800",
    "2026-11-01T00:00:00",
    "2026-11-01T00:00:00+14:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "00000000-0000-4000-8000-000000000000",
    "f0000000-0000-7000-8000-000000000000",
    [],
    {},
    [None],
    {"x": {}},
)
WHOLE = (b"", b"null", b"[]", b"{}", b"7", b'"x"', b"\xff\xfe", b"{", b"[" * 100_000, b'{"a":' * 50_000)


@dataclass(frozen=True)
class World:
    """A store that the functions have written, and what can be asked about it."""

    root: Path
    keys: Path
    key: str
    prediction_id: str
    round_id: str
    versions: tuple[str, str]


def ask(handler: gateway.Handler, method: str, path: str, body: Any = None) -> dict[str, Any]:
    text = body if body is None or isinstance(body, bytes) else json.dumps(body)
    return gateway.send(handler, method, path, text, scopes=SCOPES)


def done(handler: gateway.Handler, method: str, path: str, body: Any = None) -> Any:
    answer = ask(handler, method, path, body)
    assert answer["statusCode"] < 300, answer
    return json.loads(answer["body"])


def forget() -> None:
    """Have every function read the store anew, as a new process would."""
    for service in (predict_service, store_service, feedback_service, monitor_service):
        service.cache_clear()
    key_ring.cache_clear()


def point_at(root: Path, keys: Path) -> None:
    os.environ.update(LIFEBOAT_STORE=str(root), LIFEBOAT_KEYS=str(keys), LIFEBOAT_MIN_ROWS="100")
    forget()


@pytest.fixture(scope="module")
def world(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    before = dict(os.environ)
    base = tmp_path_factory.mktemp("records")
    root, keys = base / "store", base / "keys.json"
    shutil.copytree(published, root)
    point_at(root, keys)
    store = ModelStore(FolderStore(str(root)), MODEL)
    store.put(f"datasets/{MODEL}.csv", TABLE.read_bytes())
    first = done(models, "GET", "/models/champion")["version"]
    second = _second_version(store, first)
    now = datetime.now(UTC)
    text, key = make_key(["predict"], "a test", now)
    add(open_parameter(str(keys)), key, now)
    log = StringIO()
    with redirect_stdout(log):
        scored = done(predict, "POST", "/predict/batch", {"passengers": [one for one, _ in people(130)]})
        ask(predict, "POST", "/predict", {"pclass": "none"})
    store.put(f"{folder(now)}{new_ids(1)[0]}.jsonl", log.getvalue().encode())
    ids = [one["prediction_id"] for one in scored["predictions"]]
    done(feedback, "POST", "/feedback", [{"prediction_id": id_, "survived": True} for id_ in ids[:9]])
    done(feedback, "POST", "/feedback", {"prediction_id": ids[0], "survived": False, "source": "alice"})
    round_id = done(feedback, "POST", "/feedback/rounds", {"size": 5, "note": "a round"})["id"]
    done(feedback, "GET", "/feedback/queue?limit=3&annotator=alice")
    done(monitor, "POST", "/monitoring/run")
    done(monitor, "POST", "/training")
    yield World(root, keys, text, ids[0], round_id, (first, second))
    os.environ.clear()
    os.environ.update(before)
    forget()


def _second_version(store: ModelStore, first: str) -> str:
    """A copy of the first version under another name, put into service once and rolled back from."""
    second = "0123456789abcdef"
    for entry in list(store.list(f"models/{first}/")):
        body = store.get(entry.key).body
        if entry.key.endswith("manifest.json"):
            body = body.replace(first.encode(), second.encode())
        store.put(entry.key.replace(first, second), body)
    done(models, "POST", f"/models/{MODEL}/versions/{second}/promote", {"reason": "a test", "force": True})
    done(models, "POST", "/models/rollback", {"reason": "a test"})
    return second


def routes_of(world: World) -> dict[str, Sequence[Request]]:
    """What reads each kind of record."""
    id_, first, second = world.prediction_id, *world.versions
    logged: list[Request] = [
        (feedback, "GET", "/feedback/queue?limit=5", None),
        (feedback, "GET", "/feedback/progress", None),
        (feedback, "GET", "/feedback/export", None),
        (feedback, "POST", "/feedback", {"prediction_id": id_, "survived": True}),
        (feedback, "POST", "/feedback/rounds", {"size": 3}),
        (predict, "GET", f"/predictions/{id_}", None),
        (predict, "POST", f"/predictions/{id_}/replay", None),
        (monitor, "POST", "/monitoring/run", None),
    ]
    labelled = [*logged[:4], (monitor, "POST", "/training", None)]
    watched: list[Request] = [
        (monitor, "POST", "/monitoring/run", None),
        (monitor, "POST", "/training", None),
        (monitor, "GET", "/monitoring/report", None),
        (monitor, "GET", "/monitoring/reports", None),
        (monitor, "GET", "/monitoring/reports/1", None),
    ]
    in_service: list[Request] = [
        (predict, "POST", "/predict?explain=true", row()),
        (predict, "POST", "/predict/batch", {"passengers": [row()]}),
        (predict, "GET", "/model", None),
        (predict, "GET", "/health/ready", None),
        (predict, "GET", f"/v2/models/{MODEL}", None),
        (models, "GET", "/models/champion", None),
        (models, "GET", "/models/history", None),
        (models, "GET", f"/models/{MODEL}", None),
        (models, "GET", f"/models/{MODEL}/versions", None),
        (models, "GET", "/models", None),
        (feedback, "GET", "/feedback/queue", None),
        (monitor, "POST", "/monitoring/run", None),
        (monitor, "POST", "/training", None),
        (datasets, "GET", "/datasets", None),
        (models, "POST", "/models/rollback", {"to": second, "reason": "a test"}),
    ]
    of_version: list[Request] = [
        *in_service[:-1],
        (models, "GET", f"/models/{MODEL}/versions/{first}", None),
        (models, "GET", f"/models/compare?left={first}&right={second}", None),
        (datasets, "GET", f"/datasets?model={first}", None),
        (predict, "POST", f"/predictions/{id_}/replay", None),
        (models, "POST", f"/models/{MODEL}/versions/{second}/promote", {"reason": "a test"}),
    ]
    rounds: list[Request] = [
        (feedback, "GET", f"/feedback/{what}round{to}{world.round_id}", None)
        for what, to in (("rounds/", ""), ("queue?", "="), ("progress?", "="), ("export?", "="))
    ]
    rounds[0] = (feedback, "GET", f"/feedback/rounds/{world.round_id}", None)
    return {
        "a line of the log": logged,
        "a refusal in the log": logged,
        "a label": labelled,
        "a lease": [(feedback, "GET", "/feedback/queue?limit=100&annotator=alice", None)],
        "a round": rounds,
        "labelled predictions": watched[:2],
        "the monitor's state": watched,
        "a report": watched,
        "who is in service": in_service,
        "a manifest": of_version,
        "a holdout": of_version[-4:],
    }


def place_of(kind: str, world: World) -> Path:
    """Where a record of this kind lies."""
    patterns = {
        "a line of the log": "predictions/**/*.jsonl",
        "a refusal in the log": "predictions/**/*.jsonl",
        "a label": f"feedback/{MODEL}/dt=*/*/*.json",
        "a lease": f"leases/{MODEL}/**/*.json",
        "a round": f"feedback/{MODEL}/rounds/*.json",
        "labelled predictions": f"monitoring/{MODEL}/labelled/*.json",
        "the monitor's state": f"monitoring/{MODEL}/state.json",
        "a report": f"monitoring/{MODEL}/reports/00000001.json",
        "who is in service": f"registry/{MODEL}/champion.json",
        "a manifest": f"models/{MODEL}/{world.versions[0]}/manifest.json",
        "a holdout": f"models/{MODEL}/{world.versions[0]}/holdout.json",
    }
    return sorted(world.root.glob(patterns[kind]))[0]


def record_in(kind: str, body: bytes, world: World) -> tuple[Any, Body]:
    """The record, and what makes the object's bytes with another one in its place."""
    if "the log" not in kind:
        return json.loads(body), dumped
    wanted = b'"refusal_id"' if "refusal" in kind else world.prediction_id.encode()
    lines = body.splitlines()
    [at] = [index for index, line in enumerate(lines) if wanted in line]
    return json.loads(lines[at]), lambda record: b"\n".join([*lines[:at], dumped(record), *lines[at + 1 :]])


def dumped(record: Any) -> bytes:
    # A lone surrogate stays an escape; NaN and infinity become what Python's own reader takes for them.
    return record if isinstance(record, bytes) else json.dumps(record).encode()


def paths_in(record: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where there is a field; of a list and of a large object, the first few items stand for all."""
    inside: Sequence[Any] = ()
    if isinstance(record, Mapping):
        inside = list(record)[:40]
    elif isinstance(record, list):
        inside = range(min(len(record), 2))
    for name in inside:
        yield (*here, name)
        yield from paths_in(record[name], (*here, name))


def damaged(record: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    changed = deepcopy(record)
    parent = changed
    for name in path[:-1]:
        parent = parent[name]
    if wrong is DELETED:
        del parent[path[-1]]
    else:
        parent[path[-1]] = wrong
    return changed


def _is_alike(record: Any, path: Any, wrong: Any) -> bool:
    """Whether a wrong value is of the kind of the right one: a time for a time, a number for a number."""
    if path == "all of it":
        return False
    value = record
    for name in path:
        value = value[name]
    if isinstance(value, str) and isinstance(wrong, str):
        return any(
            re.match(pattern, value) and re.match(pattern, wrong)
            for pattern in (r"\d{4}-\d\d-\d\dT", r"[0-9a-f]{8}-")
        )
    numbers = (int, float)
    return isinstance(value, numbers) and isinstance(wrong, numbers) and not isinstance(value, bool)


def check(request: Request, world: World, root: Path) -> str | None:
    """What is wrong with the answer, if anything is."""
    handler, method, path, body = request
    try:
        with redirect_stdout(StringIO()):
            answer = ask(handler, method, path, body)
    except Exception as error:
        return f"{method} {path}: {error!r}"
    status, text = answer["statusCode"], answer["body"]
    if status == 503:
        code = json.loads(text)["code"]
        if code not in ("UNUSABLE_RECORD", "UNUSABLE_MODEL", "NO_CHAMPION", "STORE_UNAVAILABLE"):
            return f"{method} {path}: 503 {code}"
    elif status >= 500:
        return f"{method} {path}: {status} {text[:300]}"
    return f"{method} {path}: tells of {root}" if str(root) in text else None


KINDS = {
    "a line of the log": 6,
    "a refusal in the log": 4,
    "a label": 3,
    "a lease": 3,
    "a round": 5,
    "labelled predictions": 5,
    "the monitor's state": 8,
    "a report": 5,
    "who is in service": 8,
    "a manifest": 10,
    "a holdout": 3,
}
"""Of each kind, which part of the seconds of all of them it may take."""


@pytest.mark.parametrize(
    "seconds", [BRIEF_SECONDS, pytest.param(SECONDS, marks=pytest.mark.long)], ids=["briefly", "at length"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_record_crashes_nothing_and_is_no_500(
    kind: str, seconds: float, world: World, tmp_path: Path
) -> None:
    place = place_of(kind, world)
    record, body_of = record_in(kind, place.read_bytes(), world)
    cases: list[tuple[Any, Any]] = [(path, wrong) for path in paths_in(record) for wrong in WRONG]
    cases += [("all of it", whole) for whole in WHOLE]
    # Which damages come first; nobody is to be surprised by them.
    random.Random(SEED).shuffle(cases)  # noqa: S311
    # What looks like the value that it takes the place of gets farthest: first.
    cases.sort(key=lambda case: not _is_alike(record, *case))
    requests = routes_of(world)[kind]
    until = monotonic() + seconds * KINDS[kind] / sum(KINDS.values())
    faults: list[str] = []
    tried = answers = 0
    for path, wrong in cases:
        if tried and monotonic() > until:
            break
        changed = wrong if path == "all of it" else damaged(record, path, wrong)
        root = tmp_path / "store"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(world.root, root)
        (root / place.relative_to(world.root)).write_bytes(body_of(changed))
        point_at(root, world.keys)
        tried += 1
        for request in requests:
            answers += 1
            if fault := check(request, world, root):
                faults.append(f"{kind}, {path} {str(wrong)[:40]!r}: {fault}")
    print(f"{kind}: {tried} of {len(cases)} damages, {answers} answers, {len(faults)} faults")
    assert not faults, "\n".join(faults[:20])


def test_a_damaged_list_of_keys_lets_nobody_in_and_crashes_nothing(world: World, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    record = json.loads(world.keys.read_text())
    cases: list[tuple[Any, Any]] = [(path, wrong) for path in paths_in(record) for wrong in WRONG]
    cases += [("all of it", whole) for whole in WHOLE]
    event = gateway.read_event("authorizer_request")
    event["headers"] |= {"x-api-key": world.key}
    for path, wrong in cases:
        keys.write_bytes(dumped(wrong if path == "all of it" else damaged(record, path, wrong)))
        point_at(world.root, keys)
        with redirect_stdout(StringIO()):
            context = authorize(event, None)["context"]
        # A note, a time of creation or none of expiry, a key that is for all models: these let it in.
        assert not context["key_id"] or not set(context["scopes"].split()) & {"feedback", "admin"}, (
            path,
            wrong,
        )


NAMES = (
    "no id/000001-1-alice.json",
    "00000000-0000-4000-8000-000000000000/000001-1-alice.json",
    "f0000000-0000-7000-8000-000000000000/000001-1-alice.json",
    "------------------------------------/000001-1-alice.json",
    "{id}/000000-1-alice.json",
    "{id}/999999999999999999999999-1-alice.json",
    "{id}/000002-2-alice.json",
    "{id}/000002-1-.json",
    "{id}/000002-1-a~b~c.json",
    "{id}/000002-1-=cmd().json",
    "{id}/000002-1-alice.json/x.json",
)


@pytest.mark.parametrize("day", ["{day}", "2026-13-45", "x"])
def test_a_label_of_a_damaged_name_is_passed_over(world: World, tmp_path: Path, day: str) -> None:
    today = re.sub(r".*dt=([0-9-]+).*", r"\1", str(place_of("a label", world)))
    for name in NAMES:
        root = tmp_path / "store"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(world.root, root)
        written = name.format(id=world.prediction_id)
        label = root / "feedback" / MODEL / f"dt={day.format(day=today)}" / written
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_bytes(b"{}")
        point_at(root, world.keys)
        faults = [check(request, world, root) for request in routes_of(world)["a label"]]
        assert not any(faults), (written, faults)
