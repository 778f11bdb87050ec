"""Settings from the environment, validated once, on first use; without pydantic, for which no cold start
waits."""

import os
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Self

PREFIX = "LIFEBOAT_"


def setting(
    default: Any = MISSING,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    description: str = "",
) -> Any:
    """A field of a settings class: its default (none: it is required), its range, and what it is in words."""
    rules = {"ge": ge, "gt": gt, "le": le, "lt": lt, "description": description}
    return field(default=default, metadata=rules)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of each function's settings: field `store` is read from `LIFEBOAT_STORE`, and so on."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Raises `SystemExit` that names each variable at fault: nothing works without them."""
        given = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        faults: list[str] = []
        for known in fields(cls):
            name = PREFIX + known.name.upper()
            try:
                if name in given:
                    values[known.name] = parse(known, given[name])
                elif known.default is MISSING:
                    raise ValueError("it is not set, and has no default")
            except ValueError as error:
                faults.append(f"{name}: {error}")
        if faults:
            raise SystemExit("settings do not fit: " + "; ".join(faults))
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class StoreSettings(Settings):
    """`LIFEBOAT_STORE`: `s3://bucket`, or a folder; `LIFEBOAT_DEFAULT_MODEL`: of routes without a name."""

    store: str = setting()
    default_model: str = setting()


def parse(known: Field[Any], text: str) -> Any:
    """The value of a field made by `setting`, from text. Raises `ValueError` that says what is wanted."""
    if known.type is str:
        if not text and known.default is MISSING:
            raise ValueError("it is empty, and has no default")
        return text
    kind = "a whole number" if known.type is int else "a number"
    try:
        value = int(text) if known.type is int else float(text)
    except ValueError:
        raise ValueError(f"{kind} is wanted{_range(known)}") from None
    if not _fits(value, known.metadata):
        raise ValueError(f"{kind} is wanted{_range(known)}")
    return value


def _fits(value: float, rules: Mapping[str, Any]) -> bool:
    # Each of these is false for NaN, and infinity is no setting.
    return (
        abs(value) < float("inf")
        and (rules["ge"] is None or value >= rules["ge"])
        and (rules["gt"] is None or value > rules["gt"])
        and (rules["le"] is None or value <= rules["le"])
        and (rules["lt"] is None or value < rules["lt"])
    )


def _range(known: Field[Any]) -> str:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    limits = [
        f"{word} {known.metadata[rule]:g}" for rule, word in words.items() if known.metadata[rule] is not None
    ]
    return ", " + " and ".join(limits) if limits else ""
