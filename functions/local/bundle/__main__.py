"""The command line of the bundles: `python -m functions.local.bundle --help`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from functions.local.bundle.build import RUNTIME, Target, build
from functions.local.bundle.proof import reason_not_to_import
from functions.local.bundle.python import find_python
from functions.local.bundle.recipe import BundleRefused, Recipe, read_recipe
from functions.local.bundle.weight import table, weigh
from functions.local.platform.template import Template, read_document, read_template
from functions.local.process.child import ROOT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 refused, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        target = Target(os.environ.get("ARCHITECTURE") or "x86_64", find_python(RUNTIME))
        recipe = read_recipe(ROOT / "pyproject.toml")
        template = _whole_template(ROOT / "template.yaml")
        if options.command == "build":
            return _build(template, recipe, target, options.function, options.folder)
        if options.command == "sbom":
            return _write_bills(template, target, options.folder, options.to)
        if options.command == "release":
            return _write_release(template, target, options.folder, options.to, options.tag)
        return _report(template, recipe, target, options.folder)
    except (BundleRefused, OSError, RuntimeError, SyntaxError, ValueError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1


def _whole_template(path: Path) -> Template:
    """Every function has a bundle, those too that are only made where they are asked for."""
    asked = {"TrackingUri": "https://mlflow.invalid"}
    declared = read_document(path).get("Parameters", {})
    return read_template(path, **{name: value for name, value in asked.items() if name in declared})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m functions.local.bundle",
        description="Build the bundles of the functions in template.yaml.",
        epilog="ARCHITECTURE (x86_64 or arm64) in the environment says what to build for.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build the bundle of one function; SAM calls this")
    build.add_argument("function", help="its id in template.yaml, such as PredictFunction")
    build.add_argument("folder", type=Path, help="where to: an empty folder, or a new one")
    every = commands.add_parser("report", help="weigh what SAM built; fails when a bundle is too heavy")
    every.add_argument("folder", type=Path, nargs="?", default=ROOT / ".aws-sam" / "build")
    sbom = commands.add_parser("sbom", help="write a bill of materials (CycloneDX) of each bundle")
    sbom.add_argument("folder", type=Path, help="where SAM built them")
    sbom.add_argument("to", type=Path, help="the folder for the bills, such as build/sbom")
    release = commands.add_parser("release", help="write each bundle as a zip, its bill, and checksums")
    release.add_argument("folder", type=Path, help="where SAM built them")
    release.add_argument("to", type=Path, help="the folder for the files, such as build/release")
    release.add_argument(
        "--tag", required=True, help="the release, such as v0.1.0: it has to be this version"
    )
    return parser


# The library of bills is for development: building works without it.
def _write_bills(template: Template, target: Target, folder: Path, to: Path) -> int:
    from functions.local.bundle.bill_of_materials import write_bills

    for path in write_bills(_bundles(template, folder), ROOT, target.architecture, to):
        print(path)
    return 0


def _write_release(template: Template, target: Target, folder: Path, to: Path, tag: str) -> int:
    from functions.local.bundle.release import write_release

    for path in write_release(tag, _bundles(template, folder), ROOT, target.architecture, to):
        print(path)
    return 0


def _bundles(template: Template, folder: Path) -> dict[str, Path]:
    """Where the bundle of each function was built, by the name of the function's folder."""
    return {function.handler.split(".")[1]: folder / id_ for id_, function in template.functions.items()}


def _build(template: Template, recipe: Recipe, target: Target, function: str, folder: Path) -> int:
    if function not in template.functions:
        raise BundleRefused(f"template.yaml has no function {function}, only {', '.join(template.functions)}")
    build(ROOT, template.functions[function], recipe, target, folder)
    return 0


def _report(template: Template, recipe: Recipe, target: Target, folder: Path) -> int:
    weights = weigh(
        (id_, folder / id_, recipe.limits(function.handler.split(".")[1]))
        for id_, function in template.functions.items()
    )
    print(table(weights))
    if target.python is None:
        print(
            f"No Python {RUNTIME} was found here: the bundles hold no byte-code, which doubles cold starts,\n"
            f"and were not imported. One made by `.venv/bin/uv python install {RUNTIME}` will be found."
        )
    elif reason := reason_not_to_import(target.python, RUNTIME, target.architecture):
        print(f"The bundles were not imported: {reason}.")
    if any(weight.too_heavy for weight in weights):
        print("Failed: over the budget in pyproject.toml, [tool.lifeboat.bundles]", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
