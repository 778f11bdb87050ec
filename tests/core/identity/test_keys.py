"""Keys and their list: how they are made, written, read and merged."""

import hashlib
from dataclasses import replace

import pytest

from functions.core.base.errors import UnusableKeys
from functions.core.identity.keys import make_key, merge, read_keys, write_keys
from tests.support.keys import DAY, NOW


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
        ([], "x", None, "scopes are one or more of predict, feedback, read, admin"),
        (["predict", "root"], "x", None, "scopes are one or more"),
        (["predict"], "", None, "note has 1 to 60"),
        (["predict"], "x" * 61, None, "note has 1 to 60"),
        (["predict"], "bell\x07", None, "note has 1 to 60"),
        (["predict"], "{{ssm:other}}", None, "note has 1 to 60"),
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


def test_a_key_keeps_the_models_that_it_is_for() -> None:
    _, limited = make_key(["feedback"], "x", NOW, models=["churn", "fraud", "churn"])
    _, unlimited = make_key(["feedback"], "x", NOW)
    assert (limited.models, unlimited.models) == (("churn", "fraud"), ())
    keys = {key.id: key for key in (limited, unlimited)}
    text = write_keys(keys, NOW)
    assert read_keys(text) == keys
    # What was written before keys had models is read as it was meant.
    assert text.count("models") == 1


@pytest.mark.parametrize(
    "models", [["Churn"], ["a b"], [""], ["../x"], ["2churn"], [f"m{n}" for n in range(11)]]
)
def test_a_key_is_for_up_to_ten_models_of_good_names(models: list[str]) -> None:
    with pytest.raises(ValueError, match="up to 10 names of models"):
        make_key(["predict"], "x", NOW, models=models)
