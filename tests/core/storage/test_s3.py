"""The S3 store over its protocol: what it promises, and how it says that nothing answers."""

import socket
import time
from typing import Any

import pytest

from functions.core.base.errors import Conflict, NotFound, StoreUnavailable
from functions.core.registry.keys import CHAMPION
from functions.core.storage.probe import probe
from functions.core.storage.s3 import S3Store
from tests.support.uploads import BUCKET


def test_the_store_over_the_protocol_keeps_its_promises(s3: Any) -> None:
    store = S3Store(BUCKET)
    probe(store)
    etag = store.create("a/1", b"one", metadata={"made-by": "a test"})
    assert store.head("a/1").metadata == {"made-by": "a test"}
    assert store.get_if_changed("a/1", etag) is None
    with pytest.raises(Conflict):
        store.create("a/1", b"two")
    store.replace("a/1", b"two", etag=etag)
    assert store.head("a/1").metadata == {}
    with pytest.raises(Conflict):
        store.replace("a/1", b"three", etag=etag)
    with pytest.raises(Conflict):
        store.replace("a/none", b"three", etag=etag)
    changed = store.get_if_changed("a/1", etag)
    assert changed is not None
    assert changed.body == b"two"
    assert [entry.key for entry in store.list("a/")] == ["a/1"]
    for read in (store.get, store.head, lambda key: store.get_if_changed(key, etag)):
        with pytest.raises(NotFound):
            read("a/none")
    with pytest.raises(NotFound), store.open("a/none"):
        pass
    store.create_bucket()


def test_a_store_that_never_answers_is_given_up_within_the_time_that_predict_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="could not be reached"):
            S3Store(BUCKET).get(CHAMPION)
        assert time.monotonic() - began < 15


def test_settings_that_name_no_store_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreUnavailable, match="no store has such a bucket"):
        S3Store("Bad_Bucket!!").get("k")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StoreUnavailable, match="AWS settings"):
        S3Store(BUCKET)
