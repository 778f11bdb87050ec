"""Which version is in service: promotion and rollback, each one compare-and-swap of one object.

The object is `registry/champion.json`. It holds the version in service and the latest promotions; older ones
stand below `registry/history/`. Whatever dies midway, the champion is the old one or the new one.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import Field, TypeAdapter, ValidationError

from functions.core import registry
from functions.core.errors import Conflict, NoChampion, NotFound, UnusableModel
from functions.core.manifest import Manifest, Record
from functions.core.store import Reader, Store

CHAMPION = "registry/champion.json"
HISTORY = "registry/history/"
# Every cold start reads the champion: it keeps this many promotions, then moves half of them out.
MOST_KEPT = 100
# Stands for the version in service where the record that named it is damaged.
UNKNOWN = ""


class Promotion(Record):
    """One change of champion. Sequence numbers run from 1 without a gap."""

    sequence: int
    version: str
    promoted_at: datetime
    by: str
    reason: str


class Champion(Record):
    """The version in service, the one before it, and how it came to this.

    `history` holds the latest promotions, oldest first; `abandoned` the versions that somebody took out of
    service or deleted, each with the reason: no retrain brings one of them back by itself.
    """

    sequence: int
    version: str
    previous: str | None
    promoted_at: datetime
    by: str
    reason: str
    history: list[Promotion]
    abandoned: dict[str, str] = Field({})


_PROMOTIONS = TypeAdapter(list[Promotion])


def parse_champion(body: bytes) -> Champion:
    """Raises `UnusableModel` when the object is damaged."""
    try:
        return Champion.model_validate_json(body)
    except ValidationError as error:
        raise UnusableModel(f"{CHAMPION} is damaged") from error


def read_champion(store: Reader) -> tuple[Champion, str]:
    """The champion's record and its ETag. Raises `NoChampion`, `UnusableModel`."""
    try:
        blob = store.get(CHAMPION)
    except NotFound as error:
        raise NoChampion("no model has been promoted yet; upload a dataset to train one") from error
    return parse_champion(blob.body), blob.etag


def read_to_replace(store: Store) -> tuple[Champion, str] | None:
    """The champion's record and its ETag for who is about to replace it; None when there is none.

    A damaged record would hold up every promotion, so a record without a version stands in for it. What it
    held of the history is lost, except to the store's own older versions; its sequence number is higher than
    any that can have been given, so that there may be a gap, but never a repeat.
    """
    try:
        blob = store.get(CHAMPION)
    except NotFound:
        return None
    with suppress(UnusableModel):
        return parse_champion(blob.body), blob.etag
    record = Champion(
        sequence=_highest_known(store) + MOST_KEPT,
        version=UNKNOWN,
        previous=None,
        promoted_at=datetime.now(UTC),
        by="",
        reason="the record was damaged",
        history=[],
    )
    return record, blob.etag


def _highest_known(store: Store) -> int:
    """The highest sequence number that is safe in a page; 0 when there is no page."""
    starts = [int(entry.key.removeprefix(HISTORY).removesuffix(".json")) for entry in store.list(HISTORY)]
    return max(starts) + MOST_KEPT // 2 - 1 if starts else 0


def _first_number(store: Store) -> int:
    """1, unless pages show that there was a champion whose record somebody has deleted."""
    known = _highest_known(store)
    return known + MOST_KEPT + 1 if known else 1


def history(store: Store, *, before: int | None = None) -> Iterator[Promotion]:
    """Every promotion with a sequence number below `before` (None: all there ever were), newest first.

    Raises `NoChampion`, `UnusableModel`.
    """
    champion, _ = read_champion(store)
    yield from _history(store, champion, before=champion.sequence + 1 if before is None else before)


def _history(store: Store, champion: Champion, *, before: int) -> Iterator[Promotion]:
    yield from (one for one in reversed(champion.history) if one.sequence < before)
    # A page is written before the champion lets go of what it holds: some may stand in both.
    oldest = min([before, *(one.sequence for one in champion.history[:1])])
    for key in sorted((entry.key for entry in store.list(HISTORY)), reverse=True):
        if key >= _page_key(oldest):
            continue
        try:
            page = _PROMOTIONS.validate_json(store.get(key).body)
        except ValidationError as error:
            raise UnusableModel(f"{key} is damaged") from error
        yield from (one for one in reversed(page) if one.sequence < oldest)


def promote(
    store: Store, version: str, *, over: tuple[Champion, str] | None, by: str, reason: str
) -> Champion:
    """Put `version` into service in place of `over`: the champion and ETag it was judged against.

    None stands for no champion. Raises `Conflict` when the champion is another by now or is this version
    already, and `NotFound` when the version is not published; in both cases nothing has changed.
    """
    abandoned = dict(over[0].abandoned) if over else {}
    abandoned.pop(version, None)
    return _put_into_service(store, version, over, by=by, reason=reason, abandoned=abandoned)


def promote_by_hand(store: Store, version: str, *, by: str, reason: str, force: bool = False) -> Champion:
    """Put `version` into service because a person says so.

    Without `force` the gate must have let it pass, against the champion of today, and it must be made from
    no older upload. Raises `Conflict` with the rule that forbids it or when another promotion came first,
    `NotFound` when it is not published, `UnusableModel` when its model cannot be had.
    """
    manifest = registry.read_manifest(store, version)
    registry.read_model(store, manifest)
    over = read_to_replace(store)
    objection = None if force else _objection(store, manifest, over[0] if over else None)
    if objection:
        raise Conflict(f"{objection}; force promotes it all the same")
    return promote(store, version, over=over, by=by, reason=reason)


