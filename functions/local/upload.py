"""`upload FILE`: put a dataset into the running store and see what becomes of it there."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from functions.core.base.errors import NoChampion
from functions.core.registry import deployment, versions
from functions.core.registry.manifest import Manifest
from functions.core.storage.contract import Entry, Store

TRAINING_SECONDS = 900.0
PROMOTION_SECONDS = 30.0
POLL_SECONDS = 0.5
FIRST_REASONS = 5

Say = Callable[[str], None]


def upload(store: Store, file: Path, say: Say, *, patience: float = TRAINING_SECONDS) -> bool:
    """Upload `file` to datasets/ and say what the retrain made of it. Returns whether it was accepted."""
    body = file.read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    key = f"datasets/{file.with_suffix('.csv').name}"
    refusals = f"rejected/{key.removeprefix('datasets/')}."
    refused_before = set(store.list(refusals))
    before = set(versions.published(store))
    same = [version for version in before if versions.read_manifest(store, version).dataset.sha256 == sha256]
    store.put(key, body)
    say(f"Uploaded   {file.name} ({len(body):,} bytes) to {key}")
    if same:
        say(f"Unchanged  the same file made version {same[0]} before; only other training code makes another")
        return True
    say("Waiting    for the retrain ...")
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        for entry in store.list(refusals):
            if entry not in refused_before:
                _say_refused(store, entry, say)
                return False
        for version in set(versions.published(store)) - before:
            before.add(version)
            manifest = versions.read_manifest(store, version)
            if manifest.dataset.sha256 == sha256:
                _say_published(store, manifest, say)
                return True
    say(f"Nothing    after {patience:.0f} seconds; is the runner (make run) up, and what does its log say?")
    return False


def _say_published(store: Store, manifest: Manifest, say: Say) -> None:
    rows = f"{manifest.dataset.rows:,} rows"
    left_out = f", {manifest.dataset.rejected_rows:,} left out" if manifest.dataset.rejected_rows else ""
    say(f"Published  version {manifest.version}: {manifest.model} on {rows}{left_out}")
    if not manifest.decision.promote:
        say(f"Kept       the champion stays: {manifest.decision.reason}")
        return
    deadline = time.monotonic() + PROMOTION_SECONDS
    while time.monotonic() < deadline:
        try:
            champion, _ = deployment.read_champion(store)
        except NoChampion:
            pass
        else:
            if champion.version == manifest.version:
                say(f"Promoted   {champion.reason}")
                return
        time.sleep(POLL_SECONDS)
    say("Kept       another version was promoted meanwhile; the retrain's log says why this one was not")


def _say_refused(store: Store, entry: Entry, say: Say) -> None:
    report = json.loads(store.get(entry.key).body)
    say(f"Refused    {report['reason']}; the champion stays")
    bad_rows = report["bad_rows"]
    for row in bad_rows[:FIRST_REASONS]:
        say(f"             line {row['line']}, {row['column'] or 'row'}: {row['reason']}")
    if len(bad_rows) > FIRST_REASONS:
        say(f"             and {len(bad_rows) - FIRST_REASONS} more in {entry.key}")
