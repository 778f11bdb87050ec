"""The README's two commands on a fresh machine: Debian with Python, make and git, and an ordinary user.

    make test-fresh                  # both; the second takes as long as all tests do, and the installation
    make test-fresh ARGS="-k demo"   # the first

Each says how long it took.
"""

import re

from tests.fresh.debian import HOME, Debian, Ended
from tests.support.machine import last_line

CLONE = f"/{HOME}/lifeboat"
DEMO_SECONDS = 1_200.0
TEST_SECONDS = 3_600.0


def run_command(debian: Debian, *words: str, seconds: float) -> Ended:
    ended = debian.run(*words, folder=CLONE, seconds=seconds)
    print(f"\n{' '.join(words)}: {ended.seconds:.0f} s, {last_line(ended.said)}", flush=True)
    return ended


def test_there_is_nothing_but_what_the_readme_asks_for(debian: Debian) -> None:
    for program in ("pip", "pip3", "uv", "docker", "npm", "gcc", "curl"):
        assert debian.run("sh", "-c", f"command -v {program}").code != 0
    assert debian.run("id", "-u").said.strip() != "0"


def test_the_demo_goes_through_the_loop(debian: Debian) -> None:
    first = run_command(debian, "make", "demo", seconds=DEMO_SECONDS)
    assert first.code == 0, first.said
    assert re.search(r"^Certified +graph and pipeline agree", first.said, re.MULTILINE)
    assert re.search(r"^Scored +DeWitt Bukater, Miss. Rose: survives", first.said, re.MULTILINE)
    again = run_command(debian, "make", "demo", seconds=DEMO_SECONDS)
    assert again.code == 0, again.said
    assert "Installing" not in again.said
    assert debian.run("git", "status", "--short", folder=CLONE).said == ""


def test_the_tests_pass(debian: Debian) -> None:
    ended = run_command(debian, "make", "test", seconds=TEST_SECONDS)
    # What failed, in the order in which it did, is above pytest's list of it.
    assert ended.code == 0, ended.said[-200_000:]
    assert re.search(r"\d+ passed", ended.said)
