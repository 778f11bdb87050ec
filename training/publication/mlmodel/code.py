"""The code that a version's folder brings for MLflow: the loader, and the modules that it imports."""

import io
import zipfile
from functools import cache
from pathlib import Path

from functions.core.base.imports import PROJECT, imported, trace

# Imported to be in every bundle that packs it, where what nothing imports is left out.
from training.publication.mlmodel import loader

LOADER = "lifeboat_model"

_ROOT = Path(__file__).parents[3]
_LOADER_FILE = Path(loader.__file__).relative_to(_ROOT)
# The first moment that a zip file can tell: the same sources, the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)


@cache
def pack_code() -> bytes:
    """A zip file that Python imports from; MLflow puts it on the path. The same sources, the same bytes."""
    files = {
        file
        for module in imported(_ROOT, _LOADER_FILE)
        if module.partition(".")[0] in PROJECT
        for file in trace(_ROOT, module).files
    }
    names = {f"{LOADER}.py": _LOADER_FILE} | {file.as_posix(): file for file in sorted(files)}
    packed = io.BytesIO()
    # Stored: how a compressor packs differs from one build of Python to another.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, file in names.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), (_ROOT / file).read_bytes())
    return packed.getvalue()
