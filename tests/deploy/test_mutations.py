"""The drive notices what is wrong with a template: each change makes what it should break fail."""

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

import pytest

from functions.local.process.environment import Credentials
from tests.deploy import exercise_refusals as refusals
from tests.deploy.emulated import Template
from tests.deploy.invocations import refuse_missing_permissions
from tests.deploy.stage import Stage
from tests.support.titanic import MODEL

Exercise = Callable[[Stage, Credentials], object]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of the template as SAM translates it, and the part of the drive that it breaks."""

    name: str
    change: Callable[[Template], object]
    exercise: Exercise


def without_statement(role: str, sid: str) -> Callable[[Template], object]:
    def change(template: Template) -> None:
        [policy] = template["Resources"][role]["Properties"]["Policies"]
        _drop(policy["PolicyDocument"]["Statement"], sid)

    return change


def without_policy_of_bucket(sid: str) -> Callable[[Template], object]:
    def change(template: Template) -> None:
        _drop(template["Resources"]["StorePolicy"]["Properties"]["PolicyDocument"]["Statement"], sid)

    return change


def _drop(statements: list[dict[str, object]], sid: str) -> None:
    before = len(statements)
    statements[:] = [statement for statement in statements if statement["Sid"] != sid]
    assert len(statements) == before - 1


def with_wrong_handler(template: Template) -> None:
    template["Resources"]["ModelsFunction"]["Properties"]["Handler"] = "functions.models.handler.handle"


def with_wrong_route(template: Template) -> None:
    paths = template["Resources"]["Api"]["Properties"]["Body"]["paths"]
    paths["/models/champions"] = paths.pop("/models/champion")


def with_open_route(template: Template) -> None:
    paths = template["Resources"]["Api"]["Properties"]["Body"]["paths"]
    del paths["/models/history"]["get"]["security"]


def without_permission(template: Template) -> None:
    del template["Resources"]["RetrainFunctionUploadedPermission"]


def change_a_schema(stage: Stage, _: Credentials) -> None:
    schema = stage.ask("GET", f"/models/{MODEL}/schema").json()
    schema["fields"][0]["description"] = f"as of {time.monotonic()}"
    stage.ask("PUT", f"/models/{MODEL}/schema", schema)


def tell_what_is_missing(stage: Stage, _: Credentials) -> None:
    stage.ask("GET", "/models/nobody/champion", status=404)


def read_champion(stage: Stage, _: Credentials) -> None:
    assert stage.ask("GET", "/models/champion").json()["version"] == stage.champion(MODEL)


def refuse_a_stranger(stage: Stage, _: Credentials) -> None:
    # With a key as well: a function that is told of no caller refuses everybody.
    stage.ask("GET", "/models/history", key="", status=401)
    stage.ask("GET", "/models/history")


def permit_invocations(stage: Stage, _: Credentials) -> None:
    refuse_missing_permissions(stage)


MUTATIONS = [
    Mutation(
        "a right less: models may not write schemas",
        without_statement("ModelsRole", "WriteRegistryAndSchemas"),
        change_a_schema,
    ),
    Mutation(
        "a right less: models may not tell missing from forbidden",
        without_statement("ModelsRole", "ListAndTellMissingFromForbidden"),
        tell_what_is_missing,
    ),
    Mutation("wrong handler", with_wrong_handler, read_champion),
    Mutation("wrong route", with_wrong_route, read_champion),
    Mutation("a route without authorizer", with_open_route, refuse_a_stranger),
    Mutation("notification without permission", without_permission, permit_invocations),
    Mutation("no TLS policy", without_policy_of_bucket("OnlyOverTls"), refusals.refuse_plain_http),
    Mutation(
        "anybody may publish",
        without_policy_of_bucket("OnlyRetrainPublishes"),
        refusals.keep_models_from_uploaders,
    ),
]


@pytest.mark.parametrize("exercise", list(dict.fromkeys(mutation.exercise for mutation in MUTATIONS)))
def test_unchanged_it_passes(stage: Stage, uploader: Credentials, exercise: Exercise) -> None:
    exercise(stage, uploader)


@pytest.fixture(scope="module", autouse=True)
def _mended(stage: Stage) -> Iterator[None]:
    """Each mutation takes the place of the one before; the last one is taken back here."""
    yield
    assert stage.apply(stage.translated) == "UPDATE_COMPLETE"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_a_wrong_template_fails(stage: Stage, uploader: Credentials, mutation: Mutation) -> None:
    started = time.monotonic()
    template = deepcopy(stage.translated)
    mutation.change(template)
    assert stage.apply(template) == "UPDATE_COMPLETE"
    with pytest.raises(AssertionError) as failure:
        mutation.exercise(stage, uploader)
    said = str(failure.value).partition("\n")[0][:100] or "was not refused"
    print(f"{'mutation':<10} {time.monotonic() - started:6.1f} s  {mutation.name}: {said}")
