"""What the tests of keys share: a time, and keys that are made and added to a list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from functions.core.identity.key_list import add
from functions.core.identity.keys import Key, make_key
from functions.core.storage.parameter import Parameter

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Ask = Callable[..., dict[str, str]]


def new_key(
    parameter: Parameter, *scopes: str, created: datetime | None = None, days: int | None = None
) -> tuple[str, Key]:
    created = created or datetime.now(UTC)
    text, key = make_key(scopes or ["predict"], "a test", created, days)
    add(parameter, key, created)
    return text, key
