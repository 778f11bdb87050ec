"""A store of model versions as the models function keeps them."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from functions.core.registry import deployment, versions
from functions.core.registry.comparison import Holdout, read_holdout
from functions.core.registry.manifest import File, Manifest
from functions.core.storage.folder import FolderStore

Call = Callable[..., tuple[int, Any]]
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
WHY = {"reason": "because a test says so"}
UNKNOWN = "f" * 16


class Shelf:
    """A store that begins with one champion, and to which copies of it are added under other names."""

    def __init__(self, root: Path, published: Path) -> None:
        self._root = root
        self.store = FolderStore(str(root))
        shutil.copytree(published, root, dirs_exist_ok=True)
        champion, _ = deployment.read_champion(self.store)
        self.first = champion.version
        self._set_age(self.first, 0)

    @property
    def champion(self) -> deployment.Champion:
        return deployment.read_champion(self.store)[0]

    def add(self, number: int, **changes: Any) -> str:
        """Publish a version, `number` hours after the first, that the gate let pass against that one."""
        version = f"{number:016x}"
        manifest = versions.read_manifest(self.store, self.first)
        holdout = read_holdout(self.store, manifest)
        if "survives" in changes:
            holdout = Holdout(
                features=holdout.features,
                survived=holdout.survived,
                probability=[changes.pop("survives")] * len(holdout.survived),
            )
        body = holdout.model_dump_json().encode()
        files = manifest.files | {"holdout.json": File(sha256=versions.sha256(body), size=len(body))}
        decision = manifest.decision.model_copy(update={"champion": self.first})
        made = {"version": version, "files": files, "decision": decision} | changes
        self.store.put(versions.holdout_key(version), body)
        self.store.put(versions.model_key(version), versions.read_model(self.store, manifest))
        copy: Manifest = manifest.model_copy(update=made)
        self.store.put(versions.manifest_key(version), copy.model_dump_json().encode())
        self._set_age(version, number)
        return version

    def _set_age(self, version: str, hours: int) -> None:
        time = (BEGAN + timedelta(hours=hours)).timestamp()
        os.utime(self._root / versions.manifest_key(version), (time, time))
