"""The workflows of GitHub: what they run is named by commit, and may do no more than read."""

import re
from pathlib import Path

import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).parents[2] / ".github" / "workflows").glob("*.yml"))
# An action by its commit, with the version that it is in a comment.
BY_COMMIT = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=[path.name for path in WORKFLOWS])
def test_actions_are_named_by_commit_with_their_version_beside(workflow: Path) -> None:
    used = re.findall(r"uses: *(.+)", workflow.read_text())
    assert used
    assert [action for action in used if not BY_COMMIT.fullmatch(action)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=[path.name for path in WORKFLOWS])
def test_a_workflow_may_do_nothing_but_read_and_a_job_says_so(workflow: Path) -> None:
    found = yaml.safe_load(workflow.read_text())
    assert found["permissions"] == {}
    for job in found["jobs"].values():
        # A token for AWS, only in an environment: its reviewers are asked first, and the token names it.
        token = {"id-token": "write"} if "environment" in job else {}
        assert job["permissions"] == {"contents": "read"} | token


def test_a_deployment_is_of_one_stage_whose_environment_is_asked_and_shows_no_key() -> None:
    text = WORKFLOWS[0].with_name("deploy.yml").read_text()
    found = yaml.safe_load(text)
    [job] = found["jobs"].values()
    assert job["environment"] == "${{ inputs.stage }}"
    assert found["concurrency"] == {"group": "deploy-${{ inputs.stage }}", "cancel-in-progress": False}
    steps = job["steps"]
    [signing_in] = [number for number, step in enumerate(steps) if "configure-aws" in step.get("uses", "")]
    # What is built and run before has no credentials; after it nothing is built.
    assert [step["run"] for step in steps[:signing_in] if "run" in step] == ["make lint build"]
    [deploying] = [step["run"] for step in steps[signing_in:] if "run" in step]
    assert "--no-key" in deploying
    # No expression in a command: a shell would read what stands in it.
    assert not any("${{" in step.get("run", "") for step in steps)
    assert "secrets." not in text
