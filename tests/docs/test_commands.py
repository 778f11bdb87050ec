"""Every command of the documents is run (tests/stories/test_readme.py) or, here, held against its program."""

import re

import pytest

from tests.docs.checking import WrongCommand, check_command
from tests.docs.reading import PAGES, README, blocks, commands

# Blocks in these languages are run, or are no commands.
OTHERWISE = {"sh", "python", "json", "text"}
# A command in the middle of a sentence, in one line or two.
IN_A_SENTENCE = re.compile(r"(?<!`)`((?:make|python -m|aws|mlflow run|docker compose) [^`]+)`")


def shown() -> dict[str, str]:
    """The commands of all pages, each with the first page that shows it."""
    found: dict[str, str] = {}
    for path, text in PAGES.items():
        for language, block in blocks(path):
            for command in commands(block) if language not in OTHERWISE else ():
                # README shows what is printed in the same way.
                if path != README or re.match(r"make |aws |curl |python ", command):
                    found.setdefault(command, path.name)
        for inline in IN_A_SENTENCE.findall(text):
            command = " ".join(inline.split())
            # Named, perhaps without what it needs.
            command += " --help" if command.startswith("python") else ""
            # A target alone is named, not shown: tests/stories/test_readme.py sees to it that it exists.
            if "..." not in command and not re.fullmatch(r"make [\w-]+", command):
                found.setdefault(command, path.name)
    return found


COMMANDS = shown()


@pytest.mark.parametrize("command", COMMANDS, ids=[f"{page}-{one[:50]}" for one, page in COMMANDS.items()])
def test_a_command_that_is_shown_is_one_that_its_program_takes(command: str) -> None:
    check_command(command)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("make modle FILE=churn.csv", "modle"),
        ("make model FILE=churn.csv", "is refused"),
        ("make demo COLOUR=red", "COLOUR changes nothing"),
        ('make models ARGS="rollbck --reason x"', "is refused"),
        ("python -m training train --dataest x.csv", "is refused"),
        ("python -m functions.loca run", "there is no functions.loca"),
        ("python script.py", "no module"),
        ("aws cloudformation create-changeset --stack-name x", "no such operation"),
        ("aws cloudformation execute-change-set --stackname x", "no option --stackname"),
        ("aws cloudformation wait for-ever", "no such waiter"),
        ("aws clouds list", "clouds"),
        ("aws s3 copy a b", "no such operation"),
        ("aws cloudformation create-change-set --template-body file://docs/none.json", "there is no file"),
        (".venv-sam/bin/sam deploy --config-env staging", "no profile staging"),
        ("sam deplyo", "not known here"),
        ('curl -s "$API/predictt" -d x', "there is no POST /predictt"),
        ('curl -s "$API/model" -X DELETE', "there is no DELETE /model"),
        ("mlflow run . -e train -P data=x", "no parameter data"),
        ("mlflow runs", "not known here"),
        ("docker run lifeboat-training python -m training trian", "is refused"),
        ("docker swarm", "not known here"),
        ("promtool check rules functions/local/none.yml", "there is no functions/local/none.yml"),
        ("uv publish x", "not known here"),
        ("frobnicate it now", "neither a command"),
    ],
)
def test_a_command_that_would_not_do_is_found(command: str, reason: str) -> None:
    with pytest.raises(WrongCommand, match=re.escape(reason)):
        check_command(command)
