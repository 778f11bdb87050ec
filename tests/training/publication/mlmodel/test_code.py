"""The code in a version's folder: all that its loader imports, in the same bytes each time."""

import io
import zipfile

from functions.core.base.imports import trace
from functions.local.process.child import ROOT
from training.publication.mlmodel.code import LOADER, pack_code

LOADER_FILE = "training/publication/mlmodel/loader.py"


def test_the_code_is_the_loader_and_what_it_imports_and_little_else() -> None:
    with zipfile.ZipFile(io.BytesIO(pack_code())) as archive:
        names = archive.namelist()
        assert archive.read("lifeboat_model.py") == (ROOT / LOADER_FILE).read_bytes()
        scorer = "functions/core/scoring/scorer.py"
        assert archive.read(scorer) == (ROOT / scorer).read_bytes()
    assert {"functions/__init__.py", "functions/core/schema/rows.py"} <= set(names)
    assert not [name for name in names if name.startswith(("training/", "functions/core/storage/"))]
    # A version brings it along.
    assert len(pack_code()) < 150_000


def test_the_same_sources_give_the_same_bytes() -> None:
    before = pack_code()
    pack_code.cache_clear()
    assert pack_code() == before


def test_whatever_trains_brings_all_files_that_are_packed() -> None:
    # A bundle holds the files that its handler imports: one that is only read would not be there.
    brought = {file.as_posix() for file in trace(ROOT, "functions.retrain.handler").files}
    with zipfile.ZipFile(io.BytesIO(pack_code())) as archive:
        packed = {*archive.namelist()} - {f"{LOADER}.py"} | {LOADER_FILE}
    assert packed <= brought
