"""The predict bundle for arm64 imports and scores where Lambda's processor is hidden, and as x86_64 does."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.local.bundle.recipe import read_recipe
from functions.local.bundle.weight import weigh
from functions.local.process.child import ROOT
from tests.arm64.conftest import PASSENGERS, Said
from tests.arm64.debian import Debian
from tests.conftest import MODEL
from tests.support.steps import Steps
from training.proof.certificate import TOLERANCE


def bodies(said: Said) -> list[dict[str, Any]]:
    assert [answer["statusCode"] for answer in said["answers"]] == [200, 200]
    return [json.loads(answer["body"]) for answer in said["answers"]]


def test_the_bundle_scores_a_passenger_where_the_processor_is_hidden(arm64: Said, version: str) -> None:
    assert (arm64["machine"], arm64["sees_processor"]) == ("aarch64", False)
    prediction, _ = bodies(arm64)
    assert prediction["model"] == {"name": MODEL, "version": version}
    assert prediction["survived"] is True
    assert 0.5 < prediction["probability"] < 1


def test_its_probabilities_are_those_of_the_same_code_here(arm64: Said, here: Said, step: Steps) -> None:
    (one, many), (one_here, many_here) = bodies(arm64), bodies(here)
    rows, rows_here = [one, *many["predictions"]], [one_here, *many_here["predictions"]]
    assert len(rows) == len(rows_here) == 1 + PASSENGERS
    differences = [
        abs(row["probability"] - row_here["probability"])
        for row, row_here in zip(rows, rows_here, strict=True)
    ]
    with step("compared") as said:
        equal = differences.count(0)
        said.append(
            f"with {here['machine']}: {equal} of {len(rows)} equal, at most {max(differences):.1e} apart"
        )
    assert max(differences) <= TOLERANCE


def test_the_bundle_keeps_to_its_budget(bundle: Path, step: Steps) -> None:
    limits = read_recipe(ROOT / "pyproject.toml").limits("predict")
    [weight] = weigh([("PredictFunction", bundle, limits)])
    with step("weight") as said:
        said.append(f"{weight.unzipped:.1f} MiB unzipped, {weight.zipped:.1f} zipped")
    assert not weight.too_heavy


def test_what_a_process_that_aborts_said_is_told(debian: Debian) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)ended with .*why it ends"):
        debian.python("-c", "import os, sys; print('why it ends', file=sys.stderr, flush=True); os.abort()")
