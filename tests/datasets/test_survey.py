"""A table is looked at before a model is made of it: what was guessed, and what could be predicted."""

import gzip

import pytest

from functions.core.schema.document.parsing import parse_schema
from functions.core.storage.view import ModelStore
from tests.datasets.conftest import Ask
from tests.support.titanic import TABLE

PATH = "/models/churn/schema/inference"


def table(rows: int = 60) -> bytes:
    lines = [f"c-{n},{n % 7},{'basic' if n % 3 else 'gold'},{'yes' if n % 4 else 'no'}" for n in range(rows)]
    return "\n".join(["customer id,calls,plan,stays", *lines]).encode()


def test_the_schema_is_one_that_can_be_kept_and_nothing_is_written(ask: Ask, store: ModelStore) -> None:
    before = [*store._store.list("")]
    status, answer = ask("POST", f"{PATH}?target=stays", table())
    assert status == 200
    assert answer["question"] is None
    schema = parse_schema(answer["schema"])
    assert (schema.target.name, schema.names) == ("stays", ("calls", "plan"))
    assert any("customer id looks like an identifier" in note for note in answer["notes"])
    assert [column["name"] for column in answer["columns"]] == ["customer id", "calls", "plan", "stays"]
    plan = answer["columns"][2]
    assert (plan["values"], plan["complete"], plan["distinct"]) == (["basic", "gold"], True, 2)
    assert answer["columns"][0]["complete"] is False
    assert [*store._store.list("")] == before


def test_where_no_name_tells_the_target_the_candidates_are_told(ask: Ask) -> None:
    status, answer = ask("POST", PATH, table())
    assert (status, answer["schema"], answer["targets"]) == (200, None, ["plan", "stays"])
    assert "which column is to be predicted?" in answer["question"]


def test_a_table_in_gzip_is_read_and_a_column_named_like_the_model_is_the_target(ask: Ask) -> None:
    body = gzip.compress(TABLE.read_bytes())
    _, answer = ask("POST", "/models/survived/schema/inference", body)
    assert answer["schema"]["target"]["field"] == "survived"


@pytest.mark.parametrize(
    ("target", "says"), [("nothing", "no column nothing"), ("calls", "7 distinct numbers")]
)
def test_a_column_that_cannot_be_predicted_is_refused_beside_the_target(
    ask: Ask, target: str, says: str
) -> None:
    status, answer = ask("POST", f"{PATH}?target={target}", table())
    assert (status, answer["detail"][0]["loc"]) == (422, ["query", "target"])
    assert says in answer["error"]


@pytest.mark.parametrize(
    "body",
    [b"\x00\x01", b"a\n", b"only,a,header\n", gzip.compress(b"a,b\n")[:-4]],
    ids=["bytes", "a word", "a header", "a gzip cut off"],
)
def test_what_is_no_table_is_refused_in_words(ask: Ask, body: bytes) -> None:
    status, answer = ask("POST", PATH, body)
    assert (status, answer["code"]) == (422, "INVALID_INPUT")


def test_what_unpacks_to_more_than_there_is_time_for_is_refused(ask: Ask) -> None:
    status, answer = ask("POST", PATH, gzip.compress(b"a,b\n" + b"1,2\n" * (17 * 2**20)))
    assert status == 422
    assert "64" in answer["error"] or "larger" in answer["error"]
