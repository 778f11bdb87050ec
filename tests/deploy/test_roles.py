"""Roles, judged by every call that the drive made: none was refused, and no right was given for nothing."""

from functions.local.process.state import BUILD
from tests.deploy.roles import HEADER, OF_SERVICES, judge_roles, read_rights_of_services, write_table
from tests.deploy.stage import Stage
from tests.stories.iam import OF_LAMBDA
from tests.support.steps import Steps

TABLE = BUILD / "roles.md"


def test_no_call_was_refused_and_no_right_is_unused(stage: Stage, step: Steps) -> None:
    judged = judge_roles(stage)
    with step("roles") as said:
        said += [HEADER, *(judgement.row() for judgement in judged)]
        said += [f"unused: {judgement.role} {right}" for judgement in judged for right in judgement.unused]
        write_table(judged, read_rights_of_services(stage), TABLE)
        said.append(f"each right, and how many calls asked for it: {TABLE}")
    assert {judgement.role: judgement.denied for judgement in judged if judgement.denied} == {}
    assert {judgement.role: judgement.unused for judgement in judged if judgement.unused} == {}


def test_roles_and_rights_that_no_function_uses_are_accounted_for(stage: Stage) -> None:
    judged = judge_roles(stage)
    roles = {logical for logical in stage.resources if logical.endswith("Role")}
    assert roles == {judgement.role for judgement in judged} | OF_SERVICES.keys()
    table = TABLE.read_text()
    for role in roles:
        assert f"\n## {role}\n" in table
    given = {right.grant.action for judgement in judged for right in judgement.rights}
    assert OF_LAMBDA.keys() <= given
