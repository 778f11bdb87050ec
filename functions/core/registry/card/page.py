"""Writes a card as a page of HTML that stands alone: no script, nothing from elsewhere."""

from collections.abc import Iterable
from html import escape

from functions.core.registry.card import blocks

# With it, a browser runs and loads nothing, whatever stands in the page.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'; sandbox"

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "th,td{border:1px solid #8a8a8a;padding:.25rem .6rem;text-align:left;vertical-align:top}"
    "code,pre{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}"
    "pre{border:1px solid #8a8a8a;padding:.6rem;white-space:pre-wrap}"
)


def write_page(title: str, card: Iterable[blocks.Block]) -> str:
    """title: for the browser's tab."""
    body = "\n".join(map(_block, card))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: blocks.Block) -> str:
    match block:
        case blocks.Heading(text, level):
            return f"<h{level}>{_text(text)}</h{level}>"
        case blocks.Paragraph(words):
            return f"<p>{_inline(words)}</p>"
        case blocks.Bullets(items):
            return "<ul>\n" + "".join(f"<li>{_inline(item)}</li>\n" for item in items) + "</ul>"
        case blocks.Commands(lines):
            return f"<pre>{chr(10).join(map(_text, lines))}</pre>"
        case blocks.Table(heads, rows):
            head = "".join(f'<th scope="col">{_text(name)}</th>' for name in heads)
            body = "".join(map(_row, rows))
            return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"


def _row(cells: Iterable[blocks.Words]) -> str:
    first, *others = map(_inline, cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>\n'


def _inline(words: blocks.Words) -> str:
    return "".join(
        f"<code>{_text(part.text)}</code>" if isinstance(part, blocks.Code) else _text(part)
        for part in blocks.parts_of(words)
    )


def _text(text: str) -> str:
    return escape(blocks.one_line(text))
