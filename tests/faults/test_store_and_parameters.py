"""The store and SSM answer badly, hang, stop and die: what is in memory answers, the rest says 503."""

import signal
import time

import pytest

from functions.core.base.ids import time_of
from functions.core.predictions.labels import read_labels
from functions.core.storage.view import ModelStore
from functions.local.platform.function_process import FunctionProcess
from tests.faults.machine import FUNCTIONS, Machine
from tests.faults.proxy import FAULTS, HANGS, Fault
from tests.faults.tally import Fates, Tally
from tests.support.titanic import MODEL

SECONDS = 1.0


def check(machine: Machine, fates: dict[str, Fates]) -> None:
    """Nobody was left without an answer, and no answer was a mistake of ours."""
    seen = {name: dict(found.statuses) for name, found in fates.items()}
    # In memory: the champion, the keys.
    for name in ("predict", "authorize"):
        assert fates[name].statuses.keys() == {200}, (seen, machine.log[-20:])
    # These ask the store for each answer.
    for name in ("models", "feedback"):
        assert fates[name].statuses.keys() <= {200, 503}, (seen, machine.log[-20:])


def check_recovery(machine: Machine, tally: Tally, fault: str) -> None:
    for name in FUNCTIONS:
        fates = tally.of(f"{fault}: afterwards", name)
        fates.statuses[machine.ask(name)] += 1
        assert fates.answered == fates.made, (name, machine.log[-20:])


@pytest.mark.parametrize("fault", FAULTS)
def test_answers_that_are_damaged(machine: Machine, tally: Tally, fault: str) -> None:
    fates = {name: tally.of(fault, name) for name in FUNCTIONS}
    with machine.fault(FAULTS[fault]):
        machine.drive(fates, SECONDS)
    check(machine, fates)
    check_recovery(machine, tally, fault)


def test_answers_that_never_come(machine: Machine, tally: Tally) -> None:
    fates = {name: tally.of("no answer at all", name) for name in FUNCTIONS}
    with machine.fault(Fault(delay=HANGS)):
        machine.drive(fates, SECONDS)
    check(machine, fates)
    # Most of the time they were answered from memory, at once.
    assert fates["authorize"].made > 20
    check_recovery(machine, tally, "no answer at all")


def test_a_store_that_is_stopped_and_goes_on(machine: Machine, tally: Tally) -> None:
    fates = {name: tally.of("SIGSTOP", name) for name in FUNCTIONS}
    machine.signal_store(signal.SIGSTOP)
    try:
        machine.drive(fates, SECONDS)
    finally:
        machine.signal_store(signal.SIGCONT)
    check(machine, fates)
    check_recovery(machine, tally, "SIGSTOP")


def test_a_store_that_is_killed_and_replaced(machine: Machine, tally: Tally) -> None:
    check_that_nothing_was_lost(machine, tally)
    fates = {name: tally.of("SIGKILL", name) for name in FUNCTIONS}
    machine.signal_store(signal.SIGKILL)
    machine.drive(fates, SECONDS)
    check(machine, fates)
    machine.replace_store()
    check_recovery(machine, tally, "SIGKILL")


def check_that_nothing_was_lost(machine: Machine, tally: Tally) -> None:
    """What was said to be kept is in the store."""
    with machine.direct() as store:
        labels = read_labels(ModelStore(store, MODEL), {time_of(machine.prediction).date()})
    kept = {label.source for label in labels[machine.prediction]}
    missing = set(machine.recorded) - kept
    tally.notes.append(
        f"outcomes that feedback said it has kept: {len(machine.recorded)}; not in the store: {len(missing)}"
    )
    assert not missing


@pytest.mark.parametrize("fault", ["cut in the body", "garbled body", "a page with 200", "500"])
def test_a_function_that_starts_meanwhile_says_so_and_is_there_soon_after(
    machine: Machine, tally: Tally, fault: str
) -> None:
    fates = tally.of(f"{fault}: a cold start", "predict")
    process: FunctionProcess = machine.process("predict")
    try:
        with machine.fault(FAULTS[fault]):
            for _ in range(3):
                fates.statuses[machine.ask("predict", process)] += 1
        assert fates.statuses.keys() == {503}, machine.log[-20:]
        until = time.monotonic() + 10
        while (status := machine.ask("predict", process)) != 200 and time.monotonic() < until:
            time.sleep(0.1)
        assert status == 200
    finally:
        machine.run(process.stop())


def test_no_answer_was_a_mistake_of_ours(machine: Machine) -> None:
    assert not [line for line in machine.log if "unexpected error" in line or "Traceback" in line]
    # And each function has said why it went on with what it had.
    assert any("champion not refreshed" in line for line in machine.log)
    assert any("keys not refreshed" in line for line in machine.log)
