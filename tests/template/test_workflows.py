"""The workflows of GitHub: what they run is named by commit, and may do no more than it needs."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from functions.core import __version__
from functions.local.tools.locks import LOCKS

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ZIZMOR = Path(sys.executable).with_name("zizmor")
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
        # Only what makes a release may write.
        contents = "write" if workflow.name == "release.yml" else "read"
        assert job["permissions"] == {"contents": contents} | token


def test_a_release_is_of_a_tag_and_only_its_last_step_has_a_token() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    found = yaml.safe_load(text)
    # YAML 1.1 reads the key `on` as true.
    assert found[True] == {"push": {"tags": ["v*"]}}
    [job] = found["jobs"].values()
    *before, last = job["steps"]
    assert last["run"].startswith('gh release create "$TAG" build/release/*')
    assert last["env"] == {"GH_TOKEN": "${{ github.token }}"}
    assert not any("token" in str(step) for step in before)
    assert not any("${{" in step.get("run", "") for step in job["steps"])
    assert before[0]["with"] == {"persist-credentials": False}
    assert "actions/cache" not in text


def audit(folder: Path) -> "subprocess.CompletedProcess[str]":
    command: list[str | Path] = [ZIZMOR, "--offline", "--no-progress", "--persona", "pedantic", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    audited = audit(ROOT / ".github")
    assert audited.returncode == 0, audited.stdout


def test_zizmor_finds_a_workflow_that_runs_what_a_title_says(tmp_path: Path) -> None:
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    workflow = tmp_path / ".github" / "workflows" / "release.yml"
    workflow.write_text(
        workflow.read_text().replace("run: make lint", "run: echo ${{ github.event.pull_request.title }}")
    )
    audited = audit(tmp_path / ".github")
    assert audited.returncode != 0
    assert "template-injection" in audited.stdout


def test_the_version_is_one_that_a_tag_can_have_and_stands_in_one_place() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "functions.core.__version__"}


def test_updates_are_proposed_for_every_lock_that_make_writes() -> None:
    proposed = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    [folders] = (one["directories"] for one in proposed if one["package-ecosystem"] == "pip")
    watched = {path for folder in folders for path in ROOT.glob(f"./{folder.lstrip('/')}/*.txt")}
    locks = [lock.path for lock in LOCKS]
    assert [lock for lock in locks if ROOT / lock not in watched] == []
    for one in proposed:
        assert one["cooldown"] == {"default-days": 7}


def test_a_deployment_is_of_one_stage_whose_environment_is_asked_and_shows_no_key() -> None:
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
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
