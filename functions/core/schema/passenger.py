"""A passenger: the one model behind the HTTP request, the CSV row and the input of the graph."""

import re
from functools import lru_cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

Sex = Literal["female", "male"]
Port = Literal["C", "Q", "S"]
Title = Literal["Mr", "Mrs", "Miss", "Master"]

# Of an object in a body. Each unknown key is an error of its own, and a body has room for many.
MOST_KEYS = 64

# Honorifics of the passenger list, and the group each counts as: nobility and officers are too few to
# learn from by themselves. "Dr" was borne by men and women alike and says nothing that `sex` does not.
TITLES: dict[str, Title | None] = {
    "mr": "Mr",
    "don": "Mr",
    "sir": "Mr",
    "jonkheer": "Mr",
    "capt": "Mr",
    "col": "Mr",
    "major": "Mr",
    "rev": "Mr",
    "mrs": "Mrs",
    "mme": "Mrs",
    "dona": "Mrs",
    "lady": "Mrs",
    "countess": "Mrs",
    "the countess": "Mrs",
    "miss": "Miss",
    "ms": "Miss",
    "mlle": "Miss",
    "master": "Master",
    "dr": None,
}

# Columns of the same table (titanic3 and Kaggle) that are accepted and never used: identifiers, the
# answer itself, and `boat` and `body`, which were known only after the sinking.
NEVER_FEATURES = frozenset({"passengerid", "survived", "ticket", "cabin", "boat", "body", "home.dest"})

_LONGEST_NAME = 200
# Its first character is no space, so that there is one way to match, however much space comes before it.
_HONORIFIC = re.compile(r",\s*([^.,\s][^.,]{0,29})\.")


def title_from_name(name: str) -> Title | None:
    """The group of the honorific in "Surname, Honorific. Forenames"; None where there is none known."""
    found = _HONORIFIC.search(name)
    return _title_of(found[1]) if found else None


@lru_cache(maxsize=256)
def _title_of(honorific: str) -> Title | None:
    return TITLES.get(honorific.strip().lower())


def _whole(value: Any) -> Any:
    # JSON and CSV writers both turn 3 into 3.0 (pandas does, once a column has a gap).
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _title(value: Any) -> Any:
    return TITLES.get(value.strip().rstrip(".").lower(), value) if isinstance(value, str) else value


def _class(value: Any) -> Any:
    # Literal compares with ==, and True == 1: a boolean is no class.
    return "a boolean" if isinstance(value, bool) else _whole(value)


Relatives = Annotated[
    int,
    BeforeValidator(_whole),
    Field(ge=0, le=20),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 20}, {"type": "null"}], "default": 0}
    ),
]


class Passenger(BaseModel):
    """One passenger. Only `pclass` and `sex` are required; whatever else is unknown is left out or null."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {
                    "pclass": 1,
                    "sex": "female",
                    "age": 29,
                    "fare": 211.34,
                    "embarked": "S",
                    "name": "Allen, Miss. Elisabeth Walton",
                }
            ]
        },
    )

    pclass: Annotated[Literal[1, 2, 3], BeforeValidator(_class)] = Field(description="Ticket class")
    sex: Sex
    age: float | None = Field(None, ge=0, le=120, description="Years; fractions allowed")
    sibsp: Relatives = Field(0, description="Siblings and spouses aboard")
    parch: Relatives = Field(0, description="Parents and children aboard")
    fare: float | None = Field(None, ge=0, le=1_000_000, description="Pounds of 1912")
    embarked: Port | None = Field(None, description="Cherbourg, Queenstown or Southampton")
    title: Annotated[Title | None, BeforeValidator(_title)] = Field(
        None, description="Derived from `name` when it is not given"
    )
    name: str | None = Field(
        None, max_length=_LONGEST_NAME, description="Only its title is used; it is never stored"
    )

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, data: Any) -> Any:
        """Match keys without regard to case, drop what is never a feature, read null as absent."""
        if not isinstance(data, dict):
            return data
        if len(data) > MOST_KEYS:
            raise ValueError(f"a passenger has at most {MOST_KEYS} fields")
        fields = data if data.keys() <= _FIELDS else _respelled(data)
        row = {name: value for name, value in fields.items() if value is not None}
        name = row.get("name")
        if "title" not in row and isinstance(name, str) and len(name) <= _LONGEST_NAME:
            row["title"] = title_from_name(name)
        return row


# Pydantic works this out anew each time it is asked.
_FIELDS = frozenset(Passenger.model_fields)


def _respelled(data: dict[Any, Any]) -> dict[Any, Any]:
    """`data` with the names of fields as they are spelled here, and without what is never a feature."""
    fields: dict[Any, Any] = {}
    for key, value in data.items():
        name = key.lower() if isinstance(key, str) else key
        if name in NEVER_FEATURES:
            continue
        if name not in _FIELDS:
            name = key
        elif name in fields:
            raise ValueError(f"{name} is given twice, in two spellings")
        fields[name] = value
    return fields


# The inputs of the graph, in order: a number (None), or one of these categories.
FEATURES: dict[str, tuple[str, ...] | None] = {
    "pclass": None,
    "sex": get_args(Sex),
    "age": None,
    "sibsp": None,
    "parch": None,
    "fare": None,
    "embarked": get_args(Port),
    "title": get_args(Title),
}
