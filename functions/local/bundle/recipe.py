"""`[tool.lifeboat]` in pyproject.toml: what is left out of the bundles, and what each may hold and weigh.

Whatever goes against it, here or in what is built by it, raises `BundleRefused`.
"""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class BundleRefused(Exception):
    """A bundle cannot be built, or must not be deployed; the text says why and what to do."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Table):
    """What the bundle of one function may weigh, in MiB, and the globs that must match nothing in it.

    files: of the repository's root, that the function serves as they stand. imports: modules that have to be
    there and can be imported, though the handler does not until it needs them.
    """

    unzipped: float = Field(gt=0)
    zipped: float = Field(gt=0)
    forbidden: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


class Contents(_Table):
    """The globs of what no function needs, their exceptions, the modules that Lambda itself brings, and those
    that the code asks for and does without.

    used_by: globs of what only certain packages use, left out where none of these is in the bundle. compress:
    globs of files whose only reader takes them compressed as well, by the name with `.gz` behind it.
    """

    omit: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    used_by: dict[str, tuple[str, ...]] = {}
    compress: tuple[str, ...] = ()
    provided: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


class Recipe(_Table):
    bundle: Contents
    bundles: dict[str, Limits]

    def limits(self, name: str) -> Limits:
        """The limits of the function in functions/`name`. Raises `BundleRefused` when it has none."""
        if name not in self.bundles:
            raise BundleRefused(
                f"pyproject.toml has no [tool.lifeboat.bundles.{name}]: say what the bundle may weigh"
            )
        return self.bundles[name]


def read_recipe(path: Path) -> Recipe:
    """Read a pyproject.toml. Raises `BundleRefused` for a table that is missing or wrong."""
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text())["tool"]["lifeboat"])
    except KeyError as error:
        raise BundleRefused(f"{path} has no [tool.lifeboat.bundle]") from error
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BundleRefused(f"{path}: {error}") from error
