"""What is said of a schema that does not fit, and what one that does comes to."""

from typing import Any

import pytest

from functions.core.schema.document.parsing import InvalidSchema, parse_schema, read_schema
from functions.core.schema.schema import Contributor, License
from tests.core.schema.documents import FIELDS, document, faults


def test_the_least_schema_there_is() -> None:
    schema = parse_schema(document())
    assert schema.names == ("age", "plan")
    assert schema.target.answers == (False, True)
    assert schema.row_name == ("row", "rows")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ([], 'it is no object; a schema begins with {"fields": [...], "target": ...}'),
        ({"target": "y"}, 'fields is no list of fields; write {"fields": [{"name": ..., "type": ...}, ...]}'),
        ({"fields": FIELDS}, 'target is missing; write {"target": {"field": ..., "positive": ...}}'),
        (document({"type": "number"}), "field 1 has no name"),
        (
            document({"name": "a\nb"}),
            "field 1 has a name of over 100 characters, or one that cannot be printed",
        ),
        (document({"name": "AGE", "type": "number"}), "age and AGE are one name here; rename one of them"),
        (
            document({"name": "x", "type": "number", "constraints": {"minimum": "a"}}),
            "x: minimum is no number",
        ),
        (
            document({"name": "note", "type": "string"}),
            "note is a text without categories: list its categories, or ignore it",
        ),
        (
            document({"name": "born", "type": "date"}),
            "born is a text without categories: list its categories, or ignore it",
        ),
        (
            document({"name": "c", "categories": ["a", "A"]}),
            "c: two of its categories are the same but for their case",
        ),
        (
            document({"name": "c", "categories": ["a", None]}),
            "c: its categories are not all texts; a missing value is no category",
        ),
        (
            document({"name": "probability", "type": "number"}),
            "probability: Lifeboat has a column of that name itself; rename it, or ignore it",
        ),
        (
            document({"name": "x", "type": "number", "constraints": {"minimum": 5, "maximum": 1}}),
            "x: its minimum is above its maximum, so it can have no value",
        ),
        (
            document({"name": "x", "type": "string", "constraints": {"maxLength": 0}}),
            "x: maxLength is less than 1, so it can have no value",
        ),
        (
            document({"name": "x", "type": "number", "categories": [1, 10**400]}),
            "x: its categories are not all numbers; a missing value is no category",
        ),
        (
            document(aliases={"fields": {"age": ["Probability"]}}),
            "aliases.fields.age: Lifeboat has a column Probability itself",
        ),
        (document(aliases={"fields": {"age": [" "]}}), "aliases.fields.age is no list of other names"),
        (
            {**document({"name": "Probability", "type": "boolean"}), "target": "Probability"},
            "Probability: Lifeboat has a column of that name itself; rename it, or ignore it",
        ),
        (
            document(
                {"name": "end", "type": "string", "categories": ["good", "bad"]},
                target={"field": "end", "positive": "bad"},
                derived=[{"field": "plan", "from": "end", "pattern": "(.*)", "words": {"good": "full"}}],
            ),
            "derived: no feature can be made of the target end",
        ),
        ({**document(), "target": "left"}, "target left is none of the fields; add it to them"),
        (
            {**document(), "target": "age"},
            "target age: a number cannot be predicted yet, only one of two values; list the values as its "
            "enum, and in target.positive those that count as yes",
        ),
        (
            {**document(), "target": "plan"},
            "target plan: target.positive has to name those of its categories that count as yes; they are "
            "basic, full",
        ),
        (document(task="regression"), "task is 'regression'; only two-class can be trained so far"),
        (document(slices=["age"]), "slices: age is none of the fields that have categories"),
        (
            document(slices=["plan"], ignored=["plan"]),
            "slices: plan is no feature; the gate judges by what the model is given",
        ),
        (document(ignored=["age", "plan"]), "no field is left to predict from; ignore fewer"),
        (
            document(aliases={"fields": {"age": ["years"], "plan": ["Years"]}}),
            "Years stands for age and for plan; it can stand for one",
        ),
        (
            document(aliases={"values": {"plan": {"b": "bronze"}}}),
            "aliases.values.plan: bronze is none of its categories",
        ),
        (
            document(expectations=[{"likelier": {"age": 1}, "than": {"age": "old"}, "because": "so it is"}]),
            "expectations: age must be a number",
        ),
        (
            document(
                {"name": "text", "type": "string"},
                derived=[{"field": "plan", "from": "text", "pattern": "(a+)+$", "words": {"a": "basic"}}],
            ),
            "derived plan: its pattern repeats a repetition, or refers back to a group: that may take "
            "for ever",
        ),
    ],
)
def test_a_fault_is_named_with_its_field_and_what_to_do(body: object, sentence: str) -> None:
    assert sentence in faults(body)


