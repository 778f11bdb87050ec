"""Settings from the environment: what is read, what is refused, and in which words."""

from dataclasses import dataclass

import pytest

from functions.core.base.settings import StoreSettings, setting


@dataclass(frozen=True, kw_only=True)
class Example(StoreSettings):
    share: float = setting(0.5, ge=0, le=1)
    rows: int = setting(10, gt=0)


ENVIRONMENT = {"LIFEBOAT_STORE": "s3://bucket", "LIFEBOAT_DEFAULT_MODEL": "churn"}


def test_settings_are_read_by_their_names_and_have_defaults() -> None:
    settings = Example.from_environment({**ENVIRONMENT, "LIFEBOAT_ROWS": "7"})
    assert settings == Example(store="s3://bucket", default_model="churn", rows=7, share=0.5)


def test_the_environment_of_the_process_is_read_where_no_other_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert Example.from_environment().store == "s3://bucket"


def test_all_that_does_not_fit_is_named_at_once() -> None:
    with pytest.raises(SystemExit) as refusal:
        Example.from_environment({"LIFEBOAT_STORE": "x", "LIFEBOAT_ROWS": "1.5", "LIFEBOAT_SHARE": "nan"})
    assert str(refusal.value) == (
        "settings do not fit: LIFEBOAT_DEFAULT_MODEL: it is not set, and has no default; "
        "LIFEBOAT_SHARE: a number is wanted, at least 0 and at most 1; "
        "LIFEBOAT_ROWS: a whole number is wanted, above 0"
    )


@pytest.mark.parametrize("text", ["inf", "-0.1", "1.1", "", "half"])
def test_a_number_out_of_its_range_is_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="LIFEBOAT_SHARE: a number is wanted"):
        Example.from_environment({**ENVIRONMENT, "LIFEBOAT_SHARE": text})


def test_a_text_without_a_default_is_not_empty() -> None:
    with pytest.raises(SystemExit, match="LIFEBOAT_STORE: it is empty, and has no default"):
        Example.from_environment({**ENVIRONMENT, "LIFEBOAT_STORE": ""})
