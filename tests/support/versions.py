"""Published versions made up for tests of what is done with them: manifests are whole, graphs mere bytes."""

from datetime import UTC, datetime
from typing import Any

from functions.core.registry import deployment, versions
from functions.core.registry.comparison import Holdout
from functions.core.registry.deployment import Champion
from functions.core.registry.keys import CHAMPION, holdout_key, manifest_key, model_key, sha256
from functions.core.registry.manifest import (
    Certificate,
    Columns,
    DatasetFacts,
    Decision,
    File,
    Manifest,
    signature_of,
)
from functions.core.schema.schema import Schema
from functions.core.stats.records import Interval
from functions.core.storage.view import ModelStore
from tests.support.titanic import MODEL, SCHEMA

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
PASSED = Decision(promote=True, rule="first champion", reason="it is good enough by itself")
NO_HOLDOUT = Holdout(features={}, outcome=[], probability=[])


def facts(**known: Any) -> DatasetFacts:
    """A dataset of 100 rows, with anything else as said."""
    made_up = {
        "key": f"datasets/{MODEL}/made-up.csv",
        "version_id": None,
        "sha256": "0" * 64,
        "uploaded_at": NOON,
        "rows": 100,
        "positives": 40,
        "rejected_rows": 0,
        "train_rows": 80,
        "holdout_rows": 20,
        "train_positives": 32,
        "holdout_positives": 8,
        "representative_rows": 100,
        "columns": Columns(used=list(SCHEMA.names), passed_over=[], missing=[]),
    }
    return DatasetFacts.model_validate(made_up | known)


def publish(
    store: ModelStore,
    version: str,
    *,
    at: datetime = NOON,
    decision: Decision = PASSED,
    holdout: Holdout = NO_HOLDOUT,
    schema: Schema = SCHEMA,
    **changes: Any,
) -> Manifest:
    """Publish `version`, made from a dataset that was uploaded `at`, with anything else as said."""
    model, rows = f"the graph of {version}".encode(), holdout.model_dump_json().encode()
    store.put(model_key(version), model)
    store.put(holdout_key(version), rows)
    manifest = Manifest(
        name=store.model,
        version=version,
        model="gradient boosting",
        table_schema=dict(schema.document),
        created_at=at,
        files={
            "model.onnx": File(sha256=sha256(model), size=len(model)),
            "holdout.json": File(sha256=sha256(rows), size=len(rows)),
        },
        dataset=facts(key=store.full(f"datasets/{version}.csv"), uploaded_at=at),
        configuration={},
        libraries={},
        selection={},
        metrics={"log_loss": Interval(value=0.42, low=0.35, high=0.49)},
        confusion=[[10, 2], [3, 5]],
        slices={},
        certificate=Certificate(
            rows=100, edge_rows=10, patterns="all", largest_difference=1e-7, label_flips=0, tolerance=1e-5
        ),
        signature=signature_of(schema),
        reference={},
        background={},
        decision=decision,
    ).model_copy(update=changes)
    return versions.write_manifest(store, manifest)


def overwrite_manifest(store: ModelStore, version: str, body: bytes) -> None:
    """Have `body` be the manifest that was published, and promoted if the version is in service."""
    store.put(manifest_key(version), body)
    versions.write_digest(store, version, sha256(body))
    served, etag = deployment.read_champion(store)
    if served.version == version:
        vouching = served.model_copy(update={"manifest_sha256": sha256(body)})
        store.replace(CHAMPION, vouching.as_json(), etag=etag)


def promote(store: ModelStore, *names: str) -> Champion:
    """Put each of `names` into service in turn; they are published where they are not."""
    for version in names:
        if version not in versions.published(store):
            publish(store, version)
        expected = deployment.read_to_replace(store)
        deployment.promote(store, version, expected=expected, by="test", reason=f"{version} is better")
    return champion(store)


def champion(store: ModelStore) -> Champion:
    return deployment.read_champion(store)[0]


def rollback(store: ModelStore, to: str | None = None) -> Champion:
    return deployment.rollback(store, to=to, by="ann", reason="complaints")


def by_hand(store: ModelStore, version: str, *, force: bool = False) -> Champion:
    return deployment.promote_by_hand(store, version, by="ann", reason="we know better", force=force)


def judged_against(version: str) -> Decision:
    return Decision(promote=True, rule="non-inferiority", reason="not worse", champion=version)
