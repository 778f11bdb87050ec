"""What the tests of the tests' support share."""

from tests.support.commands import only

__all__ = ["only"]
