"""A row of the table as those who use the peers would declare it: by hand, for this one table."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _whole(value: Any) -> Any:
    # JSON and CSV writers both turn 3 into 3.0.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[int | None, BeforeValidator(_whole), Field(ge=0, le=20)]


class Passenger(BaseModel):
    """The fields that the schema has, with the same ranges and words."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    pclass: Annotated[Literal[1, 2, 3], BeforeValidator(_whole)]
    sex: Literal["female", "male"]
    age: float | None = Field(None, ge=0, le=120)
    sibsp: Count = None
    parch: Count = None
    fare: float | None = Field(None, ge=0, le=1_000_000)
    embarked: Literal["C", "Q", "S"] | None = None
    title: Literal["Mr", "Mrs", "Miss", "Master"] | None = None
