"""The file of a job as a stream that says in the job's words what became of its object."""

from collections.abc import Callable

from functions.core.base.errors import Conflict, LifeboatError, NotFound
from functions.core.storage.contract import Store
from functions.core.storage.object_stream import ObjectStream


class InputLost(LifeboatError):
    """The file that a job scores is not there any more."""


class InputStream(ObjectStream):
    """The bytes of the object that has `etag`. Reading raises `InputLost` once it is another, or gone.

    on_block: called before each block that is read: whoever reads a large file shows that it is alive.
    """

    def __init__(
        self,
        store: Store,
        key: str,
        *,
        size: int,
        etag: str,
        on_block: Callable[[], None],
        block: int,
        kept: int = 1,
    ) -> None:
        super().__init__(store, key, size=size, etag=etag, block=block, kept=kept)
        self._on_block = on_block

    def _get(self, number: int) -> bytes:
        self._on_block()
        try:
            return super()._get(number)
        except Conflict as error:
            raise InputLost(
                "another file was put in its place while it was scored; that one is a job of its own"
            ) from error
        except NotFound as error:
            raise InputLost("the file was deleted before all of it was scored") from error
