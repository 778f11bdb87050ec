"""What a passenger accepts, derives and refuses."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from functions.core.schema.passenger import FEATURES, Passenger, title_from_name


def passenger(**fields: Any) -> Passenger:
    return Passenger.model_validate({"pclass": 3, "sex": "male", **fields})


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Braund, Mr. Owen Harris", "Mr"),
        ("Sagesser, Mlle. Emma", "Miss"),
        ("Reynaldo, Ms. Encarnacion", "Miss"),
        ("Aubart, Mme. Leontine Pauline", "Mrs"),
        ("Rothes, the Countess. of (Lucy Noel Martha Dyer-Edwards)", "Mrs"),
        ("Oliva y Ocana, Dona. Fermina", "Mrs"),
        ("Reuchlin, Jonkheer. John George", "Mr"),
        ("Simonius-Blumer, Col. Oberst Alfons", "Mr"),
        ("Byles, Rev. Thomas Roussel Davids", "Mr"),
        ("Allison, Master. Hudson Trevor", "Master"),
        ("Cumings, Mrs. John Bradley (Florence Briggs Thayer)", "Mrs"),
        ("Leader, Dr. Alice (Farnham)", None),
        ("Smith, Wizard. Merlin", None),
        # A space is no honorific.
        ("Smith, ., Mr. John", "Mr"),
        ("Prince", None),
        ("", None),
    ],
)
def test_the_title_is_derived_from_the_name(name: str, title: str | None) -> None:
    assert title_from_name(name) == title
    assert passenger(name=name).title == title


def test_a_given_title_counts_more_than_the_name_and_is_grouped() -> None:
    assert passenger(title="Mlle.", name="Braund, Mr. Owen").title == "Miss"


def test_the_columns_of_kaggle_are_the_same_table() -> None:
    row = {
        "PassengerId": 1,
        "Survived": 0,
        "Pclass": 3,
        "Name": "Braund, Mr. Owen Harris",
        "Sex": "male",
        "Age": 22,
        "SibSp": 1,
        "Parch": 0,
        "Ticket": "A/5 21171",
        "Fare": 7.25,
        "Cabin": None,
        "Embarked": "S",
    }
    found = Passenger.model_validate(row)
    assert [getattr(found, name) for name in FEATURES] == [3, "male", 22, 1, 0, 7.25, "S", "Mr"]


def test_null_and_absent_are_the_same() -> None:
    optional = [name for name in Passenger.model_fields if name not in {"pclass", "sex"}]
    assert passenger(**dict.fromkeys(optional)) == passenger()
    assert passenger().sibsp == 0
    assert passenger().age is None


def test_a_whole_number_may_be_written_with_a_fraction_of_zero() -> None:
    assert passenger(pclass=2.0, sibsp=1.0) == passenger(pclass=2, sibsp=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pclass", True),
        ("pclass", 4),
        ("pclass", 1.5),
        ("pclass", "1"),
        ("pclass", None),
        ("sex", "Male"),
        ("sex", 1),
        ("sex", None),
        ("age", -1),
        ("age", 121),
        ("age", "29"),
        ("age", True),
        ("age", float("nan")),
        ("age", float("inf")),
        ("sibsp", -1),
        ("sibsp", 21),
        ("sibsp", 0.5),
        ("sibsp", True),
        ("parch", "0"),
        ("fare", -0.01),
        ("fare", 1_000_001),
        ("fare", float("-inf")),
        ("embarked", "s"),
        ("title", "Wizard"),
        ("name", "x" * 201),
        ("name", 7),
        ("cabins", "C22"),
        ("Age", [29]),
    ],
)
def test_a_field_that_does_not_fit_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as failure:
        passenger(**{field: value})
    assert [error["loc"][0] for error in failure.value.errors()] == [
        field if field in FEATURES else field.lower()
    ]


def test_a_field_in_two_spellings_is_refused() -> None:
    with pytest.raises(ValidationError, match="age is given twice"):
        passenger(age=1, Age=2)
    with pytest.raises(ValidationError, match="age is given twice"):
        passenger(AGE=1, Age=2)


def test_of_many_unknown_fields_only_their_number_is_told() -> None:
    with pytest.raises(ValidationError, match="at most 64 fields") as failure:
        passenger(**{f"x{number}": 1 for number in range(63)})
    assert failure.value.error_count() == 1


def test_a_title_is_never_looked_for_in_a_name_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def noted(name: str) -> None:
        looked_at.append(name)

    monkeypatch.setattr("functions.core.schema.passenger.title_from_name", noted)
    longest = "Braund, Mr. ".ljust(200, "x")
    passenger(name=longest)
    with pytest.raises(ValidationError, match="at most 200 characters"):
        passenger(name=longest + "x")
    assert looked_at == [longest]


def test_what_is_no_object_is_refused() -> None:
    for body in ("[]", "3", "null", '"x"'):
        with pytest.raises(ValidationError):
            Passenger.model_validate(json.loads(body))
