"""What `make deploy` is told, and what it refuses before it asks AWS for anything."""

from pathlib import Path

import pytest

from functions.local.deployment.deploying import sam_options
from functions.local.deployment.parameters import (
    SETTINGS,
    check_stage,
    choose_parameters,
    choose_tags,
    match_architecture,
    parse_pairs,
)


def test_pairs_are_words_with_spaces_between_and_quotes_around_spaces() -> None:
    assert parse_pairs('A=1 B="two words" C= D=x=y', "PARAMETERS") == {
        "A": "1",
        "B": "two words",
        "C": "",
        "D": "x=y",
    }


@pytest.mark.parametrize("text", ["A", "=1", "A=1 A=2", 'A="1'])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"PARAMETERS|quotation"):
        parse_pairs(text, "PARAMETERS")


def test_the_profile_of_the_stage_counts_and_what_is_given_counts_more() -> None:
    chosen = choose_parameters("production", {"LogRetentionDays": "365"})
    assert chosen["Rollout"] == "Canary10Percent5Minutes"
    assert chosen["LogRetentionDays"] == "365"
    assert choose_parameters("other", {}) == {"Stage": "other"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"Memory": "1024"}, "has no parameter Memory; it has AlarmEmail"),
        ({"AlarmEmail": "me"}, "say an e-mail address"),
        ({"Rollout": "Slowly"}, "say AllAtOnce"),
        ({"PredictMemory": "64"}, "say MB, from 512"),
        ({"PredictMemory": "much"}, "say MB, from 512"),
        ({"Stage": "dev"}, "named by STAGE="),
    ],
)
def test_a_value_that_cloudformation_would_refuse_is_refused_here(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        choose_parameters("dev", given)


@pytest.mark.parametrize("stage", ["", "Dev", "a-b", "averyverylongname"])
def test_a_stage_that_fits_into_no_name_is_refused(stage: str) -> None:
    with pytest.raises(ValueError, match="lower-case word"):
        check_stage(stage)


def test_bundles_for_one_processor_are_not_deployed_for_another() -> None:
    assert match_architecture({}, "arm64") == {"Architecture": "arm64"}
    with pytest.raises(ValueError, match="make deploy ARCHITECTURE=arm64"):
        match_architecture({"Architecture": "arm64"}, "x86_64")


def test_sam_gets_everything_on_its_command_line_and_the_settings_stay_as_they_are() -> None:
    before = SETTINGS.read_bytes()
    options = sam_options(
        "eu-west-1",
        "dev",
        {"Stage": "dev", "LoginScope": "openid email"},
        choose_tags("dev", {"team": "crew"}),
        Path("t.yaml"),
    )
    assert 'LoginScope="openid email"' in options
    assert {'application="lifeboat"', 'stage="dev"', 'team="crew"'} <= set(options)
    assert options[options.index("--stack-name") + 1] == "lifeboat-dev"
    assert options[options.index("--region") + 1] == "eu-west-1"
    assert not {"--guided", "--save-params"} & set(options)
    assert SETTINGS.read_bytes() == before
