"""What the packages need is what they say they need, and what a message tells a person to install can be installed."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def declared(package: str) -> tuple[list[str], list[str]]:
    """(what a package always needs, what its extras need), as its pyproject.toml says it."""
    project = tomllib.loads((ROOT / "packages" / package / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    return project["dependencies"], [each for needs in extras.values() for each in needs]


def texts() -> Iterator[tuple[str, str]]:
    """Everything that a person may read: code with its messages, notebooks and documents."""
    for pattern in ("packages/*/src/**/*.py", "notebooks/*.ipynb", "docs/**/*.md", "*.md"):
        for path in sorted(ROOT.glob(pattern)):
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def test_nobody_is_told_to_install_our_packages_from_an_index_for_they_are_on_none() -> None:
    advice = re.compile(r"(?i:install)[^\n]*[ '\"`]p2p-(?:datatools|gan|cli)\b|p2p-(?:datatools|gan|cli)\[")
    found = [f"{name}: {match[0]}" for name, text in texts() for match in advice.finditer(text)]
    assert not found


def test_a_missing_extra_is_told_with_the_command_that_installs_what_the_package_declares() -> None:
    told = {
        (path.relative_to(ROOT / "packages").parts[0], each)
        for path in ROOT.glob("packages/*/src/**/*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for match in re.finditer(r"pip install ([^']+)'", node.value)
        for each in shlex.split(match[1])
    }
    optional = {(name, each) for name in ("datatools", "gan", "cli") for each in declared(name)[1]}
    assert told == optional
