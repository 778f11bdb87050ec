"""What CloudFormation gets to see: template.yaml after SAM's transform, by profile and with every option."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.declared import PROFILES, RESOURCES, ROOT, TEMPLATE
from tests.template.test_options import OPTIONS

SAM_PYTHON = ROOT / ".venv-sam" / "bin" / "python"
TRANSLATE = Path(__file__).with_name("translate.py")
EVERY_OPTION = {name: value for option in OPTIONS.values() for name, value in option.items()}
DEPLOYMENTS = {**PROFILES, "every option": EVERY_OPTION}


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def deployed(request: pytest.FixtureRequest) -> str:
    """The template that a profile deploys, or one with every option."""
    parameters = [f"{name}={value}" for name, value in DEPLOYMENTS[request.param].items()]
    return run(str(SAM_PYTHON), str(TRANSLATE), str(TEMPLATE), *parameters)


@pytest.fixture(scope="module")
def resources(deployed: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(deployed)["Resources"]
    return found


def run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_transformed_template_is_sound_and_free_of_circles(deployed: str, tmp_path: Path) -> None:
    path = tmp_path / "deployed.yaml"
    path.write_text(deployed)
    run(str(Path(sys.executable).with_name("cfn-lint")), str(path))


def test_the_routes_of_a_released_function_call_its_alias(resources: dict[str, Any]) -> None:
    aliases = {
        resource["Properties"]["FunctionName"]["Ref"]: id_
        for id_, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Alias"
    }
    assert "PredictFunction" in aliases
    called = [
        operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        for path in resources["Api"]["Properties"]["Body"]["paths"].values()
        for operation in path.values()
    ]
    for function, alias in aliases.items():
        assert any(f"/${{{alias}}}/invocations" in uri for uri in called)
        assert not any(f"${{{function}.Arn}}" in uri for uri in called)


def test_no_role_appears_but_those_written(resources: dict[str, Any]) -> None:
    roles = {id_ for id_, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"}
    written = {id_ for id_, resource in RESOURCES.items() if resource["Type"] == "AWS::IAM::Role"}
    assert roles == written


def test_the_buckets_policy_names_roles_that_are_deployed(resources: dict[str, Any]) -> None:
    statements = resources["StorePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    named = {
        match
        for statement in statements
        for match in re.findall(r"'Fn::GetAtt': \['(\w+Role)', 'Arn'\]", str(statement))
    }
    assert named == {"RetrainRole", "ModelsRole"}
    assert all(resources[role]["Type"] == "AWS::IAM::Role" for role in named)
