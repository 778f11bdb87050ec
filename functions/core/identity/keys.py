"""The keys of the API: how one is made, kept and checked.

A key is `lb_<id>_<secret>`. The id is no secret; the secret has 256 random bits. What is kept is the SHA-256
of the key. Nobody can find 256 random bits by trying, so the hash needs neither salt nor stretching, and the
list of keys needs no encryption.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from functions.core.base.errors import Unauthorized, UnusableKeys
from functions.core.base.ids import MODEL
from functions.core.identity.caller import HOW_TO_SEND_A_KEY, SCOPES

KEY = re.compile(r"lb_([0-9a-f]{8})_[0-9a-f]{64}")
MAX_NOTE = 60
# No control characters, nothing that ends a line or turns the direction of a text around. And no braces: SSM
# takes two in a row for a reference to another parameter.
NOTE = rf"^[^{{}}\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]{{1,{MAX_NOTE}}}$"
MAX_DAYS = 3650
MAX_MODELS = 10
# How long the list still shows a key that has ended.
_REMEMBERED = timedelta(days=30)

State = Literal["active", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key. Times are in UTC, to the second."""

    id: str
    sha256: str
    scopes: tuple[str, ...]
    note: str
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    models: tuple[str, ...] = ()
    """Those that the key is for; none named: all of them."""

    def ended(self, now: datetime) -> datetime | None:
        """When the key was revoked or expired, whichever was first; None while it counts."""
        return min((end for end in (self.revoked, self.expires) if end and end <= now), default=None)

    def state(self, now: datetime) -> State:
        """Whether it counts, and if not, why."""
        if not self.ended(now):
            return "active"
        return "revoked" if self.revoked else "expired"


Keys = Mapping[str, Key]

# Compared with when no key has the id, so that this takes as long as a wrong secret. No text has this hash.
_NOBODYS = "0" * 64


def make_key(
    scopes: Iterable[str], note: str, now: datetime, days: int | None = None, models: Iterable[str] = ()
) -> tuple[str, Key]:
    """A new key, to be shown once, and what is kept of it. `days`: until it expires; None: it does not.

    models: those that the key is for; none named: all of them. Raises `ValueError` when there is no scope or
    an unknown one, or when note, days or models do not fit.
    """
    wanted = set(scopes)
    if not wanted or not wanted <= set(SCOPES):
        raise ValueError(f"scopes are one or more of {', '.join(SCOPES)}")
    if not re.fullmatch(NOTE, note):
        raise ValueError(f"a note has 1 to {MAX_NOTE} printable characters, no braces; say who uses the key")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise ValueError(f"a key lives 1 to {MAX_DAYS} days")
    named = tuple(dict.fromkeys(models))
    if len(named) > MAX_MODELS or not all(re.fullmatch(MODEL, name) for name in named):
        raise ValueError(f"models are up to {MAX_MODELS} names of models, such as churn")
    now = now.replace(microsecond=0)
    id_ = secrets.token_hex(4)
    text = f"lb_{id_}_{secrets.token_hex(32)}"
    ordered = tuple(scope for scope in SCOPES if scope in wanted)
    return text, Key(
        id_, _hash(text), ordered, note, now, now + timedelta(days=days) if days else None, None, named
    )


def check(text: str, keys: Keys, now: datetime) -> Key:
    """The key that `text` is. Raises `Unauthorized`, and tells why only to who holds the key.

    The same is done for an id that nobody has as for a wrong secret.
    """
    shown = KEY.fullmatch(text)
    if not shown:
        raise Unauthorized(f"this is not a key of this API (lb_...); {HOW_TO_SEND_A_KEY}")
    key = keys.get(shown[1])
    matches = hmac.compare_digest(_hash(text), key.sha256 if key else _NOBODYS)
    if not key or not matches:
        raise Unauthorized("this key is not known")
    if ended := key.ended(now):
        how = "was revoked" if ended == key.revoked else "expired"
        raise Unauthorized(f"this key {how} at {ended.isoformat()}", key_id=key.id)
    return key


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def merge(lists: Iterable[Keys]) -> dict[str, Key]:
    """The keys of several states of one list: added or revoked in any of them is so in the result."""
    merged: dict[str, Key] = {}
    for keys in lists:
        for id_, key in keys.items():
            before = merged.get(id_, key)
            revocations = [moment for moment in (before.revoked, key.revoked) if moment]
            merged[id_] = replace(before, revoked=min(revocations, default=None))
    return merged


def write_keys(keys: Keys, now: datetime) -> str:
    """The list as compact JSON, in the order of creation, without what ended a month ago."""
    kept = sorted(
        (key for key in keys.values() if (key.ended(now) or now) > now - _REMEMBERED),
        key=lambda key: (key.created, key.id),
    )
    return json.dumps({"keys": [_to_json(key) for key in kept]}, separators=(",", ":"))


def read_keys(text: str) -> dict[str, Key]:
    """The keys of a list, by id. Raises `UnusableKeys` when it is damaged."""
    try:
        keys = [_from_json(item) for item in json.loads(text)["keys"]]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError, RecursionError) as error:
        raise UnusableKeys("the list of keys is damaged; restore an earlier version of it") from error
    return {key.id: key for key in keys}


def _to_json(key: Key) -> dict[str, object]:
    times = {"created": key.created, "expires": key.expires, "revoked": key.revoked}
    return {
        "id": key.id,
        "sha256": key.sha256,
        "scopes": " ".join(key.scopes),
        "note": key.note,
        **({"models": " ".join(key.models)} if key.models else {}),
        **{name: int(time.timestamp()) for name, time in times.items() if time},
    }


def _from_json(item: Mapping[str, object]) -> Key:
    def time(name: str) -> datetime | None:
        seconds = item.get(name)
        return None if seconds is None else datetime.fromtimestamp(int(str(seconds)), UTC)

    created = time("created")
    if created is None:
        raise ValueError("a key without its time of creation")
    texts = (item["id"], item["sha256"], item["scopes"], item["note"])
    id_, sha256, scopes, note = (str(text) for text in texts)
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("a key without its hash")
    models = tuple(str(item.get("models", "")).split())
    return Key(id_, sha256, tuple(scopes.split()), note, created, time("expires"), time("revoked"), models)
