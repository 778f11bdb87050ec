"""Each function may do what it does and no more: its recorded calls against its role in template.yaml."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.authorize import handler as authorize_module
from functions.core.storage.folder import FolderStore
from functions.core.storage.service import service as store_service
from functions.feedback import service as feedback_service
from functions.keys import app as keys_app
from functions.monitor import service as monitor_service
from functions.predict import service
from functions.retrain import handler as retrain_module
from functions.scoring import service as scoring_service
from functions.track import handler as track_module
from tests.stories.exercises import BUCKET, EXERCISES, FUNCTIONS, Machine
from tests.stories.iam import OF_LAMBDA, Grant, Need, grants_of
from tests.stories.recorder import Recorder
from tests.support.buckets import new_bucket


def uncovered(needs: set[Need], grants: list[Grant]) -> set[Need]:
    """What was needed and is not granted."""
    return {need for need in needs if not any(grant.covers(need) for grant in grants)}


def superfluous(needs: set[Need], grants: list[Grant]) -> set[Grant]:
    """What could be taken away, and all that was needed would still be granted."""
    return {
        grant
        for grant in grants
        if grant.action not in OF_LAMBDA
        and not uncovered(needs, [other for other in grants if other is not grant])
    }


@pytest.fixture
def machine(endpoint: str, published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    recorder = Recorder()
    for function in FUNCTIONS.values():
        for name, value in function.environment.items():
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    # Every request asks the store and the list of keys.
    monkeypatch.setenv("LIFEBOAT_REFRESH_SECONDS", "0")
    monkeypatch.setenv("LIFEBOAT_KEYS_REFRESH_SECONDS", "0")
    monkeypatch.setenv("LIFEBOAT_LEASE_SECONDS", "1")
    # Calls are what counts: the template has a model selected by more.
    monkeypatch.setenv("LIFEBOAT_FOLDS", "2")
    recorder.watch_clients(monkeypatch)
    caches = (
        authorize_module.key_ring,
        store_service,
        feedback_service.service,
        keys_app.settings,
        keys_app.parameter,
        service.service,
        monitor_service.service,
        scoring_service.service,
        retrain_module._settings,
        retrain_module._store,
        track_module._settings,
        track_module._store,
        track_module._tracker,
    )
    for cached in caches:
        cached.cache_clear()
    with new_bucket(BUCKET) as s3:
        yield Machine(recorder, s3, FolderStore(str(published)))
    for cached in caches:
        cached.cache_clear()


@pytest.mark.parametrize("function", EXERCISES)
def test_a_role_grants_what_its_function_does_and_nothing_more(machine: Machine, function: str) -> None:
    EXERCISES[function](machine)
    needs, grants = machine.recorder.needs, grants_of(function)
    assert uncovered(needs, grants) == set()
    assert superfluous(needs, grants) == set()


def test_every_function_of_the_template_is_exercised() -> None:
    assert EXERCISES.keys() == FUNCTIONS.keys()


def test_the_judge_notices_what_is_missing_and_what_is_too_much() -> None:
    key = Need("s3:GetObject", "arn:aws:s3:::b/models/1/model.onnx")
    listing = Need("s3:ListBucket", "arn:aws:s3:::b", "models/")
    reading = Grant("s3:GetObject", "arn:aws:s3:::b/models/*")
    looking = Grant("s3:ListBucket", "arn:aws:s3:::b", "models/*")
    assert uncovered({key, listing}, [reading, looking]) == set()
    assert uncovered({key, listing}, [reading]) == {listing}
    for other in (
        Grant("s3:PutObject", "arn:aws:s3:::b/models/*"),
        Grant("s3:GetObject", "arn:aws:s3:::b/registry/*"),
        Grant("s3:GetObject", "arn:aws:s3:::c/models/*"),
        Grant("s3:GetObject", "arn:aws:s3:::b/models/?/model.onn"),
        Grant("s3:GetObject", "arn:aws:s3:::b/models/*", "models/*"),
    ):
        assert uncovered({key}, [other]) == {key}
        assert superfluous({key}, [reading, other]) == {other}
    assert superfluous({key}, [reading, Grant("logs:PutLogEvents", "Logs.Arn")]) == set()
