"""What comes back from S3 and SSM is not always what they said: each damage is told in our words."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from functions.core.base.errors import StoreUnavailable
from functions.core.storage.contract import Reader
from functions.core.storage.s3 import S3Store
from functions.core.storage.s3_reader import S3Reader
from functions.core.storage.ssm_parameter import SsmParameter
from functions.local.platform.events import UploadWatcher
from functions.local.platform.template import UploadTrigger
from functions.local.process.environment import exported
from tests.support.aws_environment import plain_environment
from tests.support.raw_answers import RawAnswers, http_answer, raw_answers

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Sign in</body></html>"
WELL_FORMED_PAGE = b"<html><head><title>Sign in</title></head><body><p>Sign in</p></body></html>"
ETAG, DATE = 'ETag: "0"', "Last-Modified: Sun, 01 Nov 2026 12:00:00 GMT"
NOT_LIKE_HTTP = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

# Of an object, whoever reads it.
OBJECTS = {
    "reset": None,
    "closed without a word": b"",
    "not HTTP": NOT_LIKE_HTTP,
    "a head that was cut": b"HTTP/1.1 200 OK\r\nContent-Len",
    "a body that was cut": http_answer(b"half", ETAG, DATE, length=100),
    "chunks that were cut": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: "0"\r\n\r\n64\r\nhalf',
    "no length": b'HTTP/1.1 200 OK\r\nETag: "0"\r\n\r\nhalf',
    "a length that is none": b'HTTP/1.1 200 OK\r\nContent-Length: many\r\nETag: "0"\r\n\r\nhalf',
    "no ETag": http_answer(b"{}", DATE),
    "a page": http_answer(PAGE, "Content-Type: text/html"),
    "a page with an ETag": http_answer(PAGE, "Content-Type: text/html; charset=utf-8", ETAG, DATE),
    "a page with 500": http_answer(PAGE, "Content-Type: text/html", status="500 Internal Server Error"),
    "a page with 403": http_answer(PAGE, "Content-Type: text/html", status="403 Forbidden"),
    "a redirect to nowhere": http_answer(b"", status="307 Temporary Redirect"),
}


def listing(*contents: str, more: str = "<IsTruncated>false</IsTruncated>") -> bytes:
    items = "".join(f"<Contents>{item}</Contents>" for item in contents)
    text = f"<ListBucketResult><Name>bucket</Name>{more}{items}</ListBucketResult>"
    return http_answer(text.encode(), "Content-Type: application/xml")


KEY, SIZE, TAG = "<Key>datasets/a.csv</Key>", "<Size>1</Size>", "<ETag>&quot;0&quot;</ETag>"
MODIFIED = "<LastModified>2026-11-01T12:00:00.000Z</LastModified>"
WHOLE = listing(KEY + SIZE + TAG + MODIFIED)

LISTINGS = {
    "no date": listing(KEY + SIZE + TAG),
    "no ETag": listing(KEY + SIZE + MODIFIED),
    "no size": listing(KEY + TAG + MODIFIED),
    "no key": listing(SIZE + TAG + MODIFIED),
    "a date that is none": listing(KEY + SIZE + TAG + "<LastModified>yesterday</LastModified>"),
    "a size that is none": listing(KEY + "<Size>some</Size>" + TAG + MODIFIED),
    "more to come, but not where": listing(more="<IsTruncated>true</IsTruncated>"),
    "a page": http_answer(PAGE, "Content-Type: text/html"),
    "a well-formed page": http_answer(WELL_FORMED_PAGE, "Content-Type: text/html"),
    "a listing that was cut": WHOLE[:-60],
    "XML that was cut": http_answer(WHOLE.partition(b"\r\n\r\n")[2][:-60]),
    "no text": http_answer(b"\xff\xfe\x00\x01"),
    "nothing": http_answer(b""),
    "JSON": http_answer(b"{}"),
    "reset": None,
}


def parameter(text: str) -> bytes:
    return http_answer(text.encode(), "Content-Type: application/x-amz-json-1.1")


PARAMETERS = {
    "reset": None,
    "not HTTP": NOT_LIKE_HTTP,
    "a body that was cut": http_answer(b'{"Parameter": {"Val', length=200),
    "JSON that was cut": parameter('{"Parameter": {"Name": "/k", "Val'),
    "a page": http_answer(PAGE, "Content-Type: text/html"),
    "a page with 500": http_answer(PAGE, "Content-Type: text/html", status="500 Internal Server Error"),
    "a page with 400": http_answer(PAGE, "Content-Type: text/html", status="400 Bad Request"),
    "nothing": http_answer(b""),
    "no parameter": parameter("{}"),
    "null": parameter("null"),
    "a list": parameter("[]"),
    "a number in place of it": parameter('{"Parameter": 1}'),
    "no value": parameter('{"Parameter": {"Name": "/k", "Version": 1}}'),
    "a number for a value": parameter('{"Parameter": {"Name": "/k", "Value": 7, "Version": 1}}'),
    "no UTF-8": http_answer(b'{"Parameter": {"Value": "\xff\xfe"}}'),
    "an error without a code": http_answer(b"{}", status="400 Bad Request"),
}
HISTORIES = {
    "none": parameter('{"Parameters": []}'),
    "no version": parameter('{"Parameters": [{"Value": "a", "LastModifiedDate": 1793534400}]}'),
    "no date": parameter('{"Parameters": [{"Value": "a", "Version": 1}]}'),
    "no value": parameter('{"Parameters": [{"Version": 1, "LastModifiedDate": 1793534400}]}'),
    "a date that is none": parameter(
        '{"Parameters": [{"Value": "a", "Version": 1, "LastModifiedDate": "x"}]}'
    ),
}


@pytest.fixture(scope="module")
def the_server() -> Iterator[RawAnswers]:
    with raw_answers() as server, exported(plain_environment(AWS_ENDPOINT_URL=server.url)):
        yield server


@pytest.fixture
def server(the_server: RawAnswers) -> RawAnswers:
    the_server.heads.clear()
    return the_server


@pytest.fixture(scope="module")
def store(the_server: RawAnswers) -> Iterator[S3Store]:
    store = S3Store("bucket")
    yield store
    store.disconnect()


@pytest.fixture(scope="module")
def parameter_of_ssm(the_server: RawAnswers) -> SsmParameter:
    return SsmParameter("/k")


@pytest.fixture(params=["the reader", "the SDK"])
def reader(request: pytest.FixtureRequest, store: S3Store) -> Iterator[Reader]:
    reader = store if request.param == "the SDK" else S3Reader.from_environment("bucket")
    assert reader
    yield reader
    reader.disconnect()


@pytest.mark.parametrize("damage", OBJECTS)
def test_a_damaged_object_is_unavailable(server: RawAnswers, reader: Reader, damage: str) -> None:
    server.answer = OBJECTS[damage]
    with pytest.raises(StoreUnavailable, match="when asked for a/key"):
        reader.get("a/key")
    with pytest.raises(StoreUnavailable, match="when asked for a/key"):
        reader.get_if_changed("a/key", '"1"')


def test_a_stream_that_is_cut_is_unavailable(server: RawAnswers, store: S3Store) -> None:
    server.answer = OBJECTS["a body that was cut"]

    def read() -> bytes:
        with store.open("a/key") as stream:
            return b"".join(iter(lambda: stream.read(2), b""))

    with pytest.raises(StoreUnavailable):
        read()


def test_what_the_reader_of_a_stream_raises_is_its_own(server: RawAnswers, store: S3Store) -> None:
    server.answer = http_answer(b"whole", ETAG, DATE)
    with pytest.raises(OSError, match="no space left"), store.open("a/key"):
        raise OSError("no space left on this machine")


@pytest.mark.parametrize("answer", ["no ETag", "a page with an ETag", "a page with 500"])
def test_a_damaged_description_is_unavailable(server: RawAnswers, store: S3Store, answer: str) -> None:
    server.answer = OBJECTS[answer]
    with pytest.raises(StoreUnavailable, match="when asked for a/key"):
        store.head("a/key")


@pytest.mark.parametrize("damage", LISTINGS)
def test_a_damaged_listing_is_unavailable_and_ends_no_watching_of_uploads(
    server: RawAnswers, store: S3Store, damage: str
) -> None:
    server.answer = WHOLE
    watcher = UploadWatcher(store, UploadTrigger("id", "f", "datasets/", ".csv"))
    server.answer = LISTINGS[damage]
    with pytest.raises(StoreUnavailable):
        watcher.changes()
    server.answer = WHOLE
    assert watcher.changes() == []


def test_what_the_reader_of_a_listing_raises_is_its_own(server: RawAnswers, store: S3Store) -> None:
    server.answer = WHOLE
    entries = store.list("datasets/")
    next(entries)
    assert isinstance(entries, Generator)
    with pytest.raises(KeyError):
        entries.throw(KeyError("of the caller"))


def test_an_empty_listing_is_one(server: RawAnswers, store: S3Store) -> None:
    server.answer = listing()
    assert list(store.list("datasets/")) == []


@pytest.mark.parametrize(
    "write",
    [lambda s: s.put("k", b""), lambda s: s.create("k", b""), lambda s: s.replace("k", b"", etag="x")],
)
def test_a_write_that_is_answered_with_a_page_is_no_write(
    server: RawAnswers, store: S3Store, write: Callable[[S3Store], Any]
) -> None:
    server.answer = http_answer(PAGE, "Content-Type: text/html")
    with pytest.raises(StoreUnavailable):
        write(store)


@pytest.mark.parametrize("damage", PARAMETERS)
def test_a_damaged_parameter_is_unavailable(
    server: RawAnswers, parameter_of_ssm: SsmParameter, damage: str
) -> None:
    server.answer = PARAMETERS[damage]
    with pytest.raises(StoreUnavailable, match="the parameter store"):
        parameter_of_ssm.read()


@pytest.mark.parametrize("damage", HISTORIES)
def test_nothing_is_written_over_a_damaged_history(
    server: RawAnswers, parameter_of_ssm: SsmParameter, damage: str
) -> None:
    server.answer = HISTORIES[damage]
    with pytest.raises(StoreUnavailable, match="the parameter store"):
        parameter_of_ssm.update("".join)
    assert not any(b"PutParameter" in head for head in server.heads)
