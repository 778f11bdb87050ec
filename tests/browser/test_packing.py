"""Of a file that is too large for one request, a schema is inferred from its first rows, whole ones."""

import csv
import io
from typing import Any

import pytest

from tests.browser.conftest import Visit

# Made in the browser: rows that gzip can do little about, with a line end inside quotes in each.
_PACKED = r'''async ([encoding, ends]) => {
  const { pack } = await import(document.querySelector("script[src]").src.replace(/app.js$/, "packing.js"));
  const bits = (size) => [...crypto.getRandomValues(new Uint16Array(size))];
  const draw = (size) => bits(size).map((one) => 1000 + one % 9000).join("");
  const lines = Array.from({ length: 15000 }, (_, row) => `${row};"${draw(120)}\n${draw(120)}, ""so""";x`);
  const text = ["number;note;answer", ...lines, ""].join(ends);
  const wide = (big) => {
    const view = new DataView(new ArrayBuffer(2 * text.length + 2));
    view.setUint16(0, 0xfeff, !big);
    for (let at = 0; at < text.length; at++) view.setUint16(2 * at + 2, text.charCodeAt(at), !big);
    return view;
  };
  const bytes = encoding === "utf-8" ? text : wide(encoding === "utf-16be");
  const { beginning, isWhole } = await pack(new File([bytes], "notes.csv"));
  const stream = beginning.stream().pipeThrough(new DecompressionStream("gzip"));
  const plain = await new Response(stream).arrayBuffer();
  return { isWhole, text: new TextDecoder(encoding, { fatal: true }).decode(plain) };
}'''


@pytest.mark.parametrize(
    ("encoding", "ends"),
    [("utf-8", "\n"), ("utf-8", "\r"), ("utf-16le", "\r\n"), ("utf-16be", "\n")],
    ids=["utf-8 lf", "utf-8 cr", "utf-16le crlf", "utf-16be lf"],
)
def test_the_beginning_of_a_large_file_ends_with_a_whole_row(visit: Visit, encoding: str, ends: str) -> None:
    """A row was cut at any line end, also inside quotes, and a sign of UTF-16 in its middle."""
    packed: dict[str, Any] = visit().page.evaluate(_PACKED, [encoding, ends])
    assert not packed["isWhole"]
    rows = [*csv.reader(io.StringIO(packed["text"], newline=""), delimiter=";", strict=True)]
    assert len(rows) > 1_000
    assert {len(row) for row in rows} == {3}
    assert rows[-1][2] == "x"
