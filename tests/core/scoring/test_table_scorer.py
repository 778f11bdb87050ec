"""A table scored part by part: the bytes are the same wherever it is cut, and the answers are the API's."""

import csv
import gzip
import io
import pickle
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.rows import RowReader
from functions.core.schema.text.dialect import Dialect
from functions.core.schema.text.row_cutting import cut_rows
from functions.core.scoring.scorer import Scorer
from functions.core.scoring.table_scorer import TableScorer, open_plain, survey_table
from tests.conftest import SCHEMA, TITANIC, Send
from training.model.train import Trained

TRICKY = (
    "Name,pclass,sex,age,fare,note\n"
    '"Allen, Miss. Elisabeth",1,female,29,211.5,plain\n'
    "Brown,1, female,30,,=1+1\n"
    "\n"
    '"two\nlines",2,male,,7.25,"says ""no"" = yes"\n'
    "Cook,9,male,20,8,-5\n"
    "Dean,3,male,20,8,-x\n"
    'Eaton,3,male,forty,8,"+a, b"\n'
    "Short,3,female\n"
    "Wide,3,female,1,1,1,1,1\n"
    "Ford,3,female,0.5,-1e0,@home\n"
    'Gale 5" tall,3,female,3,9,\t=tab\n'
    'Hale,3,male,44,8.05,"-"\n'
)


@pytest.fixture(scope="module")
def scorer(trained: Trained) -> Scorer:
    return Scorer(trained.model, SCHEMA)


def score(body: bytes, scorer: Scorer, *, size: int = 1 << 20, version: str = "abc123") -> bytes:
    reader = RowReader(SCHEMA)
    stream = open_plain(io.BytesIO(body))
    dialect = survey_table(stream, reader).dialect
    table = TableScorer(scorer, reader, version, dialect)
    return b"".join(
        [table.header(), *(table.score(part).body for part in cut_rows(stream, dialect, size=size))]
    )


def rows_of(body: bytes) -> list[list[str]]:
    return [*csv.reader(io.StringIO(body.decode(), newline=""), strict=True)]


@pytest.mark.parametrize("size", [1, 7, 50, 400])
def test_where_a_table_is_cut_changes_no_byte(scorer: Scorer, size: int) -> None:
    body = TRICKY.encode()
    assert score(body, scorer, size=size) == score(body, scorer)


@pytest.mark.parametrize("size", [500, 30_000])
def test_rows_that_numpy_reads_by_the_thousand_are_answered_like_rows_read_one_by_one(
    scorer: Scorer, size: int
) -> None:
    header, *_ = TRICKY.splitlines()
    shipped = TITANIC.read_text(encoding="utf-8")
    for body in (shipped, shipped.replace(",S,", ",9,", 40), header + "\n" + TRICKY[len(header) + 1 :] * 60):
        plain = body.replace(' 5" tall', " tall").encode()
        assert score(plain, scorer, size=size) == score(plain, scorer)


def encodings(text: str) -> Iterator[bytes]:
    yield text.encode("utf-8-sig")
    yield text.encode("utf-16")
    yield text.encode("utf-32")
    yield text.encode("cp1252")
    yield gzip.compress(text.encode())
    yield gzip.compress(text.encode("utf-16"))
    yield b"sep=,\n\n" + text.encode()
    yield text.replace("\n", "\r\n").encode()


def test_an_encoding_and_gzip_change_no_answer(scorer: Scorer) -> None:
    text = "name,pclass,sex,age\nJosé,1,female,2\nAnn,3,male,40\n"
    expected = score(text.encode(), scorer)
    assert expected.count("José".encode()) == 1
    for body in encodings(text):
        for size in (3, 1 << 20):
            assert score(body, scorer, size=size) == expected


def test_line_ends_of_an_old_mac_are_line_ends(scorer: Scorer) -> None:
    rows = "\n1,female\n3,male\n2,male\n"
    body = f"pclass,sex{rows}".replace("\n", "\r").encode()
    assert score(body, scorer, size=4) == score(f"pclass,sex{rows}".encode(), scorer)


