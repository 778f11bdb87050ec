"""The command line: keys are made, listed and revoked, and a failure says why."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.authorize.__main__ import main
from functions.core.storage.parameter import Parameter
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
