"""What to say of names of models that there are not: of one to come, or of a slip."""

from collections.abc import Iterable
from difflib import get_close_matches

from functions.core.registry.models import names
from functions.core.storage.contract import Store


def note_missing_models(store: Store, wanted: Iterable[str]) -> list[str]:
    """A sentence for each of the names that is no model of `store`, with the nearest that is one.

    store: the whole store, of which `schemas/` and `registry/` are listed. Raises `StoreUnavailable`.
    """
    known = names(store)
    return [_sentence(name, known) for name in dict.fromkeys(wanted) if name not in known]


def _sentence(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else "."
    return f"There is no model {name} so far{meant} The key opens it once there is one."
