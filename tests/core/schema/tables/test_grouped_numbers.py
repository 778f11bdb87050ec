"""Whether a text may have numbers with something between their thousands."""

import random
import time

import pytest

from functions.core.schema.tables import grouped_numbers
from functions.core.schema.tables.grouped_numbers import may_be_grouped


@pytest.mark.parametrize(
    ("text", "separator", "expected"),
    [
        ('a,b\n"1,200",2\n', ",", True),
        ('a,b\n" -1,200",2\n', ",", True),
        ('a,b\n"1.200,5",2\n', ",", True),
        ('a,b\n"12,5",2\n', ",", True),
        ("a,b\n1 200,2\n", ",", True),
        ("a,b\n1'200,2\n", ",", True),
        ("a,b\n1\u00a0200,2\n", ",", True),
        ("a,b\n1\u202f200,2\n", ",", True),
        ("a,b\n1\u2019200,2\n", ",", True),
        ("a;b\n1.200.000;2\n", ";", True),
        ("a;b\n7,25;2\n", ";", True),
        ("a;b\n1.200;2\n", ";", True),
        ("a|b\n1.200|2.5\n", "|", False),
        ("a|b\n,5|2\n", "|", True),
        ('a,b\n"Allen, Miss",29,0,7.25,1e5,-3\n"x"\n1,"y",2\n', ",", False),
        ("a;b\nAllen, Miss;29;7.25\n", ";", False),
        ("a,b\nA/5 21171,22\n", ",", False),
    ],
)
def test_usual_files_need_not_be_read_twice(text: str, separator: str, expected: bool) -> None:
    body = text.encode()
    assert may_be_grouped([body], separator) is expected
    # A number may be cut anywhere by the end of a block.
    for cut in range(len(body)):
        assert may_be_grouped([body[:cut], body[cut:]], separator) is expected


@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_what_is_found_plain_at_a_glance_is_plain(separator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(0)  # noqa: S311 # texts, no secret
    pieces = ["0", "12", "120", "1200", ".", ",", " ", "'", '"', "-", "+", "a", separator, "\n"]
    texts = ["".join(draw.choices(pieces, k=draw.randint(0, 60))) for _ in range(20_000)]
    # By blocks of any size.
    cuts = [draw.randint(0, len(text)) for text in texts]
    blocks = [[text[:cut].encode(), text[cut:].encode()] for text, cut in zip(texts, cuts, strict=True)]
    found = [may_be_grouped(parts, separator) for parts in blocks]
    assert 0.1 < sum(found) / len(found) < 0.9
    monkeypatch.setattr(grouped_numbers, "_is_plain", lambda *_: False)
    assert found == [may_be_grouped(parts, separator) for parts in blocks]


@pytest.mark.parametrize("alphabet", ["1", "1,", "1.", " 1", "1 000", "'", "+-", '"0 ', "0 ", '"'])
def test_no_text_takes_long(alphabet: str) -> None:
    text = alphabet * (64_000 // len(alphabet))
    begins = time.perf_counter()
    may_be_grouped([text.encode()], ",")
    may_be_grouped([text.encode()], ";")
    assert time.perf_counter() - begins < 0.5
