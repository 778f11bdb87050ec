"""The locked wheels of a function, for Lambda's platform, without what no function uses."""

import shutil
import sys
from pathlib import Path

from functions.local.bundle.errors import BundleRefused
from functions.local.bundle.process import run
from functions.local.bundle.recipe import Contents

# What template.yaml calls an architecture, as uv names the platform. Lambda's python3.13 runs on Amazon Linux
# 2023, which has glibc 2.34.
PLATFORMS = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}


def install(lock: Path, folder: Path, python: str, architecture: str) -> None:
    """Unpack the wheels that `lock` names, hashes checked, for `python` ("3.13") on `architecture`.

    Raises `BundleRefused` for an unknown architecture, and with uv's words when a wheel cannot be had.
    """
    if architecture not in PLATFORMS:
        raise BundleRefused(f"ARCHITECTURE is {architecture!r}; Lambda knows {' and '.join(PLATFORMS)}")
    command: list[str | Path] = [
        sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable,
        "--python-version", python, "--python-platform", PLATFORMS[architecture],
        "--only-binary", ":all:", "--no-deps", "--require-hashes", "--no-compile-bytecode",
        # Copied: a link would let what is done to the bundle reach into uv's cache.
        "--link-mode", "copy", "--target", folder, "--requirements", lock,
    ]  # fmt: skip
    uv = run(command)
    if uv.returncode:
        raise BundleRefused(f"the wheels of {lock} could not be installed for {architecture}:\n{uv.stderr}")


def slim(folder: Path, contents: Contents) -> None:
    """Remove what the globs of `contents` leave out, save what they keep."""
    kept = {path for glob in contents.keep for path in folder.glob(glob)}
    for glob in contents.omit:
        for path in set(folder.glob(glob)) - kept:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
