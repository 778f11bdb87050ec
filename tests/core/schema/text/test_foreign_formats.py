"""Files that are no table as CSV are called by their names."""

import gzip
import io
import json
import pickle
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pytest

from functions.core.base.errors import InvalidInput
from functions.core.schema.text.file_format import open_text
from functions.core.schema.text.foreign_formats import objection
from tests.support.arff import openml_arff


def archive(**files: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return body.getvalue()


def array() -> bytes:
    body = io.BytesIO()
    np.save(body, np.zeros(3))
    return body.getvalue()


WORKBOOK = archive(**{"[Content_Types].xml": "<a/>", "xl/workbook.xml": "<b/>"})
FOREIGN = {
    "Excel workbook (.xlsx)": WORKBOOK,
    "OpenDocument spreadsheet": archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
    "ZIP archive": archive(**{"titanic.csv": "a,b\n1,2\n"}),
    "old Excel workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "Parquet": b"PAR1\x15\x04\x15\x10" + bytes(50) + b"PAR1",
    "Arrow": b"ARROW1\0\0" + bytes(50),
    "Feather": b"FEA1\0\0\0\0" + bytes(50),
    "Python pickle": pickle.dumps({"a": [1, 2]}),
    "NumPy array": array(),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(50),
    "PDF document": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "web page (HTML)": b"\n<!DOCTYPE html><html><body>Not found</body></html>",
    "XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "XML ": b"\xef\xbb\xbf<root/>",
    "JSON": json.dumps([{"pclass": 1, "sex": "male"}]).encode(),
    "JSON ": b'{"pclass": 1}\n{"pclass": 2}\n',
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "image": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "image ": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "bzip2": b"BZh91AY&SY\x11",
    "xz": b"\xfd7zXZ\0\0",
    "ARFF": openml_arff(1119),
    "zero bytes": bytes(5_000),
    "binary": b"a,b\n\0\1\2\3" * 50,
    "binary ": bytes(range(1, 32)) * 50,
    "UTF-16 without a byte order mark": "a,b\n1,2\n".encode("utf-16-le"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_table_is_named_and_something_can_be_done(name: str) -> None:
    reason = objection(FOREIGN[name])
    assert reason is not None
    assert name.strip() in reason
    assert ";" in reason
    with pytest.raises(InvalidInput, match=r"^the file is "):
        open_text(io.BytesIO(FOREIGN[name]))


def test_an_sqlite_database_is_named(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("create table a (b)")
    connection.close()
    assert "an SQLite database" in str(objection((tmp_path / "a.db").read_bytes()))


def test_what_is_no_table_is_named_within_gzip_too() -> None:
    with pytest.raises(InvalidInput, match=r"an Excel workbook \(\.xlsx\)"):
        open_text(io.BytesIO(gzip.compress(WORKBOOK)))
    with pytest.raises(InvalidInput, match="compressed with gzip twice"):
        open_text(io.BytesIO(gzip.compress(gzip.compress(b"a,b\n"))))
    with pytest.raises(InvalidInput, match="a tar archive"):
        open_text(io.BytesIO(gzip.compress(b"a.csv".ljust(257, b"\0") + b"ustar" + bytes(250))))


@pytest.mark.parametrize(
    "head",
    [
        b"PAR1,PAR2\n1,2\n",
        b"FEA1;FEA2\n",
        b"A\n2\n",
        b"BMI,age\n",
        b"[id],[name]\n",
        b"{id},{name}\n",
        b"<=50K,age\n",
        b"Object,b\n",
        b"RIFF,b\n",
        b"% of all,b\n",
        "\u20ac,b\n".encode("cp1252"),
        "a,b\n".encode("utf-16"),
        "a,b\n".encode("utf-32"),
        b"a\tb\x0c\n",
    ],
)
def test_a_table_is_not_taken_for_something_else(head: bytes) -> None:
    assert objection(head) is None


@pytest.mark.parametrize("alphabet", [b"%", b"% ", b"%\n", b" ", b"\n", b"{ ", b"[ ", b"<"])
def test_no_head_takes_long(alphabet: bytes) -> None:
    objection(alphabet * (4_096 // len(alphabet)))
