"""What is kept in the store, as a class. What is read back may be damaged: the classes say what is none."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Base of what is kept in the store: fields of a later release are passed over, not refused.

    Numbers are finite: JSON has no other, though Python reads and writes some.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


def check_year(value: datetime) -> datetime:
    """A time that can be computed with. Raises `ValueError`."""
    # From the first moment that Python can tell nothing can be taken, to the last nothing added.
    if not 2000 <= value.year < 2200:
        raise ValueError("a time lies in the years 2000 to 2199")
    return value


Moment = Annotated[AwareDatetime, Field(strict=True), AfterValidator(check_year)]
"""A time of a record: written out, with its zone. One without a zone cannot be compared with the others."""

Count = Annotated[int, Field(strict=True, ge=0, lt=2**53)]
"""How many: no more than a float64, which it is computed with, tells apart."""

PositiveCount = Annotated[int, Field(strict=True, ge=1, lt=2**53)]
"""How many, where there is at least one."""
