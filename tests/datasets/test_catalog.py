"""Which datasets there are, what each was made of, and which versions each went into."""

from pathlib import Path

import pytest

from functions.core.registry.keys import manifest_key
from functions.core.storage.view import ModelStore
from functions.monitor import service as monitor_service
from functions.monitor.handler import handler as monitor
from tests.datasets.conftest import Ask
from tests.monitor.monitoring import UPLOADED, UPLOADED_FULL, serve_labelled
from tests.support import gateway
from tests.support.production import champion_of
from tests.support.titanic import TABLE
from tests.support.training import retrain

UNKNOWN = "0" * 16


def train(store: ModelStore) -> str:
    """Have the monitor make a dataset. Its key."""
    monitor_service.service.cache_clear()
    _, answer = gateway.call(monitor, "POST", "/training", scopes="admin")
    monitor_service.service.cache_clear()
    key: str = answer["dataset"]
    return key


def test_datasets_and_models_name_one_another(ask: Ask, store: ModelStore, tmp_path: Path) -> None:
    first = champion_of(store)
    store.put(UPLOADED, TABLE.read_bytes())
    serve_labelled(store, 50)
    made = train(store)
    second = retrain(store, made, tmp_path)
    store.put("datasets/refused.csv", b"no table")
    _, found = ask("GET", "/datasets")
    child, parent = found["datasets"]
    assert (parent["id"], parent["models"]) == (first.dataset.sha256[:16], [first.version])
    assert (parent["grew_into"], parent["models_of_those"]) == ([child["id"]], [second])
    assert (child["facts"]["key"], child["models"], child["grew_into"]) == (made, [second], [])
    assert child["facts"]["rows"] == 1309 + 50
    lineage = child["facts"]["lineage"]
    assert (lineage["reference_sha256"], lineage["labels"]) == (first.dataset.sha256, 50)
    # The second was uploaded once more (by the fixture): the same bytes make no other model.
    assert [one["key"] for one in found["without_model"]] == [
        "datasets/titanic/refused.csv",
        UPLOADED_FULL,
    ]
    assert ask("GET", f"/datasets/{child['id']}") == (200, child)
    of = {version: ask("GET", f"/datasets?model={version}")[1] for version in (first.version, second)}
    assert of[first.version] == {"datasets": [parent], "without_model": [], "damaged": []}
    assert of[second] == {"datasets": [child, parent], "without_model": [], "damaged": []}


def test_a_version_whose_manifest_is_damaged_is_left_out_of_the_catalog(ask: Ask, store: ModelStore) -> None:
    store.put(manifest_key(UNKNOWN), b"junk")
    status, found = ask("GET", "/datasets")
    assert (status, len(found["datasets"]), found["damaged"]) == (200, 1, [UNKNOWN])
    assert ask("GET", f"/datasets?model={UNKNOWN}")[0] == 503


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/datasets/{UNKNOWN}", 404),
        (f"/datasets?model={UNKNOWN}", 404),
        ("/datasets/titanic.csv", 422),
        ("/datasets?model=../x", 422),
        ("/models/nobody/datasets", 404),
    ],
)
def test_what_is_not_there_or_does_not_fit_is_refused(ask: Ask, path: str, status: int) -> None:
    assert ask("GET", path)[0] == status
