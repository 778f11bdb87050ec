"""The S3 store over its protocol: what it promises, and how it says that nothing answers."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session

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


def lose_answers(store: S3Store, count: int, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Have the next `count` writes of `store` arrive, and their answers be lost on the way back.

    meanwhile: what happens before the SDK writes once more.
    """
    left = [None] * count
    http = URLLib3Session()

    def lose(request: AWSPreparedRequest, **_: Any) -> None:
        if left:
            left.pop()
            http.send(request)
            meanwhile()
            raise ConnectionClosedError(endpoint_url=request.url)

    store._s3.meta.events.register("before-send.s3.PutObject", lose)


def test_a_write_whose_answer_was_lost_is_told_as_made(s3: Any) -> None:
    store = S3Store(BUCKET)
    lose_answers(store, 1)
    etag = store.create("k", b"one", metadata={"by": "ada"})
    assert store.head("k").etag == etag
    lose_answers(store, 1)
    etag = store.replace("k", b"two", etag=etag, metadata={"by": "grace"})
    assert (store.get("k"), store.head("k").metadata) == ((b"two", etag), {"by": "grace"})
    versions = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    assert len(versions) == 2, "each was written once"
    probe(store)
    lose_answers(store, 1)
    probe(store)


@pytest.mark.parametrize("rival", [b"other", b"one", None], ids=["other bytes", "other metadata", "deleted"])
def test_what_somebody_else_wrote_is_not_told_as_made_where_an_answer_was_lost(
    s3: Any, rival: bytes | None
) -> None:
    store = S3Store(BUCKET)
    etag = store.create("k", b"zero")

    def overwrite() -> None:
        if rival is None:
            s3.delete_object(Bucket=BUCKET, Key="k")
        else:
            s3.put_object(Bucket=BUCKET, Key="k", Body=rival, Metadata={"by": "eve"})

    lose_answers(store, 1, overwrite)
    with pytest.raises(Conflict):
        store.replace("k", b"one", etag=etag, metadata={"by": "ada"})


def test_a_store_that_has_no_answer_at_all_is_unavailable(s3: Any) -> None:
    store = S3Store(BUCKET)
    lose_answers(store, 2)
    with pytest.raises(StoreUnavailable, match="could not be reached"):
        store.create("k", b"one")


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
