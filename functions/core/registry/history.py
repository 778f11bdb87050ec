"""The promotions that the champion's record no longer holds: pages of them below `registry/history/`."""

import re
from collections.abc import Iterator
from contextlib import suppress

from pydantic import TypeAdapter, ValidationError

from functions.core.base.errors import Conflict, UnusableModel
from functions.core.base.records import Count, Moment, Record
from functions.core.storage.contract import Store

HISTORY = "registry/history/"
# Every cold start reads the champion: it keeps this many promotions, then moves half of them out.
MAX_KEPT = 100


class Promotion(Record):
    """One change of champion. Sequence numbers run from 1 without a gap.

    manifest_sha256: of the manifest that was read and judged; None where an earlier release promoted.
    """

    sequence: Count
    version: str
    promoted_at: Moment
    by: str
    reason: str
    manifest_sha256: str | None = None


_PROMOTIONS = TypeAdapter(list[Promotion])


def kept(store: Store, promotions: list[Promotion]) -> list[Promotion]:
    """The promotions that stay with the champion; the others are safe in a page of their own by then."""
    if len(promotions) < MAX_KEPT:
        return promotions
    page, latest = promotions[: MAX_KEPT // 2], promotions[MAX_KEPT // 2 :]
    _write(store, page[0].sequence, page)
    return latest


def write_empty_page(store: Store, number: int) -> None:
    """Reserve the numbers up to `number`: they are never given again."""
    _write(store, number, [])


def earlier(store: Store, *, before: int) -> Iterator[Promotion]:
    """The promotions in pages with a sequence number below `before`, newest first.

    Raises `UnusableModel` when a page is damaged, on coming to it.
    """
    for key in reversed(_pages(store)):
        if key >= _key(before):
            continue
        try:
            page = _PROMOTIONS.validate_json(store.get(key).body)
        except ValidationError as error:
            raise UnusableModel(f"{key} is damaged") from error
        yield from (promotion for promotion in reversed(page) if promotion.sequence < before)


def highest_known(store: Store) -> int:
    """The highest sequence number that is safe in a page; 0 when there is no page."""
    starts = [int(key.removeprefix(HISTORY).removesuffix(".json")) for key in _pages(store)]
    return max(starts) + MAX_KEPT // 2 - 1 if starts else 0


def _write(store: Store, first: int, page: list[Promotion]) -> None:
    # What is past is the same to every promoter: of two who write the page, either may come first.
    with suppress(Conflict):
        store.create(_key(first), _PROMOTIONS.dump_json(page, indent=2))


def _key(first: int) -> str:
    """Where the promotions from number `first` on are kept; the keys have the order of the numbers."""
    return f"{HISTORY}{first:08}.json"


def _pages(store: Store) -> list[str]:
    """The keys of the pages, oldest first; whatever else lies there is passed over."""
    is_page = re.compile(rf"{HISTORY}[0-9]{{8}}\.json").fullmatch
    return [entry.key for entry in store.list(HISTORY) if is_page(entry.key)]
