"""`python -m training`: from a file or from S3, into a folder or into S3, compared, and stopped."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.core.registry import models, versions
from functions.core.registry.keys import report_key
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import SCHEMA, TITANIC
from tests.support.strangers import write_churn
from tests.support.uploads import BUCKET, champion, upload
from training.__main__ import main


def test_the_command_line_trains_from_and_into_s3(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    upload(s3, "uploads/titanic.csv", TITANIC.read_bytes())
    upload(s3, "uploads/titanic.schema.json", SCHEMA.as_json())
    address = f"s3://{BUCKET}/uploads/titanic.csv"
    assert main(["--dataset", address, "--store", f"s3://{BUCKET}", "--folds", "2"]) == 0
    assert "promoted" in capsys.readouterr().out
    assert champion(s3)["by"] == "command line"
    assert main(["--dataset", f"s3://{BUCKET}/uploads/none.csv", "--store", f"s3://{BUCKET}"]) == 1
    assert "no uploads/none.csv" in capsys.readouterr().err


def test_the_command_line_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("pclass,survived,sex\n" + "1,1,male\n9,1,male\n" * 5)
    store = str(tmp_path / "store")
    (tmp_path / "bad.schema.json").write_bytes(SCHEMA.as_json())
    assert main(["--dataset", str(bad), "--store", store]) == 1
    said = capsys.readouterr().out
    assert "rejected: 5 of 10 rows are bad" in said
    assert "line 3, pclass: must be 1, 2 or 3" in said
    assert main(["evaluate", "--dataset", str(bad)]) == 1
    assert "line 3, pclass: must be 1, 2 or 3" in capsys.readouterr().err
    assert main(["--dataset", str(tmp_path / "none.csv"), "--store", store]) == 1
    assert main(["--store", "https://x"]) == 1
    for wrong in (
        ["--folds", "1"],
        ["--model", "Titanic"],
        ["--min-roc-auc", "0.4"],
        ["--schema", "a.json", "--target", "b"],
    ):
        with pytest.raises(SystemExit, match="2"):
            main(wrong)
    said = capsys.readouterr().err
    assert "a number is wanted, at least 0.5 and at most 1" in said
    assert "lower-case letters" in said


def test_the_command_line_compares_the_candidates(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--folds", "2", "--repeats", "1"]) == 0
    said = capsys.readouterr()
    assert "2-fold x 1 cross-validation over all 1309 rows" in said.out
    assert "logistic regression" in said.out
    assert "[0/" in said.err


def test_a_table_is_trained_by_one_command_and_by_its_schema_from_then_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = write_churn(tmp_path / "Telco Churn.csv"), str(tmp_path / "store")
    assert main(["--dataset", str(path), "--store", folder, "--folds", "2"]) == 1
    assert "rejected" in capsys.readouterr().out
    assert main(["--dataset", str(path), "--target", "churned", "--store", folder, "--folds", "2"]) == 0
    said = capsys.readouterr().out
    assert "columns passed over: Customer ID" in said
    assert "of telco-churn" in said
    store = FolderStore(folder)
    assert models.names(store) == ["telco-churn"]
    part = ModelStore(store, "telco-churn")
    [version] = versions.published(part)
    assert part.get(report_key(version)).body
    # The target is in the model's schema now.
    assert main(["--dataset", str(path), "--store", folder, "--folds", "2"]) == 0
    assert "already published" in capsys.readouterr().out


def test_the_command_line_stops_when_asked(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "training", "--store", str(tmp_path), "--folds", "10", "--repeats", "10"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
