"""The scripts of the pages fit openapi.json, which is valid; the libraries are those of npm's lock."""

import subprocess
from pathlib import Path

from functions.local.tools.vendor import PAGES, VENDOR, vendored

SECONDS = 180


def run(modules: Path, tool: str, *arguments: str | Path) -> str:
    """What one of npm's tools says when it succeeds; the test fails with what it says when it does not."""
    done = subprocess.run(
        [modules / ".bin" / tool, *arguments],
        cwd=PAGES,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_types_of_the_scripts_fit_the_document_of_the_api(modules: Path) -> None:
    types = PAGES / "api.d.ts"
    run(modules, "openapi-typescript", "../../openapi.json", "-o", types)
    assert "Manifest: {" in types.read_text()
    run(modules, "tsc", "-p", ".")


def test_the_document_of_the_api_is_valid(modules: Path) -> None:
    assert "is valid" in run(modules, "redocly", "lint", "../../openapi.json", "--format=stylish")


def test_the_libraries_are_the_bytes_of_npms_lock(modules: Path) -> None:
    """npm has compared what it unpacked with the hashes in package-lock.json."""
    served = {path.name: path.read_bytes() for path in VENDOR.iterdir()}
    assert served == vendored(modules), "make vendor"
