"""Recognises by its first bytes what is no table in text, and says what to do about it."""

import codecs
import re

HEAD = 4_096
"""How many bytes of a file are looked at, at most."""

_SAVE = "open it and save the sheet as CSV"
_UNPACK = "unpack it and upload the CSV that is in it"
_WRITE = "write the table as CSV, as DataFrame.to_csv does"
_EXPORT = "export the table as CSV"

# What a file begins with. A name that could be a column's is told from one by what follows it.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", _SAVE),
    (rb"PAR1(?![\s,;|\"]|[ -~]{8})", "a Parquet file", _WRITE),
    (rb"ARROW1\0|\xff\xff\xff\xff", "an Arrow file", _WRITE),
    (rb"FEA1(?![\s,;|\"]|[ -~]{8})", "a Feather file", _WRITE),
    (rb"\x80[\x02-\x05]", "a Python pickle", _WRITE),
    (rb"\x93NUMPY", "a NumPy array", _WRITE),
    (rb"\x89HDF", "an HDF5 file", _WRITE),
    (rb"Obj\x01", "an Avro file", _WRITE),
    (rb"RD[AX][23]\n|X\n\0", "a file of R objects", "write the table with R's write.csv"),
    (rb"SQLite format 3\0", "an SQLite database", _EXPORT),
    (rb"%PDF-", "a PDF document", _EXPORT),
    (rb"\{\\rtf", "a text document (RTF)", _EXPORT),
    (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|II\*\0|MM\0\*|RIFF.{4}WEBP", "an image", "upload the table itself"),
    (rb"BZh[1-9]1AY&SY", "compressed with bzip2", "compress it with gzip, or not at all"),
    (rb"\xfd7zXZ\0", "compressed with xz", "compress it with gzip, or not at all"),
    (rb"\x28\xb5\x2f\xfd", "compressed with Zstandard", "compress it with gzip, or not at all"),
    (rb"\x1f\x8b", "compressed with gzip twice", "compress it once"),
    (rb"7z\xbc\xaf\x27\x1c|Rar!\x1a", "an archive", _UNPACK),
    (
        rb"version https://git-lfs\.github\.com/",
        "a pointer of Git LFS in place of the table",
        "fetch the table itself with `git lfs pull`",
    ),
    (rb"(?i)\s*(<!doctype html|<html|<head|<body|<script)", "a web page (HTML)", "download the table itself"),
    (rb"\s*<[?!a-zA-Z]", "XML", _EXPORT),
    (rb"\s*(\{\s*[\"'}]|\[\s*[\[{\]\"0-9-])", "JSON", _EXPORT),
    (rb"(?i)\s*(%[^\n]*\n\s*){0,99}@relation\s", "an ARFF file", _EXPORT),
)
_COMPILED = tuple(
    (re.compile(pattern, re.DOTALL), description, cure) for pattern, description, cure in _SIGNATURES
)

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
# Control characters that no text has; a vertical tab and a form feed it may have.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1a\x1b")


def objection(head: bytes) -> str | None:
    """A sentence on what a file is that begins with `head`, and what to do; None when it may be text."""
    if head.startswith(_WIDE_MARKS):
        return None
    if head and not head.strip(b"\0"):
        return "the file is nothing but zero bytes; it was not written in full, so upload it again"
    text = head.removeprefix(codecs.BOM_UTF8)
    for pattern, description, cure in _COMPILED:
        if pattern.match(text):
            return _sentence(description, cure)
    for recognise in (_zip, _tar, _binary):
        if recognised := recognise(head):
            return _sentence(*recognised)
    return None


def _sentence(description: str, cure: str) -> str:
    return f"the file is {description}, not a table as CSV; {cure}"


def _zip(head: bytes) -> tuple[str, str] | None:
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    if b"opendocument.spreadsheet" in head:
        return "an OpenDocument spreadsheet (.ods)", _SAVE
    # The order of the parts in it is the writer's choice.
    if b"[Content_Types].xml" in head or b"xl/" in head or b"_rels/" in head:
        return "an Excel workbook (.xlsx)", _SAVE
    return "a ZIP archive", _UNPACK


def _tar(head: bytes) -> tuple[str, str] | None:
    return ("a tar archive", _UNPACK) if head[257:262] == b"ustar" else None


def _binary(head: bytes) -> tuple[str, str] | None:
    if b"\0" in head:
        if head[1::2].count(0) > len(head) // 4 or head[::2].count(0) > len(head) // 4:
            return "UTF-16 without a byte order mark, or binary", "save it as UTF-8"
        return "binary", _EXPORT
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return ("binary", _EXPORT) if controls > len(head) // 20 else None
