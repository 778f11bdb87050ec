"""What people write stays words, in Markdown and in HTML, wherever in a card it stands."""

from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from functions.core.registry.card.blocks import Block, Bullets, Code, Commands, Heading, Paragraph, Table
from functions.core.registry.card.markdown import write_markdown
from functions.core.registry.card.page import write_page

# As GitHub reads it, with what it makes links of by itself.
READER = MarkdownIt("gfm-like", {"linkify": False, "html": True})
WRITTEN = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a link](javascript:alert(1))",
    "![a picture](https://example.org/x.png)",
    "# a heading",
    "- a list",
    "12. a list",
    "1) a list",
    "> a quote",
    "```\na fence",
    "~~~ a fence",
    "---",
    "===",
    "a | b | c",
    "\\| a \\",
    "`code` ``more`` `",
    "**bold** _it_ ~~gone~~",
    "&lt; &#60; &copy;",
    "two\n\n# lines\r\nof text",
    "    indented",
    "[ref]: https://example.org",
    "a\u2028b\x85c\x0bd",
    "<https://example.org>",
    "$$x^2$$",
    "+ plus",
    "* star",
    ": of a definition",
    "Zürich 東京 🚢",
]
# Turned around for people's eyes, and not seen at all.
UNSEEN = "ab\u202ecd\u2066\x07\x7f\ufeff"


def words_of(markdown: str) -> list[tuple[str, str]]:
    """Every text of a document with the kind of node that it stands in; fails at what is no text."""
    found = []
    kinds: list[str] = []
    for token in READER.parse(markdown):
        if token.type.endswith("_open"):
            kinds.append(token.type)
        for child in token.children or []:
            assert child.type in ("text", "text_special", "code_inline", "softbreak"), (child, markdown)
        assert token.type not in ("html_block", "hr"), markdown
        if token.type == "inline":
            found.append((kinds[-1], "".join(child.content for child in token.children or [])))
    return found


def in_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("text", WRITTEN)
def test_a_text_is_the_same_text_in_markdown_wherever_it_stands(text: str) -> None:
    blocks: list[Block] = [
        Heading(text),
        Paragraph(text),
        Paragraph(("before ", text, " after")),
        Bullets([text, text]),
        Table([text, "head"], [[text, ("x ", text)], [Code(text), "y"]]),
        Paragraph((Code(text), " is its name")),
        Paragraph("the end"),
    ]
    plain = in_one_line(text)
    found = [(kind, in_one_line(words)) for kind, words in words_of(write_markdown(blocks))]
    assert found == [
        ("heading_open", plain),
        ("paragraph_open", plain),
        ("paragraph_open", f"before {plain} after"),
        ("paragraph_open", plain),
        ("paragraph_open", plain),
        ("th_open", plain),
        ("th_open", "head"),
        ("td_open", plain),
        ("td_open", f"x {plain}"),
        ("td_open", plain),
        ("td_open", "y"),
        ("paragraph_open", f"{plain} is its name"),
        ("paragraph_open", "the end"),
    ]


class _Texts(HTMLParser):
    """The texts of a page, and the tags around them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("text", WRITTEN)
def test_a_text_is_the_same_text_in_html(text: str) -> None:
    page = _Texts()
    page.feed(write_page(text, [Heading(text), Paragraph((text, Code(text))), Commands([text])]))
    assert page.tags == {"html", "head", "meta", "title", "style", "body", "main", "h2", "p", "code", "pre"}
    assert [in_one_line(found) for found in page.texts].count(in_one_line(text)) == 5


@pytest.mark.parametrize("text", WRITTEN)
def test_a_command_cannot_end_its_fence(text: str) -> None:
    tokens = READER.parse(write_markdown([Commands([text]), Paragraph("the end")]))
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


def test_what_is_not_seen_is_left_out() -> None:
    assert words_of(write_markdown([Paragraph(UNSEEN)])) == [("paragraph_open", "abcd")]
    assert "<p>abcd</p>" in write_page("", [Paragraph(UNSEEN)])


@pytest.mark.parametrize("text", ["see https://example.org/x", "www.example.org", "mail me@example.org"])
def test_no_address_becomes_a_link_by_itself(text: str) -> None:
    # GitHub looks for these signs as they stand; a backslash is none of them, and is not shown.
    written = write_markdown([Paragraph(text)])
    assert "https://" not in written
    assert "www." not in written
    assert "e@" not in written
    assert words_of(written) == [("paragraph_open", text)]
