"""The files that are tables, by their names."""

from pathlib import Path

from functions.core.base.errors import InvalidInput
from functions.core.schema.header import listed

ENDINGS = (".gz", ".csv", ".tsv", ".txt", ".parquet")


def files_at(path: Path) -> list[Path]:
    """The tables in a folder, in the order of their names; or the file itself. Raises `InvalidInput`."""
    if not path.is_dir():
        return [path]
    # What writes a folder of files marks its own with these.
    found = [file for file in sorted(path.iterdir()) if file.is_file() and file.name[0] not in "._"]
    tables = [file for file in found if file.name.endswith(ENDINGS)]
    if not tables:
        raise InvalidInput(f"the folder {path} has no file that ends with {listed(ENDINGS)}")
    return tables
