"""The built template as the emulator takes it: what is changed, and why. All else stays as it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from functions.local.platform.template import read_document

Template = dict[str, Any]


def without_code_deploy(template: Template) -> None:
    """The alias moves at once: the emulator has no CodeDeploy, which SAM emits even for AllAtOnce."""
    for resource in template["Resources"].values():
        resource["Properties"].pop("DeploymentPreference", None)


# Beside these, the routes and the authorizer of the API are made call by call (api_routes.py).
CHANGES: tuple[Callable[[Template], None], ...] = (without_code_deploy,)


def read_emulated(built: Path) -> Template:
    """The built template, changed."""
    template = read_document(built)
    for change in CHANGES:
        change(template)
    return template


def write_template(template: Template, path: Path) -> Path:
    """As JSON, which SAM takes as well, and which has no anchors."""
    path.write_text(json.dumps(template, indent=1))
    return path
