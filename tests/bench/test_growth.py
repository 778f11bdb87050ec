"""The log that the bench of growth makes up is one that predict and Firehose could have left."""

import io
import json
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions.records import Reading
from functions.core.predictions.writing import PredictionLog
from functions.monitor.schedule import run_for_all
from tests.bench import growth_log
from tests.bench.growth import CountingStore, Network, counted, label_some
from tests.bench.growth_log import names_of, publish_models, write_log
from tests.monitor.monitoring import SETTINGS
from tests.support.titanic import SCHEMA, columns_of, row

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
NAMES = names_of(3)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(str(tmp_path), Network())


def test_its_lines_are_as_predict_writes_them_and_as_many_as_it_says(store: CountingStore) -> None:
    written = write_log(store, NAMES, 3_000, NOW - timedelta(hours=1), NOW)
    bodies = [store.get(entry.key).body for entry in store.list("predictions/")]
    assert (len(bodies), sum(map(len, bodies))) == (written.objects, written.size)
    with redirect_stdout(io.StringIO()) as out:
        log = PredictionLog(SCHEMA, NAMES[0], "0" * 16)
        log.write(columns_of([row()]), new_ids(1), [0.5], share=1, key_id="k", request_id="r", took_ms=1)
    line, known = json.loads(bodies[0].splitlines()[0]), json.loads(out.getvalue())
    assert [*line] == [*known]
    assert [*line["features"]] == [*known["features"]]
    for name in NAMES:
        reading = Reading(bodies, name)
        records = [*reading]
        assert len(records) == written.predictions[name] > 0
        assert reading.damaged == written.damaged > 0
        assert all(NOW - timedelta(hours=1) <= record.timestamp <= NOW for record in records)


def test_an_object_is_no_larger_than_firehose_makes_it(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth_log, "FIREHOSE_BYTES", 20_000)
    written = write_log(store, NAMES, 3_000, NOW - timedelta(hours=1), NOW)
    assert written.objects > 12
    assert max(entry.size for entry in store.list("predictions/")) < 40_000


def test_what_the_monitor_counts_of_it_is_what_was_written(store: CountingStore) -> None:
    publish_models(store, NAMES)
    written = write_log(store, NAMES, 3_000, NOW - timedelta(hours=1), NOW)
    label_some(store, written, 2)
    store.requests.clear()
    run_for_all(store, SETTINGS, now=NOW, seconds=300)
    assert store.requests["GET predictions"] == written.objects
    assert counted(store, NAMES) == written.predictions
