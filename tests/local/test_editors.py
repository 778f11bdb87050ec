"""What editors, git's hooks and containers for development are told: it runs what there is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.local.__main__ import parser
from functions.local.platform.debugged_function import find_function
from functions.local.platform.template import read_template

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
REPOSITORIES = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
HOOKS = [hook for repository in REPOSITORIES for hook in repository["hooks"]]


def read_json_with_comments(path: Path) -> Any:
    return json.loads(re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.MULTILINE))


LAUNCH = read_json_with_comments(ROOT / ".vscode" / "launch.json")


def test_the_editor_offers_each_function_to_debug_by_a_name_that_the_runner_takes() -> None:
    template = read_template(ROOT / "template.yaml")
    (offered,) = LAUNCH["inputs"]
    assert sorted(find_function(template, name) for name in offered["options"]) == sorted(template.functions)
    assert offered["default"] in offered["options"]


def test_the_editor_starts_a_run_that_the_command_line_takes() -> None:
    (run,) = [entry for entry in LAUNCH["configurations"] if entry["module"] == "functions.local"]
    words = [word.replace("${input:function}", "predict") for word in run["args"]]
    options = parser().parse_args(words)
    assert (options.debug, options.log_requests) == ("predict", True)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_what_is_installed_here_and_fetches_nothing(hook: dict[str, Any]) -> None:
    assert hook["language"] == "system"
    program, *words = hook["entry"].split()
    if program == "make":
        assert re.search(rf"^{words[0]}:", MAKEFILE, re.MULTILINE)
    else:
        assert program.startswith(".venv/bin/")
        assert (ROOT / program).exists()


def test_no_hook_comes_from_another_repository() -> None:
    assert {repository["repo"] for repository in REPOSITORIES} == {"local"}


def test_the_container_installs_by_a_target_that_there_is() -> None:
    container = read_json_with_comments(ROOT / ".devcontainer" / "devcontainer.json")
    make, target = container["onCreateCommand"].split()
    assert make == "make"
    assert re.search(rf"^{target}\b.*:", MAKEFILE, re.MULTILINE) or f" {target} " in MAKEFILE
