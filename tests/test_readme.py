"""The README is true: its commands exist and run, its help is the real help, and its two commands are what CI runs."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from p2p_cli.app import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("p2p ")]
INSTALL = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && "


def parse(words: list[str]) -> None:
    """Let click read the words as far as the command itself, which is not called."""
    command: click.Command = cli
    context = click.Context(cli, info_name="p2p")
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
    for parameter in command.params:
        # The README's folders are the reader's; whether they exist is not asked here.
        if isinstance(parameter.type, click.Path):
            parameter.type = click.Path(path_type=Path)
    command.make_context("p2p", list(words), resilient_parsing=False)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_is_one(line: str) -> None:
    parse(shlex.split(line, comments=True)[1:])


def test_a_command_that_does_not_exist_would_be_seen() -> None:
    with pytest.raises(click.UsageError):
        parse(["train", "pairs", "run", "--presett", "tiny"])


def test_the_help_in_the_readme_is_the_real_help() -> None:
    shown = re.search(r"```text\n(.*?)```", README, flags=re.DOTALL)
    assert shown
    real = CliRunner().invoke(cli, ["--help"], prog_name="p2p").output
    assert shown[1].strip() == real.strip()


def test_both_commands_install_the_same_and_ci_runs_the_second_word_for_word() -> None:
    demo, tests = (line for block in BLOCKS for line in block.splitlines() if line.startswith("python3 "))
    assert demo == INSTALL + ".venv/bin/p2p demo"
    assert tests == INSTALL + ".venv/bin/nox"
    ci = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    (pages,) = (line for block in BLOCKS for line in block.splitlines() if line.startswith("apt-get "))
    assert pages.endswith(" && .venv/bin/nox -s web")
    assert ci[-2:] == [tests, pages]


def test_requirements_begin_with_the_constraints_and_name_no_index() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert lines[0] == "-c constraints.txt"
    assert not any("http" in line or "index" in line for line in lines)
    pinned = (ROOT / "constraints.txt").read_text("utf-8")
    assert re.search(r"^torch==\d", pinned, flags=re.MULTILINE)
    assert "http" not in pinned


def test_the_pictures_the_readme_shows_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_every_link_within_the_readme_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", README, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    linked = set(re.findall(r"\]\(#([^)]+)\)", README))
    assert linked
    assert linked <= anchors
