"""Tables of OpenML, which scikit-learn's wheel carries as ARFF for its own tests, as CSV."""

import csv
import gzip
import io
import re
from pathlib import Path

import sklearn

_OPENML = Path(sklearn.__file__).parent / "datasets" / "tests" / "data" / "openml"
_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)", re.IGNORECASE)
_CELL = re.compile(r"\s*('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^,]*)\s*(?:,|$)")


def openml_arff(number: int) -> bytes:
    """The table `number` as ARFF."""
    [file] = (_OPENML / f"id_{number}").glob("*.arff.gz")
    return gzip.decompress(file.read_bytes())


def openml_csv(number: int) -> bytes:
    """The table `number` as CSV."""
    header: list[str] = []
    rows: list[list[str]] = []
    below = False
    for line in map(str.strip, openml_arff(number).decode().splitlines()):
        if not line or line.startswith("%"):
            continue
        if below:
            rows.append([cell.strip("'\"") for cell in _CELL.findall(line)][: len(header)])
        elif found := _ATTRIBUTE.match(line):
            header.append(found[1].strip("'\""))
        below = below or line.lower() == "@data"
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()
