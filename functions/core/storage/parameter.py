"""A named text that several writers change and none may lose: in AWS Systems Manager (SSM), or in a file."""

from collections.abc import Callable, Sequence
from typing import Protocol

# Makes the new text of the texts there were, oldest first.
Change = Callable[[Sequence[str]], str]


class Parameter(Protocol):
    """Every method may raise `StoreUnavailable`."""

    def read(self) -> str:
        """The text as it is now. Raises `NotFound`."""
        ...

    def update(self, change: Change) -> None:
        """Write what `change` makes of every text that may hold something of value.

        `change` may be called again with texts that it has made before, and must then add nothing to them.
        Raises `ParameterFull`, and `Conflict` when others write all the time.
        """
        ...