def test_each_row_comes_back_with_its_answer_or_the_reason_why_not(scorer: Scorer) -> None:
    header, *rows = rows_of(score(TRICKY.encode(), scorer))
    assert header == [
        "Name",
        "pclass",
        "sex",
        "age",
        "fare",
        "note",
        "survived",
        "probability",
        "version",
        "error",
    ]
    by_name = {row[0]: row for row in rows}
    assert by_name["two\nlines"][5] == 'says "no" = yes'
    assert by_name["Allen, Miss. Elisabeth"][6:9] == ["1", by_name["Allen, Miss. Elisabeth"][7], "abc123"]
    assert by_name["Cook"][6:] == ["", "", "", "pclass: must be 1, 2 or 3"]
    assert by_name["Eaton"][9].startswith("age: must be a number")
    assert by_name[""] == [""] * 9 + ["has 8 cells, the header 6"]
    assert by_name["Short"][6] in ("0", "1")
    assert len(rows) == 11


def test_no_cell_that_comes_back_is_a_formula(scorer: Scorer) -> None:
    rows = rows_of(score(TRICKY.encode(), scorer))
    notes = {row[0]: row[5] for row in rows}
    assert notes["Brown"] == "'=1+1"
    assert notes["Dean"] == "'-x"
    assert notes["Eaton"] == "'+a, b"
    assert notes["Ford"] == "'@home"
    assert notes['Gale 5" tall'] == "'\t=tab"
    assert (notes["Cook"], notes["Hale"]) == ("-5", "-")


@pytest.mark.parametrize(
    "cell", ["=a", "+a", "-a", "@a", "\ta", '"=a"', '"-a"', '"\ra"', '"\na"', "-1.5", "-e5", "+"]
)
def test_a_formula_is_found_in_a_first_and_in_a_last_cell(scorer: Scorer, cell: str) -> None:
    table = f"note,pclass,sex,last\n{cell},1,male,\n,1,male,{cell}\n"
    _, first, last = rows_of(score(table.encode(), scorer))
    [[note]] = csv.reader(io.StringIO(cell, newline=""))
    expected = note if note in ("+", "-1.5") else f"'{note}"
    assert first[0] == expected
    assert last[3] == expected


def test_the_answers_are_those_of_the_batch_route_to_the_byte(send: Send, published: object) -> None:
    from functions.predict.service import service

    loaded = service().champion("titanic")
    for body in (TITANIC.read_bytes(), TRICKY.encode()):
        mine = score(body, loaded.scorer, size=5_000, version=loaded.served.version)
        names = rows_of(body)[0]
        keep = "&".join(f"keep={quote(name)}" for name in names)
        answer = send(
            "POST",
            f"/predict/batch?partial=true&{keep}",
            body,
            headers={"content-type": "text/csv", "accept": "text/csv"},
        )
        assert answer["statusCode"] == 200, answer["body"]
        theirs = rows_of(answer["body"].encode())
        header, *rows = rows_of(mine)
        answers = ["survived", "probability", "version", *(["error"] if "error" in theirs[0] else [])]
        places = [header.index(name) for name in answers]
        at = [theirs[0].index(name) for name in answers]
        assert [[row[index] for index in places] for row in rows] == [
            [row[index] for index in at] for row in theirs[1:]
        ]
        # What was sent stands last there, and first here.
        assert [row[: len(names)] for row in rows] == [row[-len(names) :] for row in theirs[1:]]
        assert header[: len(names)] == theirs[0][-len(names) :]


def test_how_a_table_is_read_can_be_kept_and_sent_elsewhere() -> None:
    reader = RowReader(SCHEMA)
    stream = open_plain(io.BytesIO(b"pclass;sex;fare\n1;male;3,5\n2;female;1.234,5\n"))
    dialect = survey_table(stream, reader).dialect
    assert dialect.marks["fare"] == ","
    assert Dialect.from_json(dialect.as_json()) == dialect
    assert pickle.loads(pickle.dumps(dialect)) == dialect  # noqa: S301


def test_a_file_that_is_cut_off_is_refused(scorer: Scorer) -> None:
    packed = gzip.compress(TITANIC.read_bytes())
    with pytest.raises(InvalidInput, match="damaged or cut off"):
        score(packed[: len(packed) // 2], scorer)
    with pytest.raises(InvalidInput, match="never closed"):
        score(TRICKY.encode() + b'"not closed,1,male\n', scorer)
