"""Deleting a published version, so that it cannot come into service while its objects go."""

from collections.abc import Callable

from functions.core.base.errors import Conflict, NoChampion, NotFound
from functions.core.registry import versions
from functions.core.registry.deployment import Champion, read_champion, would_return
from functions.core.registry.keys import CHAMPION
from functions.core.storage.contract import Store

_ATTEMPTS = 5


def delete(store: Store, version: str, *, by: str, reason: str | None = None) -> None:
    """Delete a published version, or what is left of one; never the champion or what a rollback returns to.

    by, reason: who deletes it and why, as it is remembered in the record of the champion.
    What was cut off midway is finished by deleting once more. Raises `NotFound` when nothing is left of the
    version, `Conflict` when it is one of those two, when there is no champion yet, or when others keep
    promoting; `UnusableModel` when the record of the champion is damaged.
    """
    note = f"deleted by {by}: {reason}" if reason else f"deleted by {by}"

    def begun(champion: Champion) -> Champion:
        if version in champion.deleting:
            return champion
        _refuse_what_is_needed(store, version, champion)
        return champion.model_copy(
            update={
                "deleting": [*champion.deleting, version],
                "abandoned": champion.abandoned | {version: note},
            }
        )

    def ended(champion: Champion) -> Champion:
        return champion.model_copy(
            update={"deleting": [other for other in champion.deleting if other != version]}
        )

    # Who promotes this version has read the record either before the mark, and then holds an ETag that is
    # worthless now, or after it, and then is refused: its objects go when it can be in nobody's hands.
    _mark(store, version, begun)
    versions.delete_version(store, version)
    # It stays abandoned: a retrain on the same data may publish it again, but only a person may promote it.
    _mark(store, version, ended)


def _refuse_what_is_needed(store: Store, version: str, champion: Champion) -> None:
    if not versions.has_objects(store, version):
        raise NotFound(f"no version {version} is published")
    if version == champion.version:
        raise Conflict(f"version {version} is in service and cannot be deleted")
    if version == would_return(store, champion):
        raise Conflict(f"version {version} is what a rollback would go back to and cannot be deleted")


def _mark(store: Store, version: str, marked: Callable[[Champion], Champion]) -> None:
    """Change the mark of a version in the record of the champion, whoever else writes to it meanwhile.

    A mark that stands is not made again, so an answer that was lost does no harm either.
    """
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            champion, etag = read_champion(store)
        except NoChampion as error:
            raise Conflict("nothing can be deleted before a model was promoted: it might be this") from error
        changed = marked(champion)
        if changed == champion:
            return
        try:
            store.replace(CHAMPION, changed.as_json(), etag=etag)
        except Conflict as error:
            if not attempts_left:
                raise Conflict(
                    f"others keep changing the champion; to delete version {version}, ask once more"
                ) from error
        else:
            return
