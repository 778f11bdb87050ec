"""Graphs that answer no probabilities, or never: refused when they are loaded, or where they answer."""

import threading
import time

import numpy as np
import pytest

from functions.core.base.errors import UnsoundAnswer, UnusableModel
from functions.core.scoring.deadline import TooLate, within
from functions.core.scoring.scorer import Scorer
from tests.support.graphs import age_graph, constant_graph, endless_graph, folding_graph
from tests.support.titanic import SCHEMA, columns_of, row

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("negative", "positive"),
    [
        (-6.5, 7.5),
        (2.0, -1.0),
        (NAN, NAN),
        (0.5, NAN),
        (NAN, 0.5),
        (-INFINITE, INFINITE),
        (0.5, 0.6),
        (0.0, 0.9998),
        (1.0, 1.0),
        (-0.0005, 1.0),
    ],
)
def test_a_graph_that_answers_no_probabilities_is_not_loaded(negative: float, positive: float) -> None:
    with pytest.raises(UnusableModel, match="no labels and probabilities"):
        Scorer(constant_graph(negative, positive), SCHEMA)


@pytest.mark.parametrize(("negative", "positive"), [(0.0, 1.0), (1.0, 0.0), (0.25, 0.75), (0.25, 0.75005)])
def test_what_is_a_probability_but_for_rounding_is_served(negative: float, positive: float) -> None:
    scores = Scorer(constant_graph(negative, positive), SCHEMA).run(columns_of([row(), row()]))
    assert scores.probability.tolist() == [np.float32(positive)] * 2
    assert scores.label.tolist() == [int(positive > 0.5)] * 2


@pytest.mark.parametrize("missing", [NAN, 1.5, -0.5])
def test_a_graph_that_fails_where_nothing_is_known_is_not_loaded(missing: float) -> None:
    with pytest.raises(UnusableModel, match="no labels and probabilities"):
        Scorer(age_graph(missing=missing), SCHEMA)


def test_what_turns_out_to_be_no_probability_is_not_told() -> None:
    scorer = Scorer(age_graph(), SCHEMA)
    assert scorer.run(columns_of([row(age=60)])).label.tolist() == [1]
    # The schema allows no passenger of 110 years: a row that a function was given otherwise.
    columns = dict(columns_of([row(age=60), row(age=20), row(age=40)]))
    for age, place in ((110, 0), (-1, 1), (INFINITE, 2)):
        ages = columns["age"].copy()
        ages[place] = age
        with pytest.raises(UnsoundAnswer, match="no probability"):
            scorer.run(columns | {"age": ages})
        with pytest.raises(UnsoundAnswer, match="put another version into service"):
            scorer.run({name: (columns | {"age": ages})[name][place : place + 1] for name in columns})
    assert scorer.run(columns).label.tolist() == [1, 0, 0]


@pytest.mark.parametrize("graph", [endless_graph(), folding_graph()], ids=["a loop", "constants"])
def test_a_graph_without_an_end_is_given_up_in_time_and_leaves_no_thread(graph: bytes) -> None:
    threads, began = threading.active_count(), time.monotonic()
    with pytest.raises(UnusableModel, match=r"did not load and answer a row within 0\.5 seconds"):
        Scorer(graph, SCHEMA, seconds=0.5)
    assert time.monotonic() - began < 5
    deadline = time.monotonic() + 20
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() == threads


def test_a_graph_that_was_late_is_tried_again_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = endless_graph() + b"\x32\x01 "  # its comment: a graph of its own for this test
    now = 0.0
    monkeypatch.setattr("functions.core.scoring.scorer.time.monotonic", lambda: now)
    for moment, answer in ((0.0, "within"), (1.0, "tried again in a minute"), (61.0, "within")):
        now = moment
        with pytest.raises(UnusableModel, match=answer):
            Scorer(graph, SCHEMA, seconds=0.1)


def test_work_in_time_is_returned_or_raised_and_never_stopped() -> None:
    def fail() -> None:
        raise ValueError("of its own")

    def unwanted() -> None:
        pytest.fail("it was stopped")

    assert within(5, lambda: "done", unwanted) == "done"
    with pytest.raises(ValueError, match="of its own"):
        within(5, fail, unwanted)


def test_work_that_does_not_heed_the_stop_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.core.scoring.deadline._GRACE_SECONDS", 0.1)
    released, stopped = threading.Event(), threading.Event()
    with pytest.raises(TooLate):
        within(0.1, released.wait, stopped.set)
    assert stopped.is_set()
    released.set()
