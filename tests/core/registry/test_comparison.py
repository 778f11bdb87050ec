"""Two versions side by side: figures checked by hand, and records that do not fit."""

from math import log

import pytest

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.registry.comparison import MAX_DISAGREEMENTS, Holdout, compare, read_holdout
from functions.core.registry.keys import holdout_key
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.schema import Schema
from functions.core.stats.records import Interval
from functions.core.storage.view import ModelStore
from tests.support.versions import publish

AGES = [10.0, 20.0, 30.0, None]
SEXES = ["male", "female", "male", "female"]
OUTCOMES = [1, 0, 1, 0]


def rows(probability: list[float], ages: list[float | None] | None = None) -> Holdout:
    return Holdout(features={"age": ages or AGES, "sex": SEXES}, outcome=OUTCOMES, probability=probability)


def test_figures_are_of_the_rows_that_both_hold(store: ModelStore) -> None:
    publish(store, "left", holdout=rows([0.9, 0.4, 0.8, 0.2]))
    publish(store, "right", holdout=rows([0.6, 0.7, 0.5, 0.2], [10.0, 20.0, 31.0, None]))
    found = compare(store, "left", "right")
    assert found.shared_rows == 3
    assert found.on_shared_rows["log_loss"].left == pytest.approx(-(log(0.9) + log(0.6) + log(0.8)) / 3)
    assert found.on_shared_rows["log_loss"].right == pytest.approx(-(log(0.6) + log(0.3) + log(0.8)) / 3)
    assert found.on_shared_rows["brier"].right == pytest.approx((0.16 + 0.49 + 0.04) / 3)
    assert found.on_shared_rows["accuracy"].left == 1
    assert found.on_shared_rows["accuracy"].right == pytest.approx(2 / 3)


def test_the_rows_on_which_they_disagree_come_with_the_farthest_apart_first(store: ModelStore) -> None:
    publish(store, "left", holdout=rows([0.9, 0.4, 0.2, 0.2]))
    publish(store, "right", holdout=rows([0.4, 0.6, 0.9, 0.2]))
    found = compare(store, "left", "right")
    assert found.disagreements == 3
    assert [(row.row["age"], row.left, row.right) for row in found.rows] == [
        (30.0, 0.2, 0.9),
        (10.0, 0.9, 0.4),
        (20.0, 0.4, 0.6),
    ]
    assert found.rows[0].row == {"age": 30.0, "sex": "male"}
    assert found.rows[0].outcome == 1


def test_each_version_answers_by_its_own_threshold(store: ModelStore) -> None:
    publish(store, "left", holdout=rows([0.6, 0.6, 0.6, 0.6]))
    publish(store, "right", holdout=rows([0.6, 0.6, 0.6, 0.6]), threshold=0.7)
    assert compare(store, "left", "right").disagreements == 4


def test_no_more_rows_are_listed_than_people_read(store: ModelStore) -> None:
    ages = [float(age) for age in range(80)]
    for version, chance in (("left", 0.9), ("right", 0.1)):
        many = Holdout(features={"age": ages}, outcome=[0] * 80, probability=[chance] * 80)
        publish(store, version, holdout=many)
    found = compare(store, "left", "right")
    assert (found.disagreements, len(found.rows)) == (80, MAX_DISAGREEMENTS)


def test_a_row_that_was_held_out_many_times_is_listed_once(store: ModelStore) -> None:
    ages = [float(age // 20) for age in range(80)]
    for version, chance in (("left", 0.9), ("right", 0.1)):
        many = Holdout(features={"age": ages}, outcome=[0] * 79 + [1], probability=[chance] * 80)
        publish(store, version, holdout=many)
    found = compare(store, "left", "right")
    # Figures are of all of them: a row weighs what it weighs in the holdout.
    assert (found.disagreements, found.shared_rows) == (80, 80)
    assert sorted((row.row["age"], row.outcome, row.count) for row in found.rows) == [
        (0.0, 0, 20),
        (1.0, 0, 20),
        (2.0, 0, 20),
        (3.0, 0, 19),
        (3.0, 1, 1),
    ]


def test_versions_that_share_no_row_are_compared_by_their_own_metrics(store: ModelStore) -> None:
    publish(store, "left", holdout=rows([0.9, 0.4, 0.8, 0.2]))
    own = {"brier": Interval(value=0.1, low=0.1, high=0.1)}
    publish(store, "right", holdout=rows([0.9, 0.4, 0.8, 0.2], [1.0, 2.0, 3.0, 4.0]), metrics=own)
    found = compare(store, "left", "right")
    assert (found.shared_rows, found.on_shared_rows, found.rows) == (0, {}, [])
    assert found.metrics["brier"].left is None
    assert found.metrics["brier"].right == own["brier"]
    assert found.metrics["log_loss"].right is None


def test_versions_that_predict_different_things_share_no_row(store: ModelStore) -> None:
    def predicting(positive: str, **aliases: str) -> Schema:
        fields = [{"name": "age", "type": "number"}, {"name": "end", "categories": ["good", "bad"]}]
        target = {"field": "end", "positive": positive}
        values = {"values": {"end": aliases}}
        return parse_schema({"fields": fields, "target": target, "aliases": values})

    for version, schema in (
        ("left", predicting("bad")),
        ("right", predicting("good")),
        ("later", predicting("bad", poor="bad")),
    ):
        publish(store, version, schema=schema, holdout=rows([0.9, 0.4, 0.8, 0.2]))
    assert compare(store, "left", "right").shared_rows == 0
    assert compare(store, "left", "later").shared_rows == 4


def test_a_certain_answer_that_is_wrong_costs_much_but_not_without_end(store: ModelStore) -> None:
    publish(store, "left", holdout=rows([0.0, 1.0, 0.0, 1.0]))
    found = compare(store, "left", "left")
    assert found.on_shared_rows["log_loss"].left == pytest.approx(16.1, abs=0.1)


def test_a_holdout_that_is_missing_or_not_the_one_is_refused(store: ModelStore) -> None:
    manifest = publish(store, "left", holdout=rows([0.9, 0.4, 0.8, 0.2]))
    key = holdout_key("left")
    store.put(key, store.get(key).body + b" ")
    with pytest.raises(UnusableModel, match="checksum"):
        read_holdout(store, manifest)
    store.delete(key)
    with pytest.raises(UnusableModel, match="no usable record of its holdout"):
        compare(store, "left", "left")
    model_only = {"model.onnx": manifest.files["model.onnx"]}
    publish(store, "older", files=model_only)
    with pytest.raises(UnusableModel, match="version older has no usable record"):
        compare(store, "older", "older")
    with pytest.raises(NotFound):
        compare(store, "left", "nowhere")
