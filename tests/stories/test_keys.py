"""Keys through the real gateway, authorizer and functions, as `make run` has them: in SSM or in a file."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.identity.key_list import add, all_keys, revoke
from functions.core.identity.keys import make_key, write_keys
from functions.core.storage.parameter import Parameter
from functions.core.storage.parameter_opening import open_parameter
from functions.local import asking, runner
from functions.local.__main__ import main
from functions.local.process.state import State
from functions.local.runner import Running
from tests.stories.acting import run

ENVELOPE = {"error", "code", "detail", "request_id"}


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIFEBOAT_KEYS_REFRESH_SECONDS", "0")


def opened(here: Running) -> Parameter:
    assert here.keys is not None
    return open_parameter(here.keys)


@pytest.mark.long
def test_every_key_that_does_not_count_is_refused_in_the_envelope_and_logged_nowhere() -> None:
    shown: list[str] = []

    def new(here: Running, *scopes: str, created: datetime | None = None, days: int | None = None) -> Any:
        created = created or datetime.now(UTC)
        text, key = make_key(scopes, "a test", created, days)
        add(opened(here), key, created)
        shown.append(text)
        return text, key

    async def act(here: Running, client: httpx.AsyncClient) -> None:
        assert (here.embedded, here.keys) == (True, "ssm:/lifeboat/dev/keys")
        assert here.key is not None
        shown.append(here.key)
        valid, key = new(here, "admin")
        other, _ = new(here, "feedback")
        expired, _ = new(here, "admin", created=datetime.now(UTC) - timedelta(days=2), days=1)
        revoked, gone = new(here, "admin")
        revoke(opened(here), gone.id, datetime.now(UTC))
        shown.append(wrong := f"lb_{key.id}_{'cafe' * 16}")
        shown.append(unknown := f"lb_00000000_{'beef' * 16}")

        async def ask(headers: dict[str, str], query: str = "") -> tuple[int, str, str]:
            response = await client.get(f"/model{query}", headers=headers)
            assert set(response.json()) == ENVELOPE
            assert response.json()["request_id"] == response.headers["apigw-requestid"]
            return response.status_code, response.json()["code"], response.json()["error"]

        assert (await ask({}))[:2] == (401, "UNAUTHORIZED")
        assert await ask({"x-api-key": wrong}) == await ask({"x-api-key": unknown})
        assert await ask({"x-api-key": wrong}) == (401, "UNAUTHORIZED", "this key is not known")
        assert "expired" in (await ask({"x-api-key": expired}))[2]
        assert "revoked" in (await ask({"x-api-key": revoked}))[2]
        assert (await ask({"x-api-key": other}))[:2] == (403, "FORBIDDEN")
        assert "address" in (await ask({"x-api-key": valid}, f"?x-api-key={valid}"))[2]
        assert "address" in (await ask({}, f"?key={valid}"))[2]
        # The keys that count get further: to there being no model yet.
        for headers in ({"x-api-key": valid}, {"authorization": f"Bearer {valid}"}, {"x-api-key": here.key}):
            assert (await ask(headers))[:2] == (503, "NO_CHAMPION")
        assert (await client.get("/health/live")).json() == {"live": True}

    log = "\n".join(run(act))
    assert "AuthorizeFunction" in log
    assert "key refused" in log
    for text in shown:
        assert text.rpartition("_")[2][:12] not in log


def test_beside_a_store_of_ones_own_keys_are_in_a_file_and_that_of_the_run_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "build" / "keys.json"
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(runner, "KEYS", place)

    async def act(here: Running, client: httpx.AsyncClient) -> None:
        assert here.keys == str(place)
        assert here.key is not None
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        response = await client.get("/model", headers={"x-api-key": here.key})
        assert response.json()["code"] == "NO_CHAMPION"

    run(act)
    (key,) = all_keys(open_parameter(str(place))).values()
    assert key.revoked is not None
    assert (key.note, key.scopes) == ("make run", ("admin",))


def test_a_key_that_cannot_be_revoked_at_the_end_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "keys.json"
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LIFEBOAT_KEYS", str(place))

    async def act(here: Running, client: httpx.AsyncClient) -> None:
        place.write_text("{")
        response = await client.get("/model", headers={"x-api-key": str(here.key)})
        assert (response.status_code, response.json()["code"]) == (503, "STORE_UNAVAILABLE")

    assert any("was not revoked, it expires within a day" in line for line in run(act))


@pytest.mark.parametrize("embedded", [False, True])
def test_the_command_line_reaches_the_keys_of_the_runner_that_is_up(
    embedded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "keys.json"
    state = State("", "s3://b", "http://127.0.0.1:9", embedded, "titanic", 1, str(place))
    monkeypatch.setattr(asking, "find_runner", lambda: state)
    assert main(["key", "create", "--scopes", "predict", "--note", "x"]) == 0
    text = capsys.readouterr().out.strip()
    assert list(all_keys(open_parameter(str(place)))) == [text.split("_")[1]]


def test_a_place_named_in_the_environment_comes_before_the_runners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.json"
    _, key = make_key(["predict"], "mine", datetime.now(UTC))
    mine.write_text(write_keys({key.id: key}, datetime.now(UTC)))
    monkeypatch.setenv("LIFEBOAT_KEYS", str(mine))
    runners = State("", "s3://b", None, True, "titanic", 1, str(tmp_path / "theirs.json"))
    monkeypatch.setattr(asking, "find_runner", lambda: runners)
    assert main(["key", "list"]) == 0
    assert key.id in capsys.readouterr().out


def test_without_a_runner_the_command_line_says_what_to_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asking, "find_runner", lambda: None)
    with pytest.raises(SystemExit, match="2"):
        main(["key", "list"])
    assert "make run" in capsys.readouterr().err