@pytest.mark.parametrize(
    "odd",
    [
        {"primaryKey": [["age"], {}]},
        {"derived": [{"field": ["plan"], "from": {}}]},
        {"derived": [{"field": "plan", "from": "text", "pattern": "(a{99999999999})", "words": {}}]},
        {"target": {"field": "n", "positive": [[1]]}},
        {"target": {"field": "n", "positive": [{}]}},
        {"target": {"field": "same", "positive": "a"}},
        {"target": {"field": "one", "positive": 1}},
        {"target": ["churned"]},
        {"task": {}},
        {"slices": [["plan"]]},
        {"rowName": {"one": []}},
    ],
    ids=str,
)
def test_a_value_of_an_odd_kind_is_a_fault_and_no_crash(odd: dict[str, Any]) -> None:
    fields: list[dict[str, Any]] = [
        {"name": "n", "type": "number", "categories": [1, 2]},
        {"name": "same", "categories": ["a", "a"]},
        {"name": "one", "type": "number", "categories": [1, 1.0]},
        {"name": "text"},
    ]
    assert faults(document(*fields, **odd))


def test_an_empty_cell_is_missing_whatever_a_schema_says() -> None:
    assert parse_schema(document(missingValues=["?"])).missing == {"", "?"}


def test_all_faults_are_named_at_once() -> None:
    assert len(faults({"fields": [{"name": ""}, {"name": "a", "constraints": 3}], "target": "b"})) == 3


def test_a_body_that_is_no_json_is_refused() -> None:
    for body in (b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(InvalidSchema, match="it is not JSON in UTF-8"):
            read_schema(body)


def test_what_pandas_writes_is_read() -> None:
    pandas = {
        "fields": [
            {"name": "index", "type": "integer"},
            {"name": "plan", "type": "any", "constraints": {"enum": ["basic", "full"]}, "ordered": False},
            {"name": "left", "type": "integer", "constraints": {"enum": [0, 1]}},
        ],
        "primaryKey": ["index"],
        "pandas_version": "1.4.0",
        "target": {"field": "left", "positive": 1},
    }
    schema = parse_schema({"schema": pandas, "data": []})
    assert schema.names == ("plan",)
    assert schema.notes == ("index is the primary key, and so no feature",)


def test_the_licenses_of_the_data_are_read_as_a_data_package_has_them() -> None:
    listed = [{"name": "CC-BY-4.0", "title": "Attribution"}, {"path": "https://example.org/terms"}]
    schema = parse_schema(document(licenses=listed))
    assert schema.licenses == (
        License(name="CC-BY-4.0", title="Attribution"),
        License(path="https://example.org/terms"),
    )
    assert schema.notes == ()


@pytest.mark.parametrize("odd", ["MIT", [7], [{}], [{"title": "a title"}], [{"name": 7}], {"name": "MIT"}])
def test_a_license_without_a_name_or_a_path_is_a_fault(odd: Any) -> None:
    [fault] = faults(document(licenses=odd))
    assert fault.startswith("licenses: each has a name or a path")


def test_who_answers_for_the_data_is_read_as_a_data_package_has_them() -> None:
    listed = [
        {"title": "Risk team", "email": "risk@example.org", "roles": ["owner"]},
        {"title": "Ombudsman", "path": "https://example.org/complaints", "organization": "Bank"},
    ]
    schema = parse_schema(document(contributors=listed))
    assert schema.contributors == (
        Contributor(title="Risk team", email="risk@example.org"),
        Contributor(title="Ombudsman", path="https://example.org/complaints", organization="Bank"),
    )
    assert schema.notes == ()


@pytest.mark.parametrize("odd", ["me", [7], [{}], [{"title": "A name"}], [{"title": 7, "email": "a@b"}]])
def test_a_contributor_who_cannot_be_reached_is_passed_over_and_said(odd: Any) -> None:
    """No fault: versions were published when nobody looked at them."""
    schema = parse_schema(document(contributors=odd))
    assert schema.contributors == ()
    [note] = schema.notes
    assert note.startswith("contributors without a title")


def test_what_is_not_used_of_a_document_is_said() -> None:
    schema = parse_schema(
        document({"name": "n", "type": "number", "constraints": {"unique": True}}, foreignKeys=[])
    )
    assert schema.notes == ("n: the constraint unique is not used", "the key foreignKeys is not used")


def test_what_would_have_the_cells_of_one_field_read_otherwise_is_said_not_to_be_used() -> None:
    schema = parse_schema(
        document({"name": "n", "type": "number", "decimalChar": ",", "missingValues": ["x"]})
    )
    assert schema.notes == ("n: the key missingValues is not used", "n: the key decimalChar is not used")


def nested(depth: int) -> Any:
    """Lists in objects in one another, so many of both."""
    found: Any = {}
    for number in range(depth - 1):
        found = [found] if number % 2 else {"x": found}
    return found


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"x": float("nan")}, "a number that is not finite"),
        ({"x": [float("-inf")]}, "a number that is not finite"),
        ({"title": "\ud800"}, "half a character"),
        ({"x": nested(50)}, "more than 50 deep"),
        ({"x": nested(5000)}, "more than 50 deep"),
    ],
    ids=["NaN", "infinity", "half a character", "deep", "very deep"],
)
def test_what_cannot_be_kept_as_json_is_no_schema(odd: dict[str, Any], said: str) -> None:
    whole = document({"name": "n", "type": "number"})
    parse_schema({**whole, "x": nested(49)})
    with pytest.raises(InvalidSchema, match=said):
        parse_schema({**whole, **odd})
