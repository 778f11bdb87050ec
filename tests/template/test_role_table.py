"""docs/deploying.md says what each function may do, as the template gives it."""

from collections.abc import Iterable

from functions.local.process.child import ROOT
from tests.stories.iam import OF_LAMBDA, Grant, grants_of
from tests.support.declared import RESOURCES

HEADER = "| function | rights | reads | writes | deletes |\n|---|---:|---|---|---|\n"
VERBS = {"reads": "Get", "writes": "Put", "deletes": "Delete"}


def table() -> str:
    """A row for each function: how many rights its role has, and on which keys of the bucket, or parameter.

    The right to list the bucket, to give up an upload, and what Lambda itself does are counted only.
    """
    functions = [id_ for id_, part in RESOURCES.items() if part["Type"] == "AWS::Serverless::Function"]
    return HEADER + "".join(_row(id_.removesuffix("Function"), grants_of(id_)) for id_ in functions)


def _row(function: str, grants: list[Grant]) -> str:
    own = [grant for grant in grants if grant.action not in OF_LAMBDA]
    cells = [
        _places(grant for grant in own if grant.action.split(":")[1].startswith(verb))
        for verb in VERBS.values()
    ]
    return f"| {function} | {len(grants)} | {' | '.join(cells)} |\n"


def _places(grants: Iterable[Grant]) -> str:
    places = (grant.resource.rpartition(":")[2].removeprefix("parameter/lifeboat/dev/") for grant in grants)
    # Without the bucket's name and the star at the end.
    return ", ".join(
        dict.fromkeys(f"`{place.partition('/')[2].removesuffix('*') or place}`" for place in places)
    )


def test_the_page_has_the_rights_that_the_template_gives() -> None:
    assert table() in (ROOT / "docs" / "deploying.md").read_text(), f"\n{table()}"
