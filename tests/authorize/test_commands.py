"""The command line: keys are made, listed and revoked, and a failure says why."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.authorize.__main__ import main
from functions.core.identity.key_list import all_keys
from functions.core.storage.folder import FolderStore
from functions.core.storage.parameter import Parameter
from functions.core.storage.parameter_opening import open_parameter
from functions.core.storage.view import SCHEMA, ModelStore
from tests.support.keys import DAY, Ask, new_key


def test_a_key_made_on_the_command_line_opens_the_door_until_it_is_revoked(
    ask: Ask, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["create", "--scopes", "predict,feedback", "--note", "the booking site", "--days", "90"]) == 0
    captured = capsys.readouterr()
    text = captured.out.strip()
    assert "shown once" in captured.err
    assert text not in captured.err
    found = ask({"x-api-key": text})
    assert found["scopes"] == "predict feedback"

    assert main(["list"]) == 0
    table = capsys.readouterr().out
    assert found["key_id"] in table
    assert "active" in table
    assert "the booking site" in table
    assert main(["list", "--json"]) == 0
    printed = capsys.readouterr().out
    (listed,) = json.loads(printed)
    assert (listed["id"], listed["state"], listed["revoked"]) == (found["key_id"], "active", None)
    assert listed["expires"] > listed["created"]
    for shown in (table, printed):
        assert text.rpartition("_")[2] not in shown
        assert hashlib.sha256(text.encode()).hexdigest() not in shown

    assert main(["revoke", found["key_id"]]) == 0
    assert "Revoked" in capsys.readouterr().err
    assert "was revoked" in ask({"x-api-key": text})["denied"]
    assert main(["list"]) == 0
    assert "revoked" in capsys.readouterr().out


def test_the_list_tells_expired_keys_and_that_there_are_none(
    parameter: Parameter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list"]) == 0
    assert "no keys" in capsys.readouterr().err
    new_key(parameter, created=datetime.now(UTC) - 2 * DAY, days=1)
    assert main(["list"]) == 0
    assert "expired" in capsys.readouterr().out


def test_the_list_tells_which_models_a_key_is_for(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "--scopes", "predict", "--note", "limited", "--models", "churn, fraud"]) == 0
    assert "for these models alone: churn, fraud" in capsys.readouterr().err
    assert main(["create", "--scopes", "predict", "--note", "unlimited"]) == 0
    assert "alone" not in capsys.readouterr().err
    assert main(["list"]) == 0
    heads, *rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    column = heads.index("models")
    assert {row[-1]: row[column] for row in rows} == {"limited": "churn,fraud", "unlimited": "all"}
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {key["note"]: key["models"] for key in listed} == {
        "limited": ["churn", "fraud"],
        "unlimited": None,
    }


def test_of_a_key_for_a_model_that_there_is_not_it_is_said(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FolderStore(str(tmp_path / "store"))
    for model in ("churn", "fraud"):
        ModelStore(store, model).put(SCHEMA, b"{}")

    def make(models: str, *more: str) -> str:
        assert main(["create", "--scopes", "predict", "--note", "x", "--models", models, *more]) == 0
        captured = capsys.readouterr()
        assert captured.out.startswith("lb_")
        return captured.err

    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    assert "no model" not in make("churn,fraud")
    said = make("churm,fraud,weather")
    id_ = all_keys(open_parameter(str(place))).keys()
    assert "There is no model churm so far; did you mean churn? The key opens it once there is one." in said
    assert any(f"`revoke {key}` ends this key" in said for key in id_)
    assert "There is no model weather so far. The key" in said
    assert "no model fraud" not in said

    monkeypatch.setenv("LIFEBOAT_STORE", "http://nowhere")
    assert "could not be looked up: a store is s3://bucket or a folder" in make("churn")
    monkeypatch.delenv("LIFEBOAT_STORE")
    assert "was not looked up: GET /models lists" in make("churn")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "--scopes", "predict", "--note", "x", "--models", "Churn"], "names of models"),
        # Of a variable that was not set no key for all models is made.
        (["create", "--scopes", "predict", "--note", "x", "--models", ""], "--models names none"),
        (["create", "--scopes", "predict", "--note", "x", "--models", " , "], "--models names none"),
        (["create", "--scopes", "root", "--note", "x"], "scopes are one or more"),
        (["create", "--scopes", "", "--note", "x"], "scopes are one or more"),
        (["revoke", "00000000"], "no key 00000000"),
    ],
)
def test_a_command_that_fails_says_why(
    place: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("Failed: ")
    assert message in captured.err
    assert captured.out == ""


def test_without_a_place_the_command_line_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LIFEBOAT_KEYS", raising=False)
    with pytest.raises(SystemExit, match="2"):
        main(["list"])
    assert "--stage" in capsys.readouterr().err
