"""Which form of a version's card a request asks for, and the answer to it."""

from typing import Literal

from functions.core.registry import versions
from functions.core.registry.card.page import POLICY
from functions.core.registry.card.writing import html_card, markdown_card
from functions.core.storage.contract import Store

Form = Literal["markdown", "html"]

VARY = "accept-encoding, accept"


def form_asked_for(named: Form | None, accept: str) -> Form:
    """What the query names, else what the header accepts first: a browser asks for HTML."""
    return named or ("html" if accept.strip().lower().startswith("text/html") else "markdown")


def write_card(store: Store, version: str, form: Form) -> tuple[str, str]:
    """The card of a published version and its media type (RFC 7763). Raises `NotFound`, `UnusableModel`."""
    manifest = versions.read_manifest(store, version)
    if form == "html":
        return html_card(manifest), "text/html"
    return markdown_card(manifest), "text/markdown"


def headers_of(form: Form) -> dict[str, str]:
    """Which form it is hangs on a header; and a page may neither run nor load anything."""
    return {"vary": VARY} | ({"content-security-policy": POLICY} if form == "html" else {})
