"""Prints what SAM's transform makes of a template: `translate.py TEMPLATE PARAMETER=VALUE ...`.

The transform comes with the SAM command line, whose pins conflict with the tests': this file is run by the
Python of .venv-sam and imports nothing of this repository.
"""

import sys
from pathlib import Path

# mypy runs without that environment.
from samcli.lib.translate.sam_template_validator import SamTemplateValidator  # type: ignore[import-not-found]
from samcli.yamlhelper import yaml_parse  # type: ignore[import-not-found]


def translate(template: Path, parameters: dict[str, str]) -> str:
    """The template in YAML, without SAM's resources and with every resource that they stand for."""
    validator = SamTemplateValidator(
        yaml_parse(template.read_text()),
        # It would fetch the names of AWS's managed policies from an account; the template uses none by name.
        managed_policy_loader=None,
        region="us-east-1",
        parameter_overrides=parameters,
    )
    return str(validator.get_translated_template_if_valid())


if __name__ == "__main__":
    print(translate(Path(sys.argv[1]), dict(argument.split("=", 1) for argument in sys.argv[2:])))
