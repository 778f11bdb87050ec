"""Promotions and rollbacks as they are asked for, and the list of those there were."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from functions.core.base.ids import VERSION
from functions.core.registry.history import Promotion

VERSION_EXAMPLES = ["64fb781fa1a71ca5"]
# Something that can be read: what counts as white space differs between Pydantic and the schema's readers.
_READABLE = r"[^\s\u0085\u001c-\u001f\ufeff]"
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_READABLE)
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PromotionRequest(_Body):
    """Why a version is promoted. `force` puts it into service against the gate, too."""

    reason: Reason = Field(examples=["its errors on new customers are fewer"])
    force: bool = False


class RollbackRequest(_Body):
    """Why the champion leaves. Without `to`, the last one before it that was not abandoned comes back.

    Abandoned are the one that leaves and all that came into service after the one that comes back.
    """

    reason: Reason = Field(examples=["complaints since yesterday"])
    to: str | None = Field(None, pattern=VERSION, examples=VERSION_EXAMPLES)


class HistoryPage(BaseModel):
    promotions: list[Promotion] = Field(description="Newest first")
    next: int | None = Field(description="Send it as `before` to have the next page; null on the last")
