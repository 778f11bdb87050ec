"""The page of commands, made from what the programs say."""

from pathlib import Path

import pytest

from functions.local.reference import commands
from functions.local.reference.commands import NoHelp, commands_page, helps, targets, targets_page

ROOT = Path(__file__).parents[3]
MAKEFILE = """
##@ Use

.PHONY: run
run: env ## Start it [ARGS="--port 1 | 2"]
\t@true
quiet:
\t@true
##@ Develop
test: ## Test it
"""


def test_a_program_is_asked_for_its_help_and_each_of_its_commands_for_theirs() -> None:
    told = helps("functions.authorize", ROOT)
    assert [words for words, _ in told] == [[], ["create"], ["list"], ["revoke"]]
    assert "Make, list and revoke keys" in told[0][1]
    assert "--scopes" in told[1][1]


def test_a_program_that_does_not_answer_in_time_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_SECONDS", 0.01)
    with pytest.raises(NoHelp, match="python -m training does not answer to --help within"):
        helps("training", ROOT)


def test_the_width_and_the_colours_of_a_terminal_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = helps("functions.local.bundle", ROOT)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert helps("functions.local.bundle", ROOT) == plain


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(NoHelp, match=r"python -m functions\.nothing does not answer to --help"):
        helps("functions.nothing", ROOT)


def test_the_page_has_a_heading_for_each_program_and_each_command() -> None:
    page = commands_page([("functions.fake", [([], "usage: fake\n"), (["run"], "usage: fake run\n")])])
    assert "## python -m functions.fake\n" in page
    assert "### python -m functions.fake run\n\n```text\nusage: fake run\n```\n" in page


def test_targets_are_those_that_say_what_they_do_under_their_headings() -> None:
    assert targets(MAKEFILE) == [
        ("Use", "run", 'Start it [ARGS="--port 1 | 2"]'),
        ("Develop", "test", "Test it"),
    ]
    page = targets_page(MAKEFILE)
    assert '| `make run` | Start it \\[ARGS="--port 1 \\| 2"\\] |' in page
    assert page.index("## Use") < page.index("make run") < page.index("## Develop") < page.index("make test")
