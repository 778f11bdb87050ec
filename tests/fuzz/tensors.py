"""Bodies of the dialects that ask for many rows: tensors of the Open Inference Protocol, MLflow's shapes."""

import json
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.json_values import NUMBERS, TEXTS, VALUES

Row = dict[str, Any]

INTEGERS = {f"{sign}INT{bits}": bits for sign in ("", "U") for bits in (8, 16, 32, 64)}
FORMATS = dict(zip(INTEGERS, "bhiqBHIQ", strict=True)) | {"FP16": "e", "FP32": "f", "FP64": "d", "BOOL": "?"}
DATATYPES = (*FORMATS, "BYTES")
# Of each feature: values that it may have, and others.
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "pclass": st.sampled_from((1, 2, 3)),
    "sex": st.sampled_from(("female", "male", "F")),
    "age": st.floats(0, 120, width=32) | st.none(),
    "sibsp": st.integers(0, 20),
    "fare": st.floats(0, 1e6) | st.none(),
    "embarked": st.sampled_from(("S", "C", "", None)),
    "title": st.sampled_from(("Mr", "Mlle", None)),
    "Parch": st.integers(0, 20),
}
ODD = NUMBERS | TEXTS | st.booleans() | st.none()


@cache
def _value(name: str) -> st.SearchStrategy[Any]:
    return st.integers(0, 60).flatmap(lambda draw: ODD if draw == 60 else GOOD[name])


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Rows with the same fields, mostly good; each value as JSON can have it."""
    names = ("pclass", "sex", *draw(NAMES))
    return draw(
        st.lists(st.fixed_dictionaries({name: _value(name) for name in names}), min_size=1, max_size=4)
    )


NAMES = st.lists(st.sampled_from(tuple(GOOD)[2:]), unique=True, max_size=4)


@dataclass(frozen=True)
class Infer:
    """A request to a route of inference. header: the length of the JSON, where bytes follow it."""

    body: bytes
    header: str | None


@st.composite
def infers(draw: st.DrawFn, sent: list[Row]) -> Infer:
    """The rows as tensors: in types that hold the values, in JSON or as bytes behind it."""
    tensors, behind = [], b""
    for name in sent[0]:
        values = [row[name] for row in sent]
        datatype = draw(st.sampled_from(_types(values) or DATATYPES))
        tensor: dict[str, Any] = {"name": name, "datatype": datatype, "shape": [len(values)]}
        packed = _packed(values, datatype) if draw(st.booleans()) else None
        if packed is not None:
            tensor["parameters"] = {"binary_data_size": len(packed)}
            behind += packed
        elif draw(st.booleans()):
            tensor |= {"shape": [len(values), 1], "data": [[value] for value in values]}
        else:
            tensor["data"] = values
        tensors.append(tensor)
    # pydantic reads NaN and Infinity in JSON; NaN is missing.
    document = json.dumps({"inputs": tensors}).encode()
    return Infer(
        document + behind, str(len(document)) if behind else draw(st.sampled_from((None, str(len(document)))))
    )


def _types(values: list[Any]) -> list[str]:
    """The types that can hold all of them as they are."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {str}:
        return ["BYTES"]
    if kinds <= {bool}:
        return ["BOOL"]
    if kinds <= {int}:
        return [*INTEGERS, "FP64"]
    return ["FP16", "FP32", "FP64"] if kinds <= {int, float} else []


def _packed(values: list[Any], datatype: str) -> bytes | None:
    """Little-endian; None for what these bytes cannot hold."""
    if datatype == "BYTES":
        try:
            texts = [("" if value is None else value).encode() for value in values]
        except (AttributeError, UnicodeEncodeError):
            return None
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    # True is 1 in bytes, and in JSON it is not: that would be another row.
    if any(isinstance(value, bool) != (datatype == "BOOL") for value in values if value is not None):
        return None
    gap = float("nan") if datatype.startswith("FP") else None
    try:
        packed = struct.pack(
            f"<{len(values)}{FORMATS[datatype]}", *(gap if value is None else value for value in values)
        )
        # What is rounded is another row.
        whole = struct.unpack(f"<{len(values)}{FORMATS[datatype]}", packed)
    except (struct.error, OverflowError):
        return None
    same = all(
        value is None or value != value or value == back for value, back in zip(values, whole, strict=True)
    )
    return packed if same else None


def invocations(sent: list[Row]) -> list[Any]:
    """The rows in each of MLflow's shapes."""
    names = [*sent[0]]
    return [
        {"dataframe_split": {"columns": names, "data": [[row[name] for name in names] for row in sent]}},
        {
            "dataframe_split": {
                "columns": names,
                "data": [[row[name] for name in names] for row in sent],
                "index": [0],
            }
        },
        {"dataframe_records": sent},
        {"instances": sent},
        {"inputs": sent},
        {"inputs": {name: [row[name] for row in sent] for name in names}, "params": {}},
    ]


@st.composite
def odd_infers(draw: st.DrawFn) -> Infer:
    """Tensors of any type, shape, values and number of bytes."""
    tensors = draw(st.lists(ODD_TENSORS, min_size=1, max_size=3))
    document = json.dumps({"inputs": tensors} | draw(EXTRAS)).encode()
    behind = draw(st.binary(max_size=40))
    return Infer(
        document + behind,
        draw(st.sampled_from((str(len(document)), "0", str(len(document) - 1), "1e3", None))),
    )


SIZES = st.integers(-1, 9) | st.sampled_from((2**31, 2**63, 10**30, 0.5, True, "4", None))
ODD_TENSORS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(tuple(GOOD)) | TEXTS,
        "datatype": st.sampled_from((*DATATYPES, "FP128", "", None)),
        "shape": st.lists(SIZES, max_size=3) | st.sampled_from(([1], [2, 1], [0], [2**62, 4])),
    },
    optional={
        "data": st.lists(VALUES, max_size=4) | VALUES,
        "parameters": st.fixed_dictionaries({"binary_data_size": SIZES}) | VALUES,
    },
)
EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "id": TEXTS | VALUES,
        "outputs": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(("label", "prediction_id", "x"))}), max_size=3
        )
        | VALUES,
        "parameters": VALUES,
    },
)
