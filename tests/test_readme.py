"""README and docs are true: their commands exist, their links lead somewhere, and their help is the real help."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from p2p_cli.app import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {path: path.read_text("utf-8") for path in (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md")))}


def blocks(page: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)


def anchors(page: str) -> set[str]:
    """The headings of a page, as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", page, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


BLOCKS = blocks(README)
COMMANDS = {
    line: None
    for page in PAGES.values()
    for block in blocks(page)
    for line in block.replace("\\\n", "").splitlines()
    if line.startswith("p2p ")
}
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
def test_every_command_of_the_readme_and_the_docs_is_one(line: str) -> None:
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


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_that_is_there_and_to_a_heading_of_it(path: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", PAGES[path]):
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), f"{target}#{anchor}"


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    found, left = set(), [ROOT / "README.md"]
    while left:
        path = left.pop()
        if path in PAGES and path not in found:
            found.add(path)
            left += [(path.parent / each).resolve() for each in re.findall(r"\]\(([^)#]+\.md)", PAGES[path])]
    assert set(PAGES) - found == set()
