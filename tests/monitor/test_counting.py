"""Counting for many models at once gives what counting for each alone gives, row by row."""

import gc
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from math import ceil, log2

import numpy as np
import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions.records import PredictionRecord, Reading
from functions.core.registry.manifest import Manifest
from functions.core.stats.distributions import tally
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.monitor import counting
from functions.monitor.counting import Counts, count_log
from functions.monitor.refused import Asked
from functions.monitor.traffic import Hour
from functions.monitor.window import MAX_SAMPLED, Window
from tests.monitor.churn import CHURN as SCHEMA
from tests.monitor.churn import CUSTOMER, FEE, PLAN, REFERENCE
from tests.support.production import ids_of, logged_line, refusal_line
from tests.support.versions import publish

# The hour before midnight, and the one after.
START = datetime(2026, 11, 20, 23, tzinfo=UTC)
MODELS = ["alpha", "beta", "gamma"]
# What does not fit, but for the last.
STRANGE: list[dict[str, object]] = [{PLAN: "unheard of"}, {FEE: "dear"}, {PLAN: 1.0}, {"more": "x"}]


@pytest.fixture
def champions(tmp_path: pytest.TempPathFactory) -> dict[str, Manifest]:
    store = FolderStore(str(tmp_path))
    return {
        name: publish(ModelStore(store, name), str(number) * 16, schema=SCHEMA, reference=REFERENCE)
        for number, name in enumerate(MODELS)
    }


def plain_counts(bodies: Iterable[bytes], champion: Manifest) -> Counts:
    """What `count_log` counts of a model, row by row."""
    reading = Reading(bodies, champion.name)
    records = [*reading]
    own = [one for one in records if one.version == champion.version]
    fitting = [one for one in own if one.fits(champion.schema_of_rows)]
    moments = sorted(one.timestamp for one in fitting)
    window = Window(
        champion=champion.version,
        rows=len(fitting),
        of_other_versions=len(records) - len(own),
        first=moments[0] if moments else None,
        last=moments[-1] if moments else None,
        tallies=tally(champion.reference, {name: _column(fitting, name) for name in champion.reference}),
        sample=dict(sorted((one.prediction_id[-12:], one.probability) for one in fitting)[:MAX_SAMPLED]),
    )
    bins = {"probability": champion.reference["probability"]}
    by_day = {
        day: tally(bins, {"probability": [one.probability for one in fitting if _day(one) == day]})[
            "probability"
        ]
        for day in set(map(_day, fitting))
    }
    return Counts(
        window=window,
        by_day=by_day,
        asked=Asked(
            scored=len(fitting) + len(records) - len(own), refused=reading.refused, fields=reading.faults
        ),
        traffic=_traffic(records, reading),
        callers={
            key: max(_day(one) for one in records if one.key_id == key)
            for key in {one.key_id for one in records}
        },
        damaged_lines=reading.damaged + len(own) - len(fitting),
    )


def _column(records: list[PredictionRecord], name: str) -> list[float | str | None]:
    return [one.probability if name == "probability" else one.features[name] for one in records]


def _day(record: PredictionRecord) -> date:
    return record.timestamp.astimezone(UTC).date()


def _traffic(records: list[PredictionRecord], reading: Reading) -> dict[datetime, Hour]:
    hours: dict[datetime, tuple[Counter[str], Counter[int]]] = {}
    timed = set()
    for one in records:
        hour = one.timestamp.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        versions, took = hours.setdefault(hour, (Counter(), Counter()))
        versions[one.version] += 1
        if one.took_ms is not None and one.request_id not in timed:
            timed.add(one.request_id)
            took[ceil(4 * log2(min(max(one.took_ms, 1 / 16), 2**20)))] += 1
    return {
        hour: Hour(
            versions=hours[hour][0] if hour in hours else {},
            refused=reading.refused_at[hour],
            took=hours[hour][1] if hour in hours else {},
        )
        for hour in hours.keys() | reading.refused_at.keys()
    }


def made_up_log(seed: int, count: int) -> list[bytes]:
    """Some objects with lines of all kinds, of four models, one of which nobody watches."""
    random = np.random.default_rng(seed)
    lines: list[bytes] = []
    for number in range(count):
        model = [*MODELS, "unwatched"][random.integers(4)]
        at = START + timedelta(seconds=float(random.integers(7_200)))
        [id_] = ids_of(1, at)
        known = CUSTOMER | {
            PLAN: [*(REFERENCE[PLAN].categories or []), None][random.integers(5)],
            FEE: [None, float(random.normal(10, 4))][int(random.random() < 0.9)],
        }
        features: dict[str, object] = dict(known)
        if random.random() < 0.05:
            features |= STRANGE[random.integers(4)]
        if random.random() < 0.02:
            del features[FEE]
        line = logged_line(
            id_,
            model=model,
            version=str(MODELS.index(model) if model in MODELS and random.random() < 0.9 else 9) * 16,
            probability=float(random.random()),
            features=features,
            key_id=["a key", "another", "user:alice"][random.integers(3)],
            request_id=f"request {number // int(random.integers(1, 4))}",
            took_ms=[None, float(random.lognormal(1, 2))][int(random.random() < 0.8)],
            timestamp=at.astimezone([UTC, datetime.now().astimezone().tzinfo][number % 2]).isoformat(),
        )
        # Half of a line, a line that Firehose shipped twice, an empty one.
        lines += [line[: len(line) // 2] + b"\n"] if random.random() < 0.01 else [line]
        if random.random() < 0.05:
            lines.append(refusal_line(new_ids(1)[0], int(random.integers(1, 9)), model=model, fee=1))
        if random.random() < 0.05:
            lines += [lines[random.integers(len(lines))], b"\n"]
    return [b"".join(lines[start : start + 300]) for start in range(0, len(lines), 300)]


@pytest.mark.parametrize("collected", [1, 7, 20_000])
@pytest.mark.parametrize(("seed", "count"), [(0, 0), (1, 1), (2, 900), (3, 900)])
def test_a_part_counted_for_all_models_at_once_is_what_each_alone_would_count(
    champions: dict[str, Manifest], monkeypatch: pytest.MonkeyPatch, seed: int, count: int, collected: int
) -> None:
    monkeypatch.setattr(counting, "_MAX_COLLECTED", collected)
    bodies = made_up_log(seed, count)
    found = count_log(bodies, champions)
    assert found == {name: plain_counts(bodies, champion) for name, champion in champions.items()}
    if count > 1:
        assert all(
            counts.window.rows and counts.damaged_lines and counts.asked.refused for counts in found.values()
        )
        assert all(len(counts.by_day) == 2 for counts in found.values())


def test_of_many_rows_the_sample_is_the_same_whatever_their_order(champions: dict[str, Manifest]) -> None:
    ids = ids_of(9 * MAX_SAMPLED, START)
    lines = [logged_line(id_, model="alpha", version="0" * 16, features=CUSTOMER) for id_ in ids]
    forwards, backwards = (
        count_log([b"".join(some)], {"alpha": champions["alpha"]})["alpha"] for some in (lines, lines[::-1])
    )
    assert forwards.window.sample == backwards.window.sample
    assert [*forwards.window.sample] == sorted(id_[-12:] for id_ in ids)[:MAX_SAMPLED]


def test_the_collector_of_cycles_is_as_before_once_a_part_is_counted(champions: dict[str, Manifest]) -> None:
    def broken() -> Iterable[bytes]:
        yield b""
        raise OSError("the store is gone")

    count_log([b""], champions)
    assert gc.isenabled()
    with pytest.raises(OSError, match="the store is gone"):
        count_log(broken(), champions)
    assert gc.isenabled()
