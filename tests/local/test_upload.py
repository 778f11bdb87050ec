"""`upload FILE`: what is said about each way a dataset can end."""

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.core.registry import deployment
from functions.core.registry.manifest import Decision
from functions.core.storage.contract import Store
from functions.local import upload as module
from functions.local.upload import upload
from tests.support.versions import facts, publish

BODY = b"pclass,sex,survived\n1,female,1\n"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(module, "PROMOTION_SECONDS", 0.3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "more.csv"
    path.write_bytes(BODY)
    return path


def retrained(store: Store, version: str, body: bytes, *, promote: bool = True) -> None:
    """Publish `version`, made from the rows of `body`."""
    dataset = facts(
        key="datasets/more.csv", sha256=hashlib.sha256(body).hexdigest(), rows=1309, rejected_rows=3
    )
    decision = Decision(promote=promote, rule="floors", reason="it is worse")
    publish(store, version, dataset=dataset, decision=decision)


def after_upload(store: Store, act: Callable[[], object]) -> threading.Thread:
    """Plays the retrain: acts once the dataset is there."""

    def wait_and_act() -> None:
        while not list(store.list("datasets/")):
            threading.Event().wait(0.01)
        # As in life, the answer comes after the uploader has begun to wait.
        threading.Event().wait(0.05)
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def said(store: Store, file: Path, act: Callable[[], object] = lambda: None) -> tuple[bool, str]:
    lines: list[str] = []
    thread = after_upload(store, act)
    accepted = upload(store, file, lines.append, patience=3)
    thread.join()
    return accepted, "\n".join(lines)


def test_a_promotion_is_told(store: Store, file: Path) -> None:
    def retrain() -> None:
        retrained(store, "other", b"another file")
        retrained(store, "new", BODY)
        threading.Event().wait(0.05)
        deployment.promote(store, "new", over=None, by="test", reason="it is better")

    accepted, words = said(store, file, retrain)
    assert accepted
    assert "version new: gradient boosting on 1,309 rows, 3 left out" in words
    assert "Promoted   it is better" in words
    assert store.get("datasets/more.csv").body == BODY


def test_a_model_that_is_not_promoted_is_told_with_the_reason(store: Store, file: Path) -> None:
    accepted, words = said(store, file, lambda: retrained(store, "new", BODY, promote=False))
    assert accepted
    assert "the champion stays: it is worse" in words


def test_a_promotion_that_another_one_overtook_is_told(store: Store, file: Path) -> None:
    accepted, words = said(store, file, lambda: retrained(store, "new", BODY))
    assert accepted
    assert "another version was promoted meanwhile" in words


def test_a_refusal_is_told_with_its_first_reasons(store: Store, file: Path) -> None:
    store.put("rejected/more.csv.0.json", b"{}")
    bad_rows = [{"line": line, "column": "sex", "reason": "not a sex"} for line in range(2, 9)]
    report = {"reason": "7 of 9 rows are bad", "bad_rows": bad_rows}
    accepted, words = said(
        store, file, lambda: store.put("rejected/more.csv.1.json", json.dumps(report).encode())
    )
    assert not accepted
    assert "Refused    7 of 9 rows are bad" in words
    assert "line 6, sex: not a sex" in words
    assert "line 7" not in words
    assert "and 2 more in rejected/more.csv.1.json" in words


def test_the_same_file_again_is_told_to_change_nothing(store: Store, file: Path) -> None:
    retrained(store, "old", BODY)
    accepted, words = said(store, file)
    assert accepted
    assert "the same file made version old before" in words


def test_silence_is_told_after_a_while(store: Store, file: Path) -> None:
    lines: list[str] = []
    assert not upload(store, file, lines.append, patience=0.05)
    assert "is the runner (make run) up" in lines[-1]


def test_a_file_of_another_suffix_becomes_a_csv(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "more.txt"
    path.write_bytes(BODY)
    upload(store, path, lambda _: None, patience=0)
    assert [entry.key for entry in store.list("datasets/")] == ["datasets/more.csv"]
