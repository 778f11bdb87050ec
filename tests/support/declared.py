"""template.yaml and samconfig.toml as they are written, for the tests of their rules."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from functions.local.platform.safe_loader import SafeLoader

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"


class _Loader(SafeLoader):
    """YAML in which CloudFormation's tags are kept as `[tag, value]`."""


def _tagged(loader: SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [suffix, loader.construct_sequence(node, deep=True)]
    assert isinstance(node, yaml.ScalarNode)
    return [suffix, loader.construct_scalar(node)]


_Loader.add_multi_constructor("!", _tagged)
DOCUMENT: dict[str, Any] = _Loader(TEMPLATE.read_text()).get_single_data()
RESOURCES: dict[str, Any] = DOCUMENT["Resources"]
PARAMETERS: dict[str, Any] = DOCUMENT["Parameters"]


def of_type(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The logical id and the properties of each resource of a type."""
    return ((id_, resource["Properties"]) for id_, resource in RESOURCES.items() if resource["Type"] == name)


def _profiles() -> dict[str, dict[str, str]]:
    sections: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())
    return {
        name: dict(pair.split("=", 1) for pair in section["deploy"]["parameters"]["parameter_overrides"])
        for name, section in sections.items()
        if name != "version"
    }


EVERYTHING = {"TrackingUri": "https://mlflow.invalid"}
"""Parameters with which every function of the template is made."""

PROFILES = _profiles()
"""The parameters that each profile of samconfig.toml deploys with."""
