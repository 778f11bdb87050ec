"""Settings from the environment, validated once, on first use."""

import os
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

PREFIX = "LIFEBOAT_"


class Settings(BaseModel):
    """Base of each function's settings: field `store` is read from `LIFEBOAT_STORE`, and so on."""

    model_config = ConfigDict(frozen=True)

    store: str

    @classmethod
    def from_environment(cls) -> Self:
        """Raises `SystemExit` that names each variable at fault: nothing works without them."""
        values = {
            name: os.environ[PREFIX + name.upper()]
            for name in cls.model_fields
            if PREFIX + name.upper() in os.environ
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            faults = [f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
            raise SystemExit("settings do not fit: " + "; ".join(faults)) from None