def rollback(store: Store, *, to: str | None = None, by: str, reason: str) -> Champion:
    """Put a published version back into service: `to`, or the last champion that was not abandoned.

    The version that leaves is marked as abandoned, so that a retrain on the same data does not bring it
    back. Raises `Conflict` when another promotion came first, `NoChampion` or `NotFound` when there is
    nothing to go back to, `UnusableModel` when the model to go back to cannot be had; in each case nothing
    has changed.
    """
    over = read_to_replace(store)
    if over is None:
        raise NoChampion("no model has been promoted yet, so there is nothing to go back from")
    champion, etag = over
    version = to or _last_good(store, champion)
    registry.read_model(store, registry.read_manifest(store, version))
    abandoned = champion.abandoned | {champion.version: reason}
    for one in (version, UNKNOWN):
        abandoned.pop(one, None)
    return _put_into_service(store, version, (champion, etag), by=by, reason=reason, abandoned=abandoned)


def delete(store: Store, version: str, *, by: str) -> None:
    """Delete a published version; never the champion or its predecessor.

    Raises `Conflict` for those two and when a promotion comes in between, `NotFound` when it is not
    published; in each case it is still published.
    """
    manifest = store.get(registry.manifest_key(version)).body
    _mark(store, version, f"being deleted by {by}")
    # From here on nobody can begin to promote it. Who had begun before holds an ETag that the second mark
    # makes worthless, or came first, and then the second mark finds this version in service.
    store.delete(registry.manifest_key(version))
    try:
        _mark(store, version, f"deleted by {by}")
    except Conflict:
        store.put(registry.manifest_key(version), manifest)
        raise
    registry.delete_version(store, version)


def _mark(store: Store, version: str, why: str) -> None:
    with suppress(NoChampion):
        champion, etag = read_champion(store)
        if version in {champion.version, champion.previous}:
            role = "in service" if version == champion.version else "what a rollback would go back to"
            raise Conflict(f"version {version} is {role} and cannot be deleted")
        marked = champion.model_copy(update={"abandoned": champion.abandoned | {version: why}})
        store.replace(CHAMPION, _json(marked), etag=etag)


def _objection(store: Store, manifest: Manifest, champion: Champion | None) -> str | None:
    version, decision = manifest.version, manifest.decision
    if not decision.promote:
        return f"the gate held version {version} back ({decision.rule}): {decision.reason}"
    if champion is None or champion.version == UNKNOWN:
        return None
    if reason := champion.abandoned.get(version):
        return f"version {version} was abandoned ({reason})"
    if decision.champion != champion.version:
        return (
            f"version {version} was judged against {decision.champion or 'no champion'}, "
            f"in service is {champion.version}: upload its dataset again to have it judged"
        )
    with suppress(NotFound, UnusableModel):
        in_service = registry.read_manifest(store, champion.version)
        if in_service.dataset.uploaded_at > manifest.dataset.uploaded_at:
            return f"the champion {champion.version} was made from a dataset that was uploaded later"
    return None


def _last_good(store: Store, champion: Champion) -> str:
    published = set(registry.published(store))
    for promotion in _history(store, champion, before=champion.sequence + 1):
        version = promotion.version
        if version != champion.version and version not in champion.abandoned and version in published:
            return version
    raise NotFound("there is no earlier champion to go back to; name a version")


def _put_into_service(
    store: Store,
    version: str,
    over: tuple[Champion, str] | None,
    *,
    by: str,
    reason: str,
    abandoned: dict[str, str],
) -> Champion:
    store.head(registry.manifest_key(version))
    old = over[0] if over else None
    if old and old.version == version:
        raise Conflict(f"version {version} is in service already")
    if old and old.version == UNKNOWN:
        # An empty page: should this record be damaged too, its successor counts on from here.
        with suppress(Conflict):
            store.create(_page_key(old.sequence), b"[]")
    entry = Promotion(
        sequence=old.sequence + 1 if old else _first_number(store),
        version=version,
        promoted_at=datetime.now(UTC),
        by=by,
        reason=reason,
    )
    champion = Champion(
        **entry.model_dump(),
        previous=(old.version or None) if old else None,
        history=[*_kept(store, old.history if old else []), entry],
        abandoned=abandoned,
    )
    if over:
        store.replace(CHAMPION, _json(champion), etag=over[1])
    else:
        store.create(CHAMPION, _json(champion))
    return champion


def _kept(store: Store, promotions: list[Promotion]) -> list[Promotion]:
    """The promotions that stay with the champion; the others are safe in a page of their own by then."""
    if len(promotions) < MOST_KEPT:
        return promotions
    page, kept = promotions[: MOST_KEPT // 2], promotions[MOST_KEPT // 2 :]
    # What is past is the same to every promoter: of two who write the page, either may come first.
    with suppress(Conflict):
        store.create(_page_key(page[0].sequence), _PROMOTIONS.dump_json(page, indent=2))
    return kept


def _page_key(first: int) -> str:
    """Where the promotions from number `first` on are kept; the keys have the order of the numbers."""
    return f"{HISTORY}{first:08}.json"


def _json(champion: Champion) -> bytes:
    return champion.model_dump_json(indent=2).encode()
