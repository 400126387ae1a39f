"""The page on Python does what it says, with public names only, and a second time it changes nothing."""

import ast
import contextlib
import importlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
TEXT = PAGE.read_text("utf-8")
# What makes the example short without changing its steps.
SHORT = {"IMAGES = 2_800": "IMAGES = 6", "size=Size(160, 96)": "size=Size(64, 32)"}
# Pictures, pairs to train with, and pairs of val and of test, in the example and here.
FEWER = {"60": "20", "48": "16", "6": "2"}


def code() -> str:
    """The blocks of the page as one program, each line where it stands in the page."""
    lines = TEXT.splitlines()
    inside = False
    for number, line in enumerate(lines):
        fence = line.startswith("```")
        inside = not inside if fence else inside
        lines[number] = "" if fence or not inside else line
    return "\n".join(lines)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_block_of_the_page_is_python() -> None:
    assert len(re.findall(r"^```python$", TEXT, flags=re.MULTILINE)) == TEXT.count("```") / 2 > 3


@pytest.mark.usefixtures("timed_once")
def test_the_page_runs_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    text = code()
    for many, few in FEWER.items():
        text = re.sub(rf"\b{many}\b", few, text)
    for long, short in SHORT.items():
        assert text.count(long) == 1
        text = text.replace(long, short)
    program = compile(text, PAGE, "exec")
    with contextlib.chdir(tmp_path):
        exec(program, {})
        before = files(tmp_path)
        exec(program, {})
    assert files(tmp_path) == before
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 40


def imports() -> list[tuple[str, str]]:
    nodes = [node for node in ast.walk(ast.parse(code())) if isinstance(node, ast.ImportFrom)]
    return [(str(node.module), alias.name) for node in nodes for alias in node.names if str(node.module)[:3] == "p2p"]


@pytest.mark.parametrize(("module", "name"), imports())
def test_the_page_imports_public_names_only(module: str, name: str) -> None:
    assert name in importlib.import_module(module).__all__


def test_the_page_uses_what_the_two_packages_offer_for_a_pipeline() -> None:
    used = {name for module, name in imports() if module in ("p2p_datatools", "p2p_gan")}
    assert used >= {"fetch", "build_masks", "check", "pair", "split", "contact_sheet"}
    assert used >= {"PRESETS", "train", "load_model", "sample", "evaluate"}
