"""Which version is in service: promotion and rollback, each one compare-and-swap of one object.

The object is `registry/champion.json`. It holds the version in service and the latest promotions; older ones
stand below `registry/history/`. Whatever dies midway, the champion is the old one or the new one.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import Field, ValidationError

from functions.core.base.errors import Conflict, NoChampion, NotFound, StoreUnavailable, UnusableModel
from functions.core.base.records import Count, Moment, Record
from functions.core.registry import history as pages
from functions.core.registry import versions
from functions.core.registry.history import Promotion
from functions.core.registry.keys import CHAMPION
from functions.core.registry.manifest import Manifest
from functions.core.registry.serving import NEVER_PROMOTED, read_published_digest
from functions.core.storage.contract import Reader, Store

# Stands for the version in service where the record that named it is damaged.
UNKNOWN = ""


class Champion(Record):
    """The version in service, the one before it, and how it came to this.

    `history` holds the latest promotions, oldest first; `abandoned` the versions that somebody took out of
    service, passed over or deleted, each with the reason: no retrain brings one of them back by itself.
    Those in `deleting` are losing their objects at this moment: nobody can promote them, force or not.
    `manifest_sha256` vouches for the version in service; None in a record of an earlier release.
    """

    sequence: Count
    version: str
    previous: str | None
    promoted_at: Moment
    by: str
    reason: str
    manifest_sha256: str | None = None
    history: list[Promotion]
    abandoned: dict[str, str] = Field({})
    deleting: list[str] = Field([])

    def as_json(self) -> bytes:
        return self.model_dump_json(indent=2).encode()


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
        raise NoChampion(NEVER_PROMOTED) from error
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
        sequence=pages.highest_known(store) + pages.MAX_KEPT,
        version=UNKNOWN,
        previous=None,
        promoted_at=datetime.now(UTC),
        by="",
        reason="the record was damaged",
        history=[],
    )
    return record, blob.etag


def _first_number(store: Store) -> int:
    """1, unless pages show that there was a champion whose record somebody has deleted."""
    known = pages.highest_known(store)
    return known + pages.MAX_KEPT + 1 if known else 1


def history(store: Store, *, before: int | None = None) -> Iterator[Promotion]:
    """Every promotion with a sequence number below `before` (None: all there ever were), newest first.

    Raises `NoChampion`, `UnusableModel`.
    """
    champion, _ = read_champion(store)
    yield from _history(store, champion, before=champion.sequence + 1 if before is None else before)


def _history(store: Store, champion: Champion, *, before: int) -> Iterator[Promotion]:
    yield from (promotion for promotion in reversed(champion.history) if promotion.sequence < before)
    # A page is written before the champion lets go of what it holds: some may stand in both.
    oldest = min([before, *(promotion.sequence for promotion in champion.history[:1])])
    yield from pages.earlier(store, before=oldest)


def promote(
    store: Store,
    version: str,
    *,
    expected: tuple[Champion, str] | None,
    by: str,
    reason: str,
    digest: str | None = None,
) -> Champion:
    """Put `version` into service in place of `expected`: the champion and ETag it was judged against.

    None stands for no champion. digest: SHA-256 of the manifest that was judged; None: of the one that is
    there. Raises `Conflict` when the champion is another by now or is this version already, or when the
    version is being deleted, `NotFound` when it is not published, and `UnusableModel` when its manifest is
    not the one that was published or judged; in each case nothing has changed.
    """
    abandoned = dict(expected[0].abandoned) if expected else {}
    abandoned.pop(version, None)
    return _put_into_service(store, version, expected, digest, by=by, reason=reason, abandoned=abandoned)


def promote_by_hand(store: Store, version: str, *, by: str, reason: str, force: bool = False) -> Champion:
    """Put `version` into service because a person says so.

    Without `force` the gate must have let it pass, against the champion of today, it must be made from no
    older upload, and its publication must vouch for its manifest. Raises `Conflict` with what forbids it,
    when its model cannot be had or its manifest was changed, or when another promotion came first, `NotFound`
    when it is not published; in each case nothing has changed.
    """
    expected = read_to_replace(store)
    champion = expected[0] if expected else None
    _refuse_if_served_or_deleted(version, champion)
    manifest, digest = _usable(store, version)
    objection = None if force else _objection(store, manifest, champion)
    if objection:
        raise Conflict(f"{objection}; force promotes it all the same")
    return promote(store, version, expected=expected, by=by, reason=reason, digest=digest)


def rollback(store: Store, *, to: str | None = None, by: str, reason: str) -> Champion:
    """Put a published version back into service: `to`, or the one that `would_return` names.

    The version that leaves is marked as abandoned, and so are those between it and the one that returns:
    neither a retrain on the same data nor the next rollback brings one of them back. Raises `Conflict` when
    another promotion came first or when the model to go back to cannot be had, `NoChampion` or `NotFound`
    when there is nothing to go back to, `UnusableModel` when a damaged page of the history hides what to go
    back to; in each case nothing has changed.
    """
    expected = read_to_replace(store)
    if expected is None:
        raise NoChampion("no model has been promoted yet, so there is nothing to go back from")
    champion = expected[0]
    version = to or would_return(store, champion)
    if version is None:
        raise NotFound("there is no earlier champion to go back to; name a version")
    _refuse_if_served_or_deleted(version, champion)
    _, digest = _usable(store, version)
    passed_over = dict.fromkeys([champion.version, *_later_than(store, champion, version)], reason)
    abandoned = passed_over | champion.abandoned
    for name in (version, UNKNOWN):
        abandoned.pop(name, None)
    return _put_into_service(store, version, expected, digest, by=by, reason=reason, abandoned=abandoned)


def would_return(store: Store, champion: Champion) -> str | None:
    """What a rollback goes back to: the last champion that is published still and was not abandoned."""
    published = set(versions.published(store))
    for promotion in _history(store, champion, before=champion.sequence + 1):
        version = promotion.version
        if version != champion.version and version not in champion.abandoned and version in published:
            return version
    return None


def _later_than(store: Store, champion: Champion, version: str) -> list[str]:
    """The versions promoted since `version` last was; none when it never was, or when that cannot be read."""
    later: list[str] = []
    # A damaged page shall not keep anybody from leaving a bad model.
    with suppress(UnusableModel):
        for promotion in _history(store, champion, before=champion.sequence + 1):
            if promotion.version == version:
                return later
            later.append(promotion.version)
    return []


def _refuse_if_served_or_deleted(version: str, champion: Champion | None) -> None:
    if champion and version == champion.version:
        raise Conflict(f"version {version} is in service already")
    if champion and version in champion.deleting:
        raise Conflict(f"version {version} is being deleted; if that was cut off, delete it once more")


def _usable(store: Store, version: str) -> tuple[Manifest, str]:
    """The manifest of a version that is whole, and its SHA-256.

    Raises `NotFound`, and `Conflict` for one that is not.
    """
    try:
        manifest, digest = versions.read_manifest_and_digest(store, version)
        versions.read_model(store, manifest)
    except UnusableModel as error:
        raise Conflict(f"{error}; name another version") from error
    return manifest, digest


def _objection(store: Store, manifest: Manifest, champion: Champion | None) -> str | None:
    version, decision = manifest.version, manifest.decision
    if not decision.promote:
        return f"the gate kept version {version} out of service: {decision.reason}"
    if read_published_digest(store, version) is None:
        return (
            f"nothing vouches for the manifest of version {version}: an earlier release published it, or "
            "something else than a training did"
        )
    if champion is None or champion.version == UNKNOWN:
        return None
    if reason := champion.abandoned.get(version):
        return f"version {version} was abandoned ({reason})"
    if decision.champion != champion.version:
        return (
            f"version {version} was judged against {decision.champion or 'none'}, and in service is "
            f"{champion.version}: upload its file again to have it judged"
        )
    with suppress(NotFound, UnusableModel):
        in_service = versions.read_manifest(store, champion.version, champion.manifest_sha256)
        if in_service.dataset.uploaded_at > manifest.dataset.uploaded_at:
            return f"{champion.version}, in service, was made from a file that was uploaded later"
    return None


def _put_into_service(
    store: Store,
    version: str,
    expected: tuple[Champion, str] | None,
    digest: str | None,
    *,
    by: str,
    reason: str,
    abandoned: dict[str, str],
) -> Champion:
    old = expected[0] if expected else None
    _refuse_if_served_or_deleted(version, old)
    digest = digest or versions.read_digest(store, version)
    versions.vouch(store, version, digest)
    if old and old.version == UNKNOWN:
        # An empty page: should this record be damaged too, its successor counts on from here.
        pages.write_empty_page(store, old.sequence)
    entry = Promotion(
        sequence=old.sequence + 1 if old else _first_number(store),
        version=version,
        promoted_at=datetime.now(UTC),
        by=by,
        reason=reason,
        manifest_sha256=digest,
    )
    champion = Champion(
        **entry.model_dump(),
        previous=(old.version or None) if old else None,
        history=[*pages.kept(store, old.history if old else []), entry],
        abandoned=abandoned,
        deleting=old.deleting if old else [],
    )
    try:
        if expected:
            store.replace(CHAMPION, champion.as_json(), etag=expected[1])
        else:
            store.create(CHAMPION, champion.as_json())
    except Conflict as error:
        # Between an attempt whose answer was lost and the next, somebody else may have promoted on top of it.
        if not _was_written(store, entry):
            raise Conflict(
                "somebody else changed the champion first, and nothing was changed here; look which version "
                "is in service now, and ask again if it is still right"
            ) from error
    except StoreUnavailable:
        # All answers were lost, perhaps, and no write.
        if not _was_written(store, entry):
            raise
    return champion


def _was_written(store: Store, entry: Promotion) -> bool:
    """Say whether our write landed, though its answer was lost."""
    with suppress(NoChampion, UnusableModel):
        return entry in read_champion(store)[0].history
    return False
