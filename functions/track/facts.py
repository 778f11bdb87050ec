"""What MLflow is to show of a version, in its terms, read from the version's folder. No MLflow here."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.base.logs import log
from functions.core.registry import versions
from functions.core.registry.comparison import Holdout, read_holdout
from functions.core.registry.keys import candidates_key
from functions.core.registry.manifest import Manifest
from functions.core.storage.view import ModelStore

# The rows of people, and which of them they are: they stay in the store.
_KEPT_HERE = frozenset({"holdout.json", "rows.json"})
# MLflow takes longer values, but not everybody's: SageMaker's and Databricks' limits are lower.
_MAX_TAG = 5_000
_NOT_IN_NAMES = re.compile(r"[^\w\-. /]")

T = TypeVar("T")
Values = dict[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An estimator that was compared with others. metrics: means of cross-validation on the training side."""

    name: str
    parameters: Values
    metrics: dict[str, float]
    is_winner: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """A version. candidates: empty for an estimator that somebody brought along."""

    manifest: Manifest
    holdout: Holdout | None
    champion: Manifest | None
    candidates: tuple[Candidate, ...]

    @property
    def parameters(self) -> Values:
        manifest = self.manifest
        data = manifest.dataset
        return {
            "estimator": manifest.model,
            "threshold": manifest.threshold,
            "dataset.rows": data.rows,
            "dataset.rejected_rows": data.rejected_rows,
            "dataset.train_rows": data.train_rows,
            "dataset.holdout_rows": data.holdout_rows,
            "dataset.positives": data.positives,
            **{f"configuration.{name}": value for name, value in manifest.configuration.items()},
            **{f"library.{name}": version for name, version in manifest.libraries.items()},
        }

    @property
    def metrics(self) -> dict[str, float]:
        """Of the holdout, each with the ends of its 95 % interval; of certificate and gate."""
        manifest = self.manifest
        proof = manifest.certificate
        metrics = {
            f"{name}{end}": value
            for name, interval in manifest.metrics.items()
            for end, value in (("", interval.value), ("_low", interval.low), ("_high", interval.high))
        }
        return {
            **metrics,
            "certificate.largest_difference": proof.largest_difference,
            "certificate.label_flips": proof.label_flips,
            "certificate.rows": proof.rows + proof.edge_rows,
            **{_name(f"gate.{name}"): value for name, value in manifest.decision.numbers.items()},
        }

    @property
    def tags(self) -> dict[str, str]:
        manifest = self.manifest
        decision, lineage = manifest.decision, manifest.dataset.lineage
        said: dict[str, Any] = {
            "decision": "promote" if decision.promote else "hold back",
            "decision.rule": decision.rule,
            "decision.reason": decision.reason,
            "decision.champion": decision.champion,
            "dataset": manifest.dataset.key,
            "dataset.version_id": manifest.dataset.version_id,
            "dataset.sha256": manifest.dataset.sha256,
            "notes": "; ".join(manifest.notes) or None,
            **{f"lineage.{name}": value for name, value in (lineage.model_dump() if lineage else {}).items()},
        }
        return {
            f"lifeboat.{name}": str(value)[:_MAX_TAG] for name, value in said.items() if value is not None
        }

    @property
    def records(self) -> dict[str, Any]:
        """Parts of the manifest to be looked at one by one, by the names of their files."""
        dumped = self.manifest.model_dump(mode="json", by_alias=True)
        return {
            f"{name}.json": dumped[name]
            for name in ("certificate", "decision", "metrics", "schema", "selection", "signature", "slices")
        }

    def dataset_columns(self, signature: Mapping[str, str] | None) -> list[dict[str, Any]] | None:
        """The columns of the dataset that were used, with MLflow's types; None without a signature."""
        if signature is None:
            return None
        columns = json.loads(signature["inputs"]) + json.loads(signature["outputs"])
        used = {*self.manifest.schema_of_rows.names, self.manifest.schema_of_rows.target.name}
        return [column for column in columns if column["name"] in used]


def read_facts(store: ModelStore, version: str) -> Facts:
    """Raises `NotFound`, `UnusableModel` when the manifest is damaged; what else is damaged is left out."""
    manifest = versions.read_manifest(store, version)
    before = manifest.decision.champion
    return Facts(
        manifest=manifest,
        holdout=_or_none(lambda: read_holdout(store, manifest)),
        champion=_or_none(lambda: versions.read_manifest(store, before)) if before else None,
        candidates=tuple(_candidates(store, manifest)),
    )


def files_of(store: ModelStore, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    """The files of a version's folder that make it a model of MLflow, or tell of it; one at a time."""
    for name in [*manifest.files, "manifest.json"]:
        if name not in _KEPT_HERE:
            yield name, store.get(f"models/{manifest.version}/{name}").body


def _or_none(read: Callable[[], T]) -> T | None:
    """What an older version lacks, or is damaged, keeps nobody from seeing the rest."""
    try:
        return read()
    except (NotFound, UnusableModel, ValueError) as error:
        log("INFO", "a part of a version is not shown", reason=str(error))
        return None


def _name(text: str) -> str:
    """A name as MLflow takes them."""
    return _NOT_IN_NAMES.sub("_", text)


def _candidates(store: ModelStore, manifest: Manifest) -> Iterator[Candidate]:
    set_to: dict[str, Values] = (
        _or_none(lambda: json.loads(store.get(candidates_key(manifest.version)).body)) or {}
    )
    for name, metrics in manifest.selection.items():
        yield Candidate(name, set_to.get(name, {}), metrics, name == manifest.model)
