"""What share of the rows that people asked about was refused because they do not fit.

They are counted apart from the window of a champion. A client that sends nothing but what is refused fills no
window, and has to be noticed all the same; and a refusal is no champion's: what was answered by any version
is counted beside it.
"""

from collections import Counter
from datetime import datetime

from pydantic import Field

from functions.core.base.records import Count, Moment, Record


class Asked(Record):
    """Rows that people asked about: `scored` by any version, or `refused`.

    fields: how often each field was at fault (`core.predictions.records.RefusalRecord`).
    """

    scored: Count = 0
    refused: Count = 0
    fields: dict[str, Count] = Field({})

    @property
    def rows(self) -> int:
        return self.scored + self.refused

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(
            scored=self.scored + other.scored,
            refused=self.refused + other.refused,
            fields=Counter(self.fields) + Counter(other.fields),
        )


class Refused(Record):
    """What was refused because it does not fit, of as many rows as it takes to judge."""

    at: Moment = Field(description="When it was judged")
    rows: int = Field(description="All that people asked about since it was judged before")
    refused: int = Field(description="Those without an answer: all of a batch in which one row does not fit")
    share: float = Field(ge=0, le=1)
    limit: float | None = Field(
        None,
        ge=0,
        le=1,
        description="The share above which it is an alarm; null in reports of releases that did not keep it",
    )
    fields: dict[str, int] = Field(
        description="How often each field was at fault; `other`: unknown names, and rows or bodies as a whole"
    )
    alarm: bool


def judge_refusals(asked: Asked, max_share: float, now: datetime) -> Refused:
    """max_share: of refused rows, 0 to 1, above which it raises an alarm. There are rows."""
    share = asked.refused / asked.rows
    return Refused(
        at=now,
        rows=asked.rows,
        refused=asked.refused,
        share=share,
        limit=max_share,
        fields=asked.fields,
        alarm=share > max_share,
    )
