"""Keys: made, kept, checked by the authorizer, and never written where somebody could read them."""

import hashlib
import hmac
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.authorize import keys as keys_module
from functions.authorize.__main__ import main
from functions.authorize.handler import handler, key_ring
from functions.authorize.keyring import KeyRing
from functions.authorize.keys import Key, check, make_key, merge, read_keys, write_keys
from functions.authorize.register import add, all_keys, revoke
from functions.authorize.settings import AuthorizeSettings
from functions.core.access import Caller, caller_of
from functions.core.errors import (
    Conflict,
    NotFound,
    StoreUnavailable,
    Unauthorized,
    UnusableKeys,
)
from functions.core.file_parameter import FileParameter
from functions.core.parameters import Change, Parameter, open_parameter
from functions.core.ssm_parameter import SsmParameter

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Ask = Callable[..., dict[str, str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the handler and the command line find the keys: a file that does not exist yet."""
    path = tmp_path / "keys" / "keys.json"
    monkeypatch.setenv("LIFEBOAT_KEYS", str(path))
    monkeypatch.setenv("LIFEBOAT_KEYS_REFRESH_SECONDS", "0")
    key_ring.cache_clear()
    yield path
    key_ring.cache_clear()


@pytest.fixture
def parameter(place: Path) -> Parameter:
    return open_parameter(str(place))


def new_key(
    parameter: Parameter, *scopes: str, created: datetime | None = None, days: int | None = None
) -> tuple[str, Key]:
    created = created or datetime.now(UTC)
    text, key = make_key(scopes or ["predict"], "a test", created, days)
    add(parameter, key, created)
    return text, key


@pytest.fixture
def ask(event: Callable[[str], dict[str, Any]], place: Path) -> Ask:
    """Asks the handler about AWS' documented event with these headers; returns the context."""

    def send(
        headers: dict[str, str] | None = None, query: str = "", path: str = "/predict"
    ) -> dict[str, str]:
        request = event("authorizer_request") | {"rawQueryString": query, "rawPath": path}
        request["headers"] |= headers or {}
        answer = handler(request, None)
        assert set(answer) == {"isAuthorized", "context"}
        assert answer["isAuthorized"] is True
        context: dict[str, str] = answer["context"]
        assert set(context) == {"key_id", "scopes", "denied", "unavailable"}
        assert bool(context["key_id"]) is not bool(context["denied"] or context["unavailable"])
        return context

    return send


# ---- Making and keeping


def test_a_key_holds_256_random_bits_and_only_its_hash_is_kept() -> None:
    made = [make_key(["predict"], "x", NOW) for _ in range(100)]
    assert len({text for text, _ in made}) == len({key.id for _, key in made}) == 100
    text, key = made[0]
    prefix, id_, secret = text.split("_")
    assert (prefix, id_, len(bytes.fromhex(secret))) == ("lb", key.id, 32)
    assert key.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert secret not in write_keys({key.id: key}, NOW)


@pytest.mark.parametrize(
    ("scopes", "note", "days", "message"),
    [
        ([], "x", None, "scopes are one or more of predict, feedback, admin"),
        (["predict", "root"], "x", None, "scopes are one or more"),
        (["predict"], "", None, "note has 1 to 60"),
        (["predict"], "x" * 61, None, "note has 1 to 60"),
        (["predict"], "a\nb", None, "printable"),
        (["predict"], "{{ssm:x}}", None, "no braces"),
        (["predict"], "x", 0, "1 to 3650 days"),
        (["predict"], "x", 3651, "1 to 3650 days"),
        (["predict"], "x", 10**12, "1 to 3650 days"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(
    scopes: list[str], note: str, days: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_key(scopes, note, NOW, days)


def test_the_list_is_read_as_it_was_written() -> None:
    _, one = make_key(["admin", "predict"], 'an "odd" ñ', NOW, 90)
    _, two = make_key(["feedback"], "b", NOW + DAY)
    two = replace(two, revoked=NOW + DAY)
    keys = {key.id: key for key in (one, two)}
    text = write_keys(keys, NOW + DAY)
    assert read_keys(text) == keys
    assert text.isascii()
    assert "{{" not in text


def test_what_ended_a_month_ago_is_forgotten() -> None:
    _, expired = make_key(["predict"], "expired", NOW, 1)
    _, lasting = make_key(["predict"], "lasting", NOW)
    _, revoked = make_key(["predict"], "revoked", NOW)
    keys = {key.id: key for key in (expired, lasting, replace(revoked, revoked=NOW + 5 * DAY))}
    kept = read_keys(write_keys(keys, NOW + 32 * DAY))
    assert {key.note for key in kept.values()} == {"lasting", "revoked"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"keys": [{}]}',
        '{"keys": [1]}',
        '{"keys": 1}',
        '{"keys": [{"id": "a"}]}',
        "[" * 100_000,
    ],
)
def test_a_damaged_list_is_not_read(text: str) -> None:
    with pytest.raises(UnusableKeys, match="restore an earlier version"):
        read_keys(text)


def test_a_key_without_its_hash_or_time_is_damage() -> None:
    _, key = make_key(["predict"], "x", NOW)
    text = write_keys({key.id: key}, NOW)
    created = f'"created":{int(NOW.timestamp())}'
    for damaged in (
        text.replace(key.sha256, "0"),
        text.replace('"created"', '"made"'),
        *(text.replace(created, f'"created":{time}') for time in (10**18, 10**20, "1e400")),
    ):
        assert damaged != text
        with pytest.raises(UnusableKeys):
            read_keys(damaged)


def test_states_are_merged_so_that_nothing_added_or_revoked_is_lost() -> None:
    _, one = make_key(["predict"], "one", NOW)
    _, two = make_key(["predict"], "two", NOW)
    early, late = replace(one, revoked=NOW), replace(one, revoked=NOW + DAY)
    for states in (
        [{one.id: one}, {one.id: late, two.id: two}, {one.id: early}],
        [{two.id: two, one.id: early}],
    ):
        assert merge(states) == merge(reversed(states)) == {one.id: early, two.id: two}


def test_an_id_that_is_taken_is_not_given_again(parameter: Parameter) -> None:
    _, key = new_key(parameter)
    with pytest.raises(Conflict, match="try again"):
        add(parameter, replace(key, sha256="1" * 64), NOW)
    assert all_keys(parameter)[key.id] == key


def test_a_revoked_key_stays_revoked_from_when_it_was(parameter: Parameter) -> None:
    _, key = new_key(parameter, created=NOW)
    assert revoke(parameter, key.id, NOW + DAY).revoked == NOW + DAY
    assert revoke(parameter, key.id, NOW + 2 * DAY).revoked == NOW + DAY
    with pytest.raises(NotFound, match="no key 00000000"):
        revoke(parameter, "00000000", NOW)


class Versions:
    """A parameter that hands out all the states it was given, as SSM's history does."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    def read(self) -> str:
        return self.texts[-1]

    def update(self, change: Change) -> None:
        self.texts.append(change(self.texts))


def test_a_damaged_state_of_the_past_does_not_hold_up_a_change_but_that_of_the_present_does() -> None:
    _, old = make_key(["predict"], "old", NOW)
    _, new = make_key(["predict"], "new", NOW)
    mended = Versions("{", write_keys({old.id: old}, NOW))
    add(mended, new, NOW)
    assert set(all_keys(mended)) == {old.id, new.id}
    damaged = Versions(write_keys({old.id: old}, NOW), "{")
    with pytest.raises(UnusableKeys):
        add(damaged, new, NOW)


# ---- The parameter in a file


def test_the_file_is_its_owners_alone(parameter: Parameter, place: Path) -> None:
    new_key(parameter)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    new_key(parameter)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert sorted(path.name for path in place.parent.iterdir()) == [".keys.json.lock", "keys.json"]


def test_a_change_that_fails_leaves_the_file_as_it_was(parameter: Parameter, place: Path) -> None:
    new_key(parameter)
    before = place.read_text()

    def fail(texts: Any) -> str:
        raise Conflict("no")

    with pytest.raises(Conflict):
        parameter.update(fail)
    assert place.read_text() == before


def test_a_file_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="could not be read: Is a directory"):
        FileParameter(str(tmp_path)).read()
    with pytest.raises(StoreUnavailable, match="could not be written"):
        FileParameter(str(tmp_path / "file" / "keys.json")).update(lambda texts: "x")


def test_bytes_that_are_no_text_are_damage(parameter: Parameter, place: Path) -> None:
    place.parent.mkdir()
    place.write_bytes(b"\xff\xfe")
    with pytest.raises(UnusableKeys):
        all_keys(parameter)


@pytest.mark.parametrize("address", ["", "s3://bucket/keys", "ssm:keys", "ssm:/keys/", "ssm:"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="a parameter is ssm:/name"):
        open_parameter(address)


def test_an_address_says_where() -> None:
    assert isinstance(open_parameter("ssm:/lifeboat/dev/keys"), SsmParameter)
    assert isinstance(open_parameter("build/keys.json"), FileParameter)


# ---- Checking


def test_a_valid_key_is_known_by_its_id_and_scopes(ask: Ask, parameter: Parameter) -> None:
    text, key = new_key(parameter, "predict", "feedback", days=1)
    assert ask({"x-api-key": text}) == {
        "key_id": key.id,
        "scopes": "predict feedback",
        "denied": "",
        "unavailable": "",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "{}"},
        {"X-Api-Key": " {} "},
        {"authorization": "Bearer {}"},
        {"Authorization": "bearer   {}"},
        {"x-api-key": "{}", "authorization": "Basic dXNlcjpwYXNz"},
    ],
)
def test_a_key_travels_in_either_header(ask: Ask, parameter: Parameter, headers: dict[str, str]) -> None:
    text, key = new_key(parameter)
    sent = {name: value.format(text) for name, value in headers.items()}
    assert ask(sent)["key_id"] == key.id


def test_what_is_no_valid_key_is_denied_with_a_reason(ask: Ask, parameter: Parameter) -> None:
    text, key = new_key(parameter)
    expired, _ = new_key(parameter, created=datetime.now(UTC) - 2 * DAY, days=1)
    revoked, revoked_key = new_key(parameter)
    revoke(parameter, revoked_key.id, datetime.now(UTC))
    wrong = f"lb_{key.id}_{'0' * 64}"
    unknown = f"lb_00000000_{'0' * 64}"
    for shown, reason in {
        wrong: "this key is not known",
        unknown: "this key is not known",
        expired: "this key expired at 20",
        revoked: "this key was revoked at 20",
        f"{text},{text}": "not a key of this API",
        text.upper(): "not a key of this API",
        "ключ": "not a key of this API",
        "": "not a key of this API",
    }.items():
        denied = ask({"x-api-key": shown})["denied"]
        assert reason in denied, shown
    # Who does not hold the key is not told that it was revoked.
    assert ask({"x-api-key": revoked[:-1] + "x"})["denied"] != ask({"x-api-key": revoked})["denied"]
    assert ask({"x-api-key": f"lb_{revoked_key.id}_{'0' * 64}"})["denied"] == "this key is not known"


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Basic dXNlcjpwYXNz"}, {"authorization": "Bearer"}]
)
def test_who_shows_no_key_is_told_where_to_put_one(ask: Ask, headers: dict[str, str]) -> None:
    assert "x-api-key" in ask(headers)["denied"]


@pytest.mark.parametrize("query", ["key={}", "a=1&x-api-key={}", "q=%6cb{}", "{}"])
def test_a_key_in_the_address_is_refused_even_if_it_stands_in_a_header_too(
    ask: Ask, parameter: Parameter, query: str
) -> None:
    text, _ = new_key(parameter)
    written = query.format(text.removeprefix("lb") if "%6cb" in query else text)
    denied = ask({"x-api-key": text}, written)["denied"]
    assert "revoke it" in denied
    assert "x-api-key" in denied


def test_a_key_in_the_path_is_refused_as_well(ask: Ask, parameter: Parameter) -> None:
    text, _ = new_key(parameter)
    assert "revoke it" in ask({"x-api-key": text}, path=f"/models/{text}")["denied"]


def test_an_event_without_headers_or_query_is_denied(place: Path) -> None:
    assert handler({}, None)["context"]["denied"]
    assert handler({"headers": None, "rawQueryString": None}, None)["context"]["denied"]


def test_no_list_means_no_keys(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask({"x-api-key": f"lb_00000000_{'0' * 64}"})["denied"] == "this key is not known"
    assert "make key" in capsys.readouterr().out


def test_what_the_authorizer_says_is_what_the_functions_read(
    parameter: Parameter, event: Callable[[str], dict[str, Any]]
) -> None:
    text, key = new_key(parameter, "admin")
    request = event("authorizer_request") | {"headers": {"x-api-key": text}}
    context = handler(request, None)["context"]
    caller = caller_of({"requestContext": {"authorizer": {"lambda": context}}})
    assert caller == Caller(key.id, frozenset({"admin"}))
    context = handler(request | {"headers": {}}, None)["context"]
    with pytest.raises(Unauthorized):
        caller_of({"requestContext": {"authorizer": {"lambda": context}}})


def test_an_unknown_id_costs_the_same_work_as_a_wrong_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    # tests/bench/authorize.py measures it.
    work: list[tuple[str, int]] = []

    class Hash:
        @staticmethod
        def sha256(data: bytes) -> Any:
            work.append(("hash", len(data)))
            return hashlib.sha256(data)

    class Compare:
        @staticmethod
        def compare_digest(one: str, other: str) -> bool:
            work.append(("compare", len(one) * len(other)))
            return hmac.compare_digest(one, other)

    _, key = make_key(["predict"], "x", NOW)
    monkeypatch.setattr(keys_module, "hashlib", Hash)
    monkeypatch.setattr(keys_module, "hmac", Compare)
    done = []
    for id_ in (key.id, "00000000"):
        work.clear()
        with pytest.raises(Unauthorized, match="not known"):
            check(f"lb_{id_}_{'0' * 64}", {key.id: key}, NOW)
        done.append(list(work))
    assert done[0] == done[1] == [("hash", 76), ("compare", 64 * 64)]


def test_nothing_of_a_key_reaches_a_log(
    ask: Ask, parameter: Parameter, capsys: pytest.CaptureFixture[str]
) -> None:
    text, key = new_key(parameter)
    revoked, revoked_key = new_key(parameter)
    revoke(parameter, revoked_key.id, datetime.now(UTC))
    wrong = f"lb_{key.id}_{'ab' * 32}"
    for shown in (text, revoked, wrong, text[:40], f"{text},{text}"):
        ask({"x-api-key": shown})
        ask({"authorization": f"Bearer {shown}"})
        ask(query=f"key={shown}")
    captured = capsys.readouterr()
    logged = captured.out + captured.err
    assert "key refused" in logged
    for secret in (text, revoked, wrong):
        assert secret.rpartition("_")[2][:8] not in logged
    assert key.sha256[:8] not in logged


# ---- The keys in memory


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Away:
    """A parameter that can be out of reach, and counts how often it is read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.away = False
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        if self.away:
            raise StoreUnavailable("the parameter store could not be reached, or refused")
        return self.text

    def update(self, change: Change) -> None:
        raise AssertionError


@pytest.fixture
def warm() -> tuple[Away, Clock, KeyRing, Key]:
    """A ring that has read one key, refreshes every 60 seconds and goes on for 900."""
    _, key = make_key(["predict"], "x", NOW)
    parameter, clock = Away(write_keys({key.id: key}, NOW)), Clock()
    ring = KeyRing(parameter, 60, 900, clock)
    assert ring.current() == {key.id: key}
    return parameter, clock, ring, key


def test_the_keys_are_read_once_an_interval(warm: tuple[Away, Clock, KeyRing, Key]) -> None:
    parameter, clock, ring, _ = warm
    for clock.now in (0.0, 30.0, 59.9):
        ring.current()
    assert parameter.reads == 1
    parameter.text = '{"keys": []}'
    clock.now = 60
    assert ring.current() == {}
    assert parameter.reads == 2


@pytest.mark.parametrize("trouble", ["away", "damaged"])
def test_the_last_known_keys_count_for_a_while_and_no_longer(
    warm: tuple[Away, Clock, KeyRing, Key], trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parameter, clock, ring, key = warm
    good = parameter.text
    parameter.away, parameter.text = trouble == "away", "{"
    for clock.now in (60.0, 500.0, 959.9):
        assert set(ring.current()) == {key.id}
    assert "keys not refreshed" in capsys.readouterr().out
    clock.now = 960
    with pytest.raises(StoreUnavailable, match="try again"):
        ring.current()
    parameter.away, parameter.text = False, good
    clock.now = 961
    assert set(ring.current()) == {key.id}


def test_while_there_is_nothing_to_go_on_with_it_is_asked_for_once_a_second() -> None:
    parameter, clock = Away(""), Clock()
    parameter.away = True
    ring = KeyRing(parameter, 60, 900, clock)
    for clock.now in (0.0, 0.5, 0.9, 1.0):
        with pytest.raises(StoreUnavailable):
            ring.current()
    assert parameter.reads == 2


def test_keys_that_cannot_be_read_make_the_authorizer_say_so(ask: Ask, place: Path) -> None:
    place.parent.mkdir()
    place.write_text("{")
    answer = ask({"x-api-key": f"lb_00000000_{'0' * 64}"})
    assert answer["unavailable"] == "keys cannot be looked up at the moment; try again"


# ---- Settings


def test_settings_have_defaults_but_for_the_place_of_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIFEBOAT_KEYS_REFRESH_SECONDS", "LIFEBOAT_KEYS_GRACE_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIFEBOAT_KEYS", "ssm:/k")
    assert AuthorizeSettings.from_environment() == AuthorizeSettings("ssm:/k", 60, 900)


@pytest.mark.parametrize("seconds", ["soon", "-1", "nan", "inf"])
def test_settings_that_do_not_fit_name_the_variables(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.delenv("LIFEBOAT_KEYS", raising=False)
    monkeypatch.setenv("LIFEBOAT_KEYS_REFRESH_SECONDS", seconds)
    with pytest.raises(SystemExit, match=r"LIFEBOAT_KEYS:.*LIFEBOAT_KEYS_REFRESH_SECONDS:"):
        AuthorizeSettings.from_environment()


# ---- The command line


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
    assert "valid" in table
    assert "the booking site" in table
    assert main(["list", "--json"]) == 0
    printed = capsys.readouterr().out
    (listed,) = json.loads(printed)
    assert (listed["id"], listed["state"], listed["revoked"]) == (found["key_id"], "valid", None)
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
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
