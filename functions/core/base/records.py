"""What is kept in the store, as a class."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of what is kept in the store: fields of a later release are passed over, not refused."""

    model_config = ConfigDict(frozen=True, extra="ignore")
