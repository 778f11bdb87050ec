"""Copies the libraries of the pages from where npm unpacked them into the folder that is served."""

import json
import re
from pathlib import Path

from functions.local.process.child import ROOT

PAGES = ROOT / "functions" / "pages"
VENDOR = PAGES / "static" / "vendor"
# What is served, by its place in npm's folder.
FILES = {
    "htm.js": "htm/dist/htm.module.js",
    "preact.js": "preact/dist/preact.mjs",
    "preact-hooks.js": "preact/hooks/dist/hooks.mjs",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
}
# uPlot ships its module only as it was written, twice as large; what is minified makes a global of this name.
_GLOBALS = {"uplot.js": "uPlot"}
LICENCES = "LICENCES.txt"


def vendored(modules: Path) -> dict[str, bytes]:
    """What stands in the folder that is served, by name. modules: npm's `node_modules`.

    Raises `FileNotFoundError` where a library has another layout than it had, or brings no licence.
    """
    files = {name: _without_map((modules / place).read_bytes()) for name, place in FILES.items()}
    for name, variable in _GLOBALS.items():
        files[name] += f"\nexport default {variable};\n".encode()
    packages = sorted({place.partition("/")[0] for place in FILES.values()})
    files[LICENCES] = "\n".join(_licence(modules / package) for package in packages).encode()
    return files


def _without_map(source: bytes) -> bytes:
    """Source maps are not served, and a browser's tools would ask for them."""
    return re.sub(rb"\n?//# sourceMappingURL=\S+\n?", b"\n", source)


def _licence(package: Path) -> str:
    about = json.loads((package / "package.json").read_text())
    text = next(path for path in sorted(package.iterdir()) if path.name.upper().startswith("LICEN"))
    return f"{about['name']} {about['version']}, {about['license']}\n\n{text.read_text().strip()}\n"


if __name__ == "__main__":
    for name, body in vendored(PAGES / "node_modules").items():
        (VENDOR / name).write_bytes(body)
        print(f"{name:<18} {len(body):>8,} bytes")
