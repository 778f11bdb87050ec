"""The real SAM command line, with the settings of samconfig.toml, against the emulator."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.local.process.child import ROOT
from functions.local.process.environment import REGION

SAM = ROOT / ".venv-sam" / "bin" / "sam"
SAM_PYTHON = ROOT / ".venv-sam" / "bin" / "python"
# A minute on a machine that does nothing else, ten where twenty share two cores.
DEPLOY_SECONDS = 1800.0


class DeployFailed(Exception):
    """`sam deploy` ended with an error: the text is what it printed."""


def deploy(template: Path, stack: str, parameters: Mapping[str, str]) -> str:
    """Deploy a template as `stack`. Returns what SAM printed; raises `DeployFailed` with the same."""
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    return _sam(
        *("deploy", "--template-file", str(template), "--config-file", str(ROOT / "samconfig.toml")),
        *("--stack-name", stack, "--no-confirm-changeset", "--region", REGION),
        *("--parameter-overrides", *overrides),
    )


def delete(stack: str) -> str:
    return _sam(
        *("delete", "--stack-name", stack, "--no-prompts", "--region", REGION),
        *("--config-file", str(ROOT / "samconfig.toml")),
    )


def translate(template: Path, parameters: Mapping[str, str]) -> dict[str, Any]:
    """What SAM's transform makes of a template."""
    import yaml

    overrides = [f"{name}={value}" for name, value in parameters.items()]
    translated: dict[str, Any] = yaml.safe_load(
        _run(str(SAM_PYTHON), str(ROOT / "tests" / "sam" / "translate.py"), str(template), *overrides)
    )
    return translated


def _sam(*arguments: str) -> str:
    return _run(str(SAM), *arguments)


def _run(*command: str) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEPLOY_SECONDS,
        check=False,
    )
    if done.returncode:
        raise DeployFailed(f"{' '.join(command[:3])}\n{done.stdout}\n{done.stderr}")
    return done.stdout
