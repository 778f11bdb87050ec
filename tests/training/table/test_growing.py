"""Arrays that grow by chunks."""

import numpy as np
import pytest

from training.table import growing
from training.table.growing import Growing


def test_the_parts_are_one_array_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "_TOGETHER", 3)
    parts = [
        np.arange(10 * number, 10 * number + number % 4, dtype=np.float32)[:, None] for number in range(11)
    ]
    growing_array = Growing(np.float32)
    for part in parts:
        growing_array.add(part)
    assert len(growing_array) == sum(map(len, parts))
    whole = growing_array.take(np.float64)
    assert (whole.dtype, len(growing_array)) == (np.dtype(np.float64), 0)
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_a_list_is_a_part_as_well() -> None:
    growing_array = Growing(np.object_)
    growing_array.add(["a", "b"])
    growing_array.add([])
    assert growing_array.take(np.object_).tolist() == ["a", "b"]
