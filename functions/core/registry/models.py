"""Which models there are. A model is a name with a schema, datasets, versions and a deployment."""

import re
import unicodedata
from contextlib import suppress

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.base.ids import MODEL, VERSION
from functions.core.registry.keys import CHAMPION
from functions.core.storage.contract import Store
from functions.core.storage.view import SCHEMA, ModelStore

# Words of the routes below /models, which a model of that name could not be reached by.
RESERVED = frozenset({"champion", "compare", "docs", "history", "rollback"})


def is_model_name(text: str) -> bool:
    """Whether a model can have this name: one that looks like a version could not be told from one."""
    return bool(re.fullmatch(MODEL, text)) and text not in RESERVED and not re.fullmatch(VERSION, text)


def check_model_name(text: str) -> str:
    """Raises `InvalidInput` that says what a name may be, and what this one could be."""
    if not is_model_name(text):
        raise InvalidInput(
            "a model's name has 1 to 40 lower-case letters, digits and hyphens, begins with a letter, and is "
            f"neither a version (16 hexadecimal digits) nor one of {', '.join(sorted(RESERVED))}; this "
            f"one could be {suggest_model_name(text)}"
        )
    return text


# Letters that are not one of a to z with an accent: what they are written as where there are no others.
_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)


def suggest_model_name(file: str) -> str:
    """A name that a model can have, made from that of a file: `Telco Churn (2).csv` gives `telco-churn-2`.

    An umlaut or an accent is a letter all the same: `Prämien.csv` gives `pramien`. What has no Latin
    letter gives `my-model`. The page of a new model does the same (functions/pages/static/packing.js).
    """
    stem = file.rpartition("/")[2].partition(".")[0].lower().translate(_SPELLED)
    plain = re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFKD", stem))
    name = re.sub(r"[^a-z0-9]+", "-", plain).lstrip("-0123456789")[:40].strip("-")
    if not name:
        return "my-model"
    return name if is_model_name(name) else f"{name[:34]}-model"


def names_in_service(store: Store) -> list[str]:
    """The models that have a champion, in the order of their names. store: the whole store."""
    name = CHAMPION.rpartition("/")[2]
    parts = (entry.key.split("/") for entry in store.list("registry/"))
    return [part[1] for part in parts if len(part) == 3 and part[2] == name and is_model_name(part[1])]


def names(store: Store) -> list[str]:
    """The models that have a champion or a schema, in the order of their names. store: the whole store."""
    with_schema = (entry.key.removeprefix("schemas/") for entry in store.list("schemas/"))
    known = {name.removesuffix(".json") for name in with_schema if name.endswith(".json")}
    return sorted({*filter(is_model_name, known), *names_in_service(store)})


def require_model(store: ModelStore) -> None:
    """Raises `NotFound` unless the model has a champion, a schema, or anything of a version."""
    for key in (CHAMPION, SCHEMA):
        with suppress(NotFound):
            store.head(key)
            return
    if not any(True for _ in store.list("models/")):
        raise NotFound(f"there is no model {store.model}; GET /models lists those there are")
