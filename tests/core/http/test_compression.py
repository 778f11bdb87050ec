"""Bodies in gzip: read with a bound, refused when they are damaged, sent to who takes them."""

import base64
import gzip
import json
import time
import zlib
from typing import Any

import pytest

from functions.core.base.errors import LifeboatError, PayloadTooLarge, UnreadableBody, UnsupportedMediaType
from functions.core.http.compression import decoded, takes_gzip
from functions.core.http.limits import MAX_BODY_BYTES, MIN_COMPRESSED
from tests.support.authorizing import VALID, Ask

LIMIT = 100_000
TEXT = b'{"pclass": 1, "sex": "female"}'


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_what_is_not_encoded_passes(encoding: str) -> None:
    assert decoded(TEXT, encoding, LIMIT) is TEXT


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
@pytest.mark.parametrize(
    "body",
    [gzip.compress(TEXT), gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:])],
    ids=["one member", "two members"],
)
def test_gzip_is_decoded_also_in_pieces(encoding: str, body: bytes) -> None:
    assert decoded(body, encoding, LIMIT) == TEXT


@pytest.mark.parametrize(
    "encoding", ["br", "deflate", "zstd", "compress", "gzip, gzip", "aws-chunked", "x" * 99]
)
def test_another_encoding_is_named_with_what_is_read(encoding: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="gzip is read") as caught:
        decoded(TEXT, encoding, LIMIT)
    assert encoding[:40] in str(caught.value)


WHOLE = gzip.compress(TEXT)
BAD: dict[str, tuple[bytes, type[LifeboatError], str]] = {
    "no gzip": (TEXT, UnreadableBody, "damaged or no gzip"),
    "cut": (WHOLE[:-9], UnreadableBody, "cut short"),
    "cut in the trailer": (WHOLE[:-1], UnreadableBody, "cut short"),
    "the header alone": (WHOLE[:10], UnreadableBody, "cut short"),
    "a wrong checksum": (WHOLE[:-5] + bytes([WHOLE[-5] ^ 1]) + WHOLE[-4:], UnreadableBody, "damaged"),
    "something behind it": (WHOLE + b"x" * 9, UnreadableBody, "damaged"),
    "as text": (WHOLE.decode(errors="replace").encode(), UnreadableBody, "damaged"),
    "zlib": (zlib.compress(TEXT), UnreadableBody, "damaged or no gzip"),
    "one byte too many": (
        gzip.compress(b" " * (LIMIT + 1)),
        PayloadTooLarge,
        f"{LIMIT} bytes once it is decoded",
    ),
    "too many in pieces": (gzip.compress(b" " * LIMIT) + WHOLE, PayloadTooLarge, "once it is decoded"),
}


@pytest.mark.parametrize(("body", "kind", "reason"), BAD.values(), ids=BAD)
def test_gzip_that_is_damaged_cut_or_too_large_is_refused(
    body: bytes, kind: type[LifeboatError], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        decoded(body, "gzip", LIMIT)
    assert decoded(gzip.compress(b" " * LIMIT), "gzip", LIMIT) == b" " * LIMIT


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    squeezed = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = squeezed.compress(bytes(2**20)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    # After a full flush each block is what it would be anywhere: the same bytes, made once.
    block = squeezed.compress(bytes(2**20)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    bomb = head + block * 511
    unpacked = zlib.decompressobj(31)
    assert len(unpacked.decompress(bomb[: len(head) + 9 * len(block)])) == 10 * 2**20
    assert len(bomb) < 2**20
    started = time.process_time()
    with pytest.raises(PayloadTooLarge):
        decoded(bomb, "gzip", MAX_BODY_BYTES)
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("times", [1, 200])
def test_many_empty_pieces_are_read_in_time(times: int) -> None:
    assert decoded(gzip.compress(b"") * times + WHOLE, "gzip", LIMIT) == TEXT


def sent(ask: Ask, body: bytes, encoding: str, path: str = "/predict") -> dict[str, Any]:
    answer = ask(
        "POST",
        path,
        body=base64.b64encode(body).decode(),
        isBase64Encoded=True,
        headers={"content-type": "application/json", "content-encoding": encoding},
    )
    return {"status": answer["statusCode"], **json.loads(answer["body"])}


def test_a_body_in_gzip_reaches_its_route_and_others_are_refused_in_the_envelope(ask: Ask) -> None:
    assert sent(ask, WHOLE, "gzip")["code"] == "NO_CHAMPION"
    assert sent(ask, WHOLE, "br")["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert sent(ask, WHOLE[:-9], "gzip")["code"] == "UNREADABLE_BODY"
    endless = gzip.compress(b" " * (MAX_BODY_BYTES + 1))
    assert sent(ask, endless, "gzip")["code"] == "PAYLOAD_TOO_LARGE"
    assert sent(ask, endless, "gzip", "/predict/batch")["code"] == "NO_CHAMPION"


def test_an_encoding_without_a_body_is_of_no_matter(ask: Ask) -> None:
    assert ask("GET", "/openapi.json", headers={"content-encoding": "br"}, body=None)["statusCode"] == 200


@pytest.mark.parametrize(
    ("accept", "takes"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.8, *;q=0.1", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, br", False),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=x", False),
        ("notgzip", False),
    ],
)
def test_who_takes_gzip_says_so(accept: str, takes: bool) -> None:
    assert takes_gzip(accept) is takes


def test_a_large_answer_is_compressed_for_who_takes_it(ask: Ask) -> None:
    plain = ask("GET", "/openapi.json", VALID)
    packed = ask("GET", "/openapi.json", VALID, headers={"accept-encoding": "gzip"})
    assert packed["isBase64Encoded"] is True
    assert packed["headers"]["content-encoding"] == "gzip"
    assert gzip.decompress(base64.b64decode(packed["body"])) == plain["body"].encode()
    assert len(packed["body"]) < len(plain["body"]) / 2
    assert "content-encoding" not in plain["headers"]
    for answer in (plain, packed):
        assert answer["headers"]["vary"].lower() == "accept-encoding"


def test_a_small_answer_stays_as_it_is(ask: Ask) -> None:
    answer = ask("GET", "/health/live", None, headers={"accept-encoding": "gzip"})
    assert len(answer["body"]) < MIN_COMPRESSED
    assert "content-encoding" not in answer["headers"]
    assert answer["headers"]["vary"] == "accept-encoding"
