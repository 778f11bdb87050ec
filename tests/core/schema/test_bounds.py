"""Whatever a table is, reading it takes bounded memory; what is too much is told with line and bound."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SIZE = 128 * 2**20
HEADER = "pclass,survived,sex\n"
# In MB, beside what Python and numpy take.
MOST = 200

READ = """
import json, sys
from functions.core.base.errors import InvalidInput
from functions.core.schema.inference.inferred import infer_schema
from functions.core.schema.tables.table import open_table
from tests.support.peak_memory import peak
from tests.support.titanic import SCHEMA

before, said = peak(), None
with open(sys.argv[1], "rb") as stream:
    try:
        if sys.argv[2] == "infer":
            infer_schema(stream)
        else:
            for _ in open_table(stream, SCHEMA, labelled=True):
                pass
    except InvalidInput as error:
        said = str(error)
print(json.dumps([said, peak() - before]))
"""


def write(path: Path, head: str, unit: str) -> Path:
    """A file of 128 MiB, of `head` and then `unit` over and over."""
    block = unit * max(1, 2**20 // len(unit))
    with gzip.open(path, "wt", compresslevel=1) if path.suffix == ".gz" else path.open("w") as file:
        file.write(head)
        for _ in range(SIZE // len(block)):
            file.write(block)
    return path


@pytest.fixture(
    params=[
        ("one-line", "", "ab,", "line 1 has more than 1,000,000 characters"),
        ("line-2", HEADER, "ab,", "line 2 has more than 1,000,000 characters"),
        ("packed.gz", HEADER, "ab,", "line 2 has more than 1,000,000 characters"),
        ("cells", HEADER, "ab," * 300_000 + "\n", "line 2 has 300,001 cells; a row has at most 10,000"),
        ("columns", "", "ab," * 300_000 + "\n", "the header names 300,001 columns; at most 10,000 are read"),
        ("quote", HEADER + '1,1,"', "ab,", "line 2 has more than 1,000,000 characters"),
        ("quote-lines", HEADER + '1,1,"', "ab,\n", "line 2: a cell has more than 131,072 characters"),
        ("quote-cells", HEADER, '1,1,"a\n' * 9, "line 2: text follows a closing quote"),
        ("zeros", HEADER + "1,1,male\n" * 1_000, "1,1,male\0\n", "a zero byte at position 9,028"),
    ],
    ids=lambda case: case[0],
)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    name, head, unit, said = request.param
    path = write(tmp_path / name, head, unit)
    yield path, said
    # The folders of the last runs are kept: a gigabyte would be.
    path.unlink()


@pytest.mark.long
def test_128_mib_of_too_much_take_little_memory_and_are_refused_with_line_and_bound(
    case: tuple[Path, str],
) -> None:
    path, said = case
    for how in ("read", "infer") if path.name in {"cells", "columns"} else ("read",):
        run = subprocess.run(
            [sys.executable, "-c", READ, path, how], capture_output=True, text=True, check=True, timeout=120
        )
        found, megabytes = json.loads(run.stdout)
        print(f"{path.name}, {how}: {megabytes} MB, {found}")
        assert said in found
        assert megabytes < MOST
