"""Whether the workers of a cluster make the model that this machine would."""

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.core.base.errors import InvalidInput
from training.estimators.lightgbm_fit import HOW_TO_GET
from training.model.version import code, digests_of, libraries


def describe() -> dict[str, Any]:
    """What a model depends on of the machine that this is: code and libraries beyond those of any training.

    Raises `InvalidInput` without LightGBM.
    """
    try:
        lightgbm = importlib.metadata.version("lightgbm")
    except importlib.metadata.PackageNotFoundError as error:
        raise InvalidInput(HOW_TO_GET) from error
    return {"lightgbm": lightgbm, "code": digests_of([Path(__file__).parent])}


def check_alike(client: Any, described: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` for a worker that would make another model."""
    try:
        found = client.run(describe_worker)
    # What Dask raises for a worker that cannot import this code has no common base.
    except Exception as error:
        raise InvalidInput(
            f"the workers of the cluster do not have this code ({type(error).__name__}: {str(error)[:200]})"
        ) from error
    for worker, theirs in found.items():
        if theirs != {**described, **_of_any_training()}:
            raise InvalidInput(
                f"the worker {worker} of the cluster has other code or libraries than this machine: install "
                "the same on both (requirements.txt, requirements-scale.txt)"
            )


def describe_worker() -> dict[str, Any]:
    """The same of a worker, with what any training depends on; what it lacks is a difference."""
    try:
        return {**describe(), **_of_any_training()}
    except (InvalidInput, importlib.metadata.PackageNotFoundError) as error:
        return {"lacks": str(error)}


def _of_any_training() -> dict[str, Any]:
    return {"libraries": libraries(), "model_code": code()}
