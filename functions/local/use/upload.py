"""`upload FILE` and `model FILE`: put a table into the running store and see what becomes of it there."""

import hashlib
import json
import shlex
import time
from pathlib import Path

from functions.core.base.errors import NoChampion, NotFound, UnusableModel
from functions.core.registry import deployment, versions
from functions.core.registry.keys import rejected_prefix
from functions.core.registry.manifest import Columns, Manifest
from functions.core.storage.contract import Entry
from functions.core.storage.view import SCHEMA, ModelStore
from functions.local.use.tables import (
    Say,
    Table,
    curl,
    dataset_key,
    example_row,
    name_of,
    put_file,
    put_schema,
    say_bad_rows,
    say_columns,
    say_reading,
)

# The time limit of the retrain, here (template.yaml) as in Lambda.
TRAINING_SECONDS = 900.0
PROMOTION_SECONDS = 30.0
REMIND_SECONDS = 30.0
POLL_SECONDS = 0.5
# Of the ROC AUC: few tables tell that much of what is not known yet.
SUSPICIOUS = 0.995


def make_model(store: ModelStore, table: Table, api: str, say: Say) -> bool:
    """Make a model of a table: keep its schema, upload its file, wait, and say how it is asked.

    api: where the API answers. Returns whether a version of the model is in service now. Raises what
    `put_schema` does, before anything is written.
    """
    put_schema(store, table, say)
    if not upload(store, table, say):
        return False
    try:
        version = deployment.read_champion(store)[0].version
    except NoChampion:
        say(f"No version of {store.model} is in service, so there is nothing to ask yet")
        return False
    row = example_row(table, versions.read_manifest(store, version).schema_of_rows)
    say("Ask it, with the key that `make run` printed, or another one (make key), in KEY:")
    say("\n".join(curl(f"{api}/models/{store.model}/predict", row, "$KEY")))
    return True


def upload(store: ModelStore, table: Table, say: Say, *, patience: float = TRAINING_SECONDS) -> bool:
    """Upload the table's file and say what the retrain made of it. Returns whether it was accepted."""
    body = table.file.read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    refusals = rejected_prefix(name_of(table.file))
    refused_before = set(store.list(refusals))
    before = set(versions.published(store))
    same = _made_of(store, before, sha256)
    replaced = _there(store, table.file)
    key = put_file(store, table.file, body)
    if replaced and not same:
        size = "as many" if replaced.size == len(body) else f"{replaced.size:,}"
        say(f"Replaced   a file of that name: {size} bytes, since {replaced.modified:%Y-%m-%dT%H:%M:%SZ}")
    say(f"Uploaded   {table.file.name} ({len(body):,} bytes) to {key}")
    if same:
        say(f"Unchanged  the same file made version {same} before; only other training code makes another")
        return True
    say("Waiting    for the retrain ...")
    begins = reminded = time.monotonic()
    while time.monotonic() < begins + patience:
        time.sleep(POLL_SECONDS)
        if time.monotonic() > reminded + REMIND_SECONDS:
            reminded = time.monotonic()
            say(
                f"             for {reminded - begins:.0f} seconds now; the runner (make run) logs each "
                "step, or what went wrong"
            )
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


def _there(store: ModelStore, file: Path) -> Entry | None:
    """What lies where the file is uploaded to."""
    try:
        return store.head(dataset_key(file))
    except NotFound:
        return None


def _made_of(store: ModelStore, published: set[str], sha256: str) -> str | None:
    """The version that these bytes made by the schema of today, if one did."""
    try:
        schema = json.loads(store.get(SCHEMA).body)
    except NotFound:
        schema = None
    for version in sorted(published):
        try:
            manifest = versions.read_manifest(store, version)
        except UnusableModel:
            continue
        if manifest.dataset.sha256 == sha256 and schema in (None, manifest.table_schema):
            return version
    return None


def _say_published(store: ModelStore, manifest: Manifest, say: Say) -> None:
    say(f"Published  version {manifest.version}: {manifest.model} on {manifest.dataset.rows:,} rows")
    _say_quality(manifest, say)
    say_reading(store, manifest, say)
    if not manifest.decision.promote:
        say(f"Kept       out of service: {manifest.decision.reason}")
        by_hand = f'promote {manifest.version} --force --reason "..."'
        say(f"             by hand: make models MODEL={store.model} ARGS={shlex.quote(by_hand)}")
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


def _say_quality(manifest: Manifest, say: Say) -> None:
    if not (roc_auc := manifest.metrics.get("roc_auc")):
        return
    say(
        f"Quality    ROC AUC {roc_auc.value:.3f} (95 %: {roc_auc.low:.3f} to {roc_auc.high:.3f}) on "
        f"{manifest.dataset.holdout_rows:,} rows held out"
    )
    if roc_auc.value > SUSPICIOUS:
        say(
            f"             which is nearly perfect{_by_what(manifest)}: if a column is only known once the "
            "outcome is, name it in `ignored` of the schema"
        )


def _by_what(manifest: Manifest) -> str:
    """The feature that moves the answers most, for a sentence; "" where that is not recorded."""
    if not manifest.contributions:
        return ""
    moved = manifest.contributions.mean_absolute
    return f", by {max(moved, key=lambda name: moved[name])} above all"


def _say_refused(store: ModelStore, entry: Entry, say: Say) -> None:
    report = json.loads(store.get(entry.key).body)
    say(f"Refused    {report['reason']}; nothing else has changed")
    if "columns" in report:
        say_columns(Columns.model_validate(report["columns"]), report.get("notes", ()), say)
    # The report lists the first of them alone.
    rejected = report.get("rejected_rows", len(report["bad_rows"]))
    say_bad_rows(report["bad_rows"], rejected, store.full(entry.key), say)
