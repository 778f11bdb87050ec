"""What a function that needs only the store holds: made once, from the environment."""

from pathlib import Path

import pytest

from functions.core.storage.service import service


def test_the_store_that_the_environment_names_is_opened_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    monkeypatch.setenv("LIFEBOAT_DEFAULT_MODEL", "churn")
    service.cache_clear()
    held = service()
    held.store.put("a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"
    assert held.settings.default_model == "churn"
    assert service() is held
    service.cache_clear()


def test_without_a_store_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIFEBOAT_STORE", raising=False)
    service.cache_clear()
    with pytest.raises(SystemExit, match="LIFEBOAT_STORE"):
        service()
