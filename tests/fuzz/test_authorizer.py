"""Whatever the gateway asks about, the authorizer answers with a context that it can hand on."""

import json
from pathlib import Path

import pytest
from hypothesis import strategies as st

from functions.authorize.handler import handler, key_ring, login
from functions.core.storage.parameter_opening import open_parameter
from tests.fuzz.campaign import Campaign
from tests.fuzz.events import Event, events, routes
from tests.fuzz.json_values import TEXTS
from tests.fuzz.world import World
from tests.support.declared import of_type
from tests.support.gateway import read_event
from tests.support.keys import new_key
from tests.support.tokens import AUDIENCE, ISSUER, RSA, key_set, token

FUNCTIONS = [id_ for id_, properties in of_type("AWS::Serverless::Function") if "Events" in properties]


def test_every_question_is_answered_in_texts(
    campaign: Campaign, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys.json"
    monkeypatch.setenv("LIFEBOAT_KEYS", str(keys))
    key_ring.cache_clear()
    text, _ = new_key(open_parameter(str(keys)), "predict")
    for name, value in {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "KEYS": key_set(rsa=RSA).decode()}.items():
        monkeypatch.setenv(f"LIFEBOAT_LOGIN_{name}", value)
    login.cache_clear()
    bearer = token()
    cut = st.integers(0, len(bearer)).map(lambda at: bearer[:at] + bearer[at + 1 :])
    known = (text, bearer)
    texts = (*known, f" {text} ", text[:-1], text.upper(), "lb_", "lb_00000000_", "", "a.b.c", "e30.e30.")
    shown = st.sampled_from(texts) | cut | TEXTS
    headers = st.fixed_dictionaries(
        {},
        optional={
            "x-api-key": shown,
            "authorization": st.tuples(st.sampled_from(("Bearer ", "bearer  ", "Basic ", "")), shown).map(
                "".join
            ),
        },
    )

    def check(case: tuple[Event, dict[str, str]]) -> str:
        event, shown = case
        answer = handler(
            read_event("authorizer_request") | event | {"headers": (event.get("headers") or {}) | shown}, None
        )
        json.dumps(answer)
        if answer == {"isAuthorized": False}:
            return "more refusals than are answered in words"
        assert set(answer) == {"isAuthorized", "context"}
        assert answer["isAuthorized"] is True
        context = answer["context"]
        assert set(context) == {"key_id", "scopes", "models", "name", "denied", "unavailable"}
        assert all(type(value) is str for value in context.values())
        assert bool(context["key_id"]) is not bool(context["denied"])
        # Nobody else is its holder.
        assert not context["key_id"] or any(one in value for value in shown.values() for one in known)
        return "known" if context["key_id"] else "refused"

    campaign.run(st.tuples(events(routes(*FUNCTIONS), world), headers), check, cases=80)
    for kept in (key_ring, login):
        kept.cache_clear()
