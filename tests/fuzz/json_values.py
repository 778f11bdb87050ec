"""JSON: anything at all, and good bodies of which one part is wrong."""

import json
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\ud800",
        "\u2028",
        "é",
        "=1+1",
        "-1",
        "NaN",
        "null",
        "true",
        "1e999",
        "../..",
        "x" * 2_000,
    ]
)
TEXTS = st.text(max_size=12) | ODD_TEXTS
NUMBERS = (
    st.integers(-5, 200)
    | st.floats()
    | st.sampled_from([2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**400, 1e308, 5e-324, -0.0, 0.1 + 0.2])
)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES: Strategy = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
DEEP = st.sampled_from([20, 150, 3_000]).map(lambda depth: "[" * depth + "]" * depth)


@st.composite
def damaged(draw: st.DrawFn, whole: Any) -> Any:
    """`whole` with one part of it replaced, left out, renamed or doubled."""
    if not isinstance(whole, dict | list) or not whole or draw(st.integers(0, 4)) == 0:
        return draw(VALUES)
    keys = [*whole] if isinstance(whole, dict) else [*range(len(whole))]
    key = draw(st.sampled_from(keys))
    changed: Any = whole.copy()
    match draw(st.sampled_from(["inside", "inside", "out", "renamed", "doubled"])):
        case "inside":
            changed[key] = draw(damaged(whole[key]))
        case "out":
            del changed[key]
        case "renamed" if isinstance(whole, dict):
            changed[draw(st.sampled_from([str(key).upper(), f"{key} ", f"_{key}"]) | TEXTS)] = changed.pop(
                key
            )
        case _ if isinstance(whole, list):
            changed.insert(key, whole[key])
    return changed


def as_json(values: Strategy) -> st.SearchStrategy[str]:
    """Written as JSON: NaN and Infinity as Python's json writes them, and text as it is or escaped."""
    return st.builds(json.dumps, values, ensure_ascii=st.just(True)) | st.builds(_as_utf8, values)


def _as_utf8(value: Any) -> str:
    # What UTF-8 cannot hold arrives as the gateway replaces it.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
