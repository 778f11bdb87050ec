"""Publishes a classifier that somebody wrote, in a notebook say: `training.publish`."""

import importlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from functions.core.base.errors import InvalidInput
from functions.core.registry.keys import sha256 as sha256_of
from functions.core.registry.models import check_model_name
from functions.core.schema.document.parsing import parse_schema, read_schema
from functions.core.schema.schema import Schema, fold
from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.core.storage.probe import probe
from functions.core.storage.view import ModelStore
from training.foreign.certificate import certify_estimator
from training.foreign.estimator import FittedEstimator, Inputs, export_estimator, fit_estimator
from training.gate.challenge import Challenge
from training.gate.rules import Limits
from training.model.train import Proven, Trained, judge_on_holdout
from training.model.version import version_of
from training.publication.promotion import Outcome, promote_version
from training.publication.publishing import Origin, publish_version
from training.table.dataset import file_sha256, load_dataset
from training.table.provenance import Upload
from training.table.schemas import Chosen, choose_schema, keep_schema, replace_schema

MAX_DESCRIPTION = 2_000


def publish_estimator(
    estimator: Any,
    data: Any,
    *,
    target: str | None = None,
    name: str,
    schema: Schema | dict[str, Any] | str | Path | None = None,
    store: Store | str | None = None,
    promote: bool = True,
) -> Outcome:
    """As `training.publish` says."""
    model = _model_store(store, name)
    with _table(data, name) as path:
        given = _read_given(schema)
        chosen = Chosen(given) if given else choose_schema(model, path, target=target)
        dataset = load_dataset(path, chosen.schema, notes=chosen.notes)
        inputs = _inputs(chosen.schema, dataset.report.columns.used, data)
        sha256 = file_sha256(path)
    fitted = fit_estimator(estimator, inputs, dataset)
    trained = judge_on_holdout(_prove(fitted, dataset.matrix), dataset, {})
    if given:
        replace_schema(model, given)
    elif chosen.is_new and keep_schema(model, chosen.schema).document != chosen.schema.document:
        raise InvalidInput(f"somebody else gave the model {name} a schema at this moment; publish it again")
    upload = Upload(path.name if isinstance(data, str | os.PathLike) else f"{name}.csv", datetime.now(UTC))
    challenge = Challenge(model, upload, dataset, Limits())
    manifest = publish_version(challenge, trained, _origin(sha256, chosen.schema, trained, estimator))
    if not promote:
        return Outcome(upload.key, "published", manifest.decision, manifest.version, dataset.report)
    return promote_version(challenge, manifest, by="notebook")


def _model_store(store: Store | str | None, name: str) -> ModelStore:
    """The model's part of a store, which is made where it does not exist yet."""
    if store is None:
        store = os.environ.get("LIFEBOAT_STORE", "build/store")
    opened = open_store(store) if isinstance(store, str) else store
    opened.create_bucket()
    model = ModelStore(opened, check_model_name(name))
    probe(model)
    return model


@contextmanager
def _table(data: Any, name: str) -> Iterator[Path]:
    """The data as a file: a DataFrame is written as CSV."""
    if isinstance(data, str | os.PathLike):
        yield Path(data)
        return
    if not hasattr(data, "columns") or not (hasattr(data, "to_csv") or hasattr(data, "write_csv")):
        raise InvalidInput(f"a DataFrame is wanted, or the path of a table; this is {type(data).__name__}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.csv"
        if hasattr(data, "to_csv"):
            data.to_csv(path, index=False)
        else:
            data.write_csv(path)
        yield path


def _read_given(schema: Schema | dict[str, Any] | str | Path | None) -> Schema | None:
    """A schema in any of the ways in which it can be given. Raises `InvalidSchema`."""
    if schema is None or isinstance(schema, Schema):
        return schema
    if isinstance(schema, str | os.PathLike):
        return read_schema(Path(schema).read_bytes())
    return parse_schema(schema)


def _inputs(schema: Schema, columns: list[str], data: Any) -> Inputs:
    """How the estimator takes rows: with the names that the columns have in the data."""
    spelled = {schema.accepted.get(fold(column)): str(column) for column in columns}
    names = tuple(spelled.get(field.name, field.name) for field in schema.features)
    if not isinstance(data, str | os.PathLike):
        return Inputs(schema, names, type(data))
    try:
        # Not a dependency: without it, the estimator is given arrays.
        pandas = importlib.import_module("pandas")
    except ImportError:
        return Inputs(schema, names, None)
    return Inputs(schema, names, pandas.DataFrame)


def _prove(fitted: FittedEstimator, matrix: Any) -> Proven:
    graph = export_estimator(fitted)
    prove = partial(certify_estimator, fitted, matrix=matrix)
    return Proven(fitted.name, fitted, graph, prove, prove(graph))


def _origin(sha256: str, schema: Schema, trained: Trained, estimator: Any) -> Origin:
    """The estimator is what its graph is: another machine may fit another one."""
    configuration = {
        "estimator": estimator.__repr__(N_CHAR_MAX=MAX_DESCRIPTION),
        "graph": sha256_of(trained.model),
    }
    return Origin(version_of(sha256, schema, configuration), sha256, configuration)
