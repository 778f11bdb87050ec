"""How many rows of one key count, on either side; and what is said of those that do not."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.titanic import SCHEMA, TABLE, people
from training.table.dataset import Dataset, load_dataset
from training.table.labellers import over_share
from training.table.matrix import holdout_rows


def keys(**rows: int) -> np.ndarray:
    """So many rows of each key, one key after the other; `uploaded` are vouched for."""
    names = [("" if key == "uploaded" else key) for key, count in rows.items() for _ in range(count)]
    return np.array(names, dtype=object)


def test_each_key_has_its_share_beside_the_vouched_rows_and_keeps_the_newest() -> None:
    labelled_by = keys(uploaded=100, thief=50, alice=15)
    over = over_share(labelled_by, [np.ones(165, dtype=bool)], 0.2)
    assert np.flatnonzero(over).tolist() == [*range(100, 130)]
    assert not over_share(labelled_by, [np.ones(165, dtype=bool)], 1).any()
    # Where nothing is vouched for, nothing counts.
    assert over_share(keys(thief=5), [np.ones(5, dtype=bool)], 0.2).all()


def test_a_side_is_not_filled_by_rows_that_were_made_to_stand_on_it() -> None:
    labelled_by = keys(uploaded=100, thief=40)
    holdout = np.arange(140) % 5 == 0
    holdout[100:] = True
    over = over_share(labelled_by, [~holdout, holdout], 0.2)
    assert np.count_nonzero(holdout & ~over & (labelled_by == "thief")) == 0.2 * 20


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """The shipped table, and 400 rows that one key labelled, as the monitor writes them."""
    uploaded = load_dataset(TABLE, SCHEMA)
    names = [*SCHEMA.names, "survived", "representative", "lifeboat_labelled_by"]
    lines = [",".join(names)]
    for count, key in ((1_000, ""), (400, "5f3a91c2"), (50, "a0a0a0a0")):
        for row, survived in people(count, seed=len(lines)):
            cells = [str(row[name] if row.get(name) is not None else "") for name in SCHEMA.names]
            lines.append(",".join([*cells, str(int(survived)), "1", key]))
    path = tmp_path / "labelled.csv"
    path.write_text("\n".join(lines))
    assert uploaded.vouched.all()
    return load_dataset(path, SCHEMA)


def test_what_is_too_much_of_a_key_is_on_neither_side_and_said(dataset: Dataset) -> None:
    by_thief = dataset.labelled_by == "5f3a91c2"
    for side in (dataset.fitted, dataset.holdout):
        assert np.count_nonzero(side & by_thief) == int(0.2 * np.count_nonzero(side & dataset.vouched))
    left_out = by_thief & ~dataset.fitted & ~dataset.holdout
    assert not dataset.representative[left_out].any()
    [note] = dataset.report.notes
    assert note.startswith(f"{left_out.sum()} of the 400 rows that the key 5f3a91c2 labelled were left out")
    assert "20% of as many (LIFEBOAT_MAX_KEY_SHARE)" in note
    assert "reported with an admin key" in note
    # Another key's fewer rows all count, and so do those that are vouched for.
    others = ~by_thief
    np.testing.assert_array_equal(dataset.fitted[others], ~holdout_rows(dataset.matrix[others]))
