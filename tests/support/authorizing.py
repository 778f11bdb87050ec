"""What the authorizer says of a valid key, and how a route is asked with what it says."""

from collections.abc import Callable
from typing import Any

Ask = Callable[..., dict[str, Any]]
VALID = {
    "key_id": "5f3a91c2",
    "scopes": "predict",
    "models": "",
    "name": "the shop",
    "denied": "",
    "unavailable": "",
}
