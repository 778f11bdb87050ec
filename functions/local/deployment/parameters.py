"""What a deployment is told: parameters and tags, of samconfig.toml's profile and the command line."""

import re
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.local.platform.template import read_document
from functions.local.process.child import ROOT

SETTINGS = ROOT / "samconfig.toml"
TEMPLATE = ROOT / "template.yaml"


def parse_pairs(text: str, subject: str) -> dict[str, str]:
    """`A=1 B="two words"` as a mapping. Raises `ValueError` for what is no pair, or named twice."""
    pairs: dict[str, str] = {}
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(
            f"{subject} cannot be read ({error}): a quotation mark is not closed in {text}"
        ) from None
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ValueError(f"{subject} are Name=value with spaces between; got {word!r}")
        if name in pairs:
            raise ValueError(f"{subject} name {name} twice")
        pairs[name] = value
    return pairs


def check_stage(stage: str, template: Path = TEMPLATE) -> str:
    """The stage, if it is a name for one. Raises `ValueError`."""
    declared = read_document(template)["Parameters"]["Stage"]
    if not re.fullmatch(declared["AllowedPattern"], stage):
        raise ValueError(f"STAGE is {stage!r}: say {declared['ConstraintDescription']}")
    return stage


def choose_parameters(
    stage: str, given: Mapping[str, str], settings: Path = SETTINGS, template: Path = TEMPLATE
) -> dict[str, str]:
    """The parameters of a deployment: of the profile whose stack is this stage's, overruled by those given.

    Raises `ValueError` for a parameter that there is not, or a value that CloudFormation would refuse.
    """
    if "Stage" in given:
        raise ValueError("the stage is named by STAGE=, not among PARAMETERS")
    profile = parse_pairs(
        shlex.join(_profile(stage, settings).get("parameter_overrides", [])), "parameter_overrides"
    )
    chosen = {**profile, **given, "Stage": stage}
    declared = read_document(template)["Parameters"]
    for name, value in chosen.items():
        if name not in declared:
            raise ValueError(f"template.yaml has no parameter {name}; it has {', '.join(sorted(declared))}")
        if not _is_allowed(declared[name], value):
            raise ValueError(f"{name} is {value!r}: say {declared[name]['ConstraintDescription']}")
    return chosen


def match_architecture(parameters: dict[str, str], built_for: str) -> dict[str, str]:
    """The parameters with the processor that the bundles are built for. Raises `ValueError` for another."""
    named = parameters.get("Architecture", built_for)
    if named != built_for:
        raise ValueError(f"the bundles are built for {built_for}: make deploy ARCHITECTURE={named} ...")
    return {**parameters, "Architecture": built_for}


def choose_tags(stage: str, given: Mapping[str, str]) -> dict[str, str]:
    """Tags of everything in the stack. The first two tell this stage from others in a bill."""
    return {"application": "lifeboat", "stage": stage, **given}


def _profile(stage: str, settings: Path) -> dict[str, Any]:
    sections = tomllib.loads(settings.read_text())
    for section in sections.values():
        if isinstance(section, dict):
            parameters: dict[str, Any] = section.get("deploy", {}).get("parameters", {})
            if parameters.get("stack_name") == f"lifeboat-{stage}":
                return parameters
    return {}


def _is_allowed(declared: Mapping[str, Any], value: str) -> bool:
    if "AllowedValues" in declared:
        # YAML reads None as a text and 30 as a number; CloudFormation compares texts.
        return value in {str(allowed) for allowed in declared["AllowedValues"]}
    if declared["Type"] != "Number":
        return re.fullmatch(declared.get("AllowedPattern", ".*"), value) is not None
    try:
        number = float(value)
    except ValueError:
        return False
    return bool(declared.get("MinValue", number) <= number <= declared.get("MaxValue", number))
