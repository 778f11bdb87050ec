"""A store of model versions as the models function keeps them."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from functions.core.registry import deployment
from functions.core.registry.comparison import Holdout
from functions.core.registry.keys import manifest_key
from functions.core.schema.schema import Schema
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support import versions
from tests.support.titanic import MODEL, SCHEMA

Call = Callable[..., tuple[int, Any]]
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
WHY = {"reason": "because a test says so"}
# It looks like the name of a model, too.
FIRST = "ab" * 8
UNKNOWN = "f" * 16
OUTCOMES = [1, 0] * 10


class Shelf:
    """One model's part of a store, which begins with a champion, and to which versions are added."""

    first = FIRST

    def __init__(self, root: Path, model: str = MODEL, schema: Schema = SCHEMA) -> None:
        self._root = root
        self._schema = schema
        self.store = ModelStore(FolderStore(str(root)), model)
        self._publish(self.first, 0, holdout([0.8, 0.3] * 10))
        deployment.promote(self.store, self.first, expected=None, by="test", reason="the first")

    @property
    def champion(self) -> deployment.Champion:
        return deployment.read_champion(self.store)[0]

    def add(self, number: int, *, chance: float = 0.6, **changes: Any) -> str:
        """Publish a version, `number` hours after the first, that the gate let pass against that one.

        chance: what it says of every held-out row.
        """
        version = f"{number:016x}"
        decision = versions.PASSED.model_copy(update={"champion": self.first})
        self._publish(version, number, holdout([chance] * 20), **{"decision": decision} | changes)
        return version

    def _publish(self, version: str, hours: int, held_out: Holdout, **changes: Any) -> None:
        versions.publish(
            self.store, version, at=BEGAN, holdout=held_out, **{"schema": self._schema} | changes
        )
        time = (BEGAN + timedelta(hours=hours)).timestamp()
        os.utime(self._root / self.store.full(manifest_key(version)), (time, time))


def holdout(chances: list[float]) -> Holdout:
    """Twenty rows, and a chance of each."""
    return Holdout(features={"age": [*map(float, range(20))]}, outcome=OUTCOMES, probability=chances)
