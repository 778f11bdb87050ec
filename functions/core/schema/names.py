"""Names of Lifeboat's own that stand beside those of a schema, in bodies, answers and columns."""

from collections.abc import Collection, Iterable

from functions.core.schema.schema import fold


def own_names(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """What stands for each of `names`: itself; where the schema has that name, itself behind `lifeboat_`.

    taken: the schema's names, folded: a name that differs in nothing but an underscore would be the same one.
    """
    return {name: f"lifeboat_{name}" if fold(name) in taken else name for name in names}
