"""What the packages need is what they say they need, and what a message tells a person to install can be installed."""

import ast
import re
import shlex
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from source_code import parse_source, walk_source

ROOT = Path(__file__).parents[1]
PACKAGES = ("datatools", "gan", "cli")
# Modules whose distribution has another name; every other is called as its module is.
DISTRIBUTIONS = {
    "cv2": "opencv-python",
    "PIL": "Pillow",
    "skimage": "scikit-image",
    "yaml": "PyYAML",
    "torch.utils.tensorboard": "tensorboard",  # torch's half of it imports the other
}
FOR_ANOTHER = {"six": "kaggle"}  # which imports it without declaring it


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


def test_no_text_advises_to_install_our_packages_from_an_index() -> None:
    advice = re.compile(r"(?i:install)[^\n]*[ '\"`]p2p-(?:datatools|gan|cli)\b|p2p-(?:datatools|gan|cli)\[")
    found = [f"{name}: {match[0]}" for name, text in texts() for match in advice.finditer(text)]
    assert not found


def test_a_missing_extra_is_reported_with_the_command_that_installs_what_the_package_declares() -> None:
    told = {
        (path.relative_to(ROOT / "packages").parts[0], each)
        for path in ROOT.glob("packages/*/src/**/*.py")
        for node in walk_source(path)
        for each in installed(node)
    }
    optional = {(name, each) for name in PACKAGES for each in declared(name)[1]}
    assert told == optional


def installed(node: ast.AST) -> list[str]:
    """What a text of code says is installed by pip, and what a call of `require_packages` asks for."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [each for match in re.finditer(r"pip install ([^']+)'", node.value) for each in shlex.split(match[1])]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require_packages":
        return [each.value for each in node.args[1:] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return []


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~! ]", each, maxsplit=1)[0] for each in requirements}


def needed(package: str) -> tuple[set[str], set[str]]:
    """(what a package imports when its modules are, what it imports later), by the names of distributions."""
    at_once: set[str] = set()
    anywhere: set[str] = set()
    for path in ROOT.glob(f"packages/{package}/src/**/*.py"):
        at_once |= imported(parse_source(path).body)
        anywhere |= imported(walk_source(path))
    own = f"p2p-{package}"
    return at_once - {own}, anywhere - at_once - {own}


def imported(nodes: Iterable[ast.AST]) -> set[str]:
    modules: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    tops = {name if name in DISTRIBUTIONS else name.partition(".")[0] for name in modules}
    return {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in tops - sys.stdlib_module_names}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_depends_on_what_it_imports_and_on_nothing_else(package: str) -> None:
    always, optional = (names(each) for each in declared(package))
    at_once, later = needed(package)
    assert always - at_once - later == set(), "declared and never imported"
    assert optional - later - FOR_ANOTHER.keys() == set(), "an extra that is never imported"
    assert at_once - always == set(), "imported and not declared"
    assert later - always - optional == set(), "imported in a function and not declared"
    assert all(FOR_ANOTHER[each] in optional for each in optional & FOR_ANOTHER.keys())


def test_every_dependency_is_pinned_among_the_versions_known_to_work_together() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if "==" in line]
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    needs = {each.lower() for package in PACKAGES for part in declared(package) for each in names(part)}
    assert {each for each in needs - pinned if not each.startswith("p2p-")} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_wheel_carries_the_licence_that_copies_must_include(package: str) -> None:
    # hatchling packs the LICENSE that lies beside pyproject.toml, and none that lies above it.
    assert (ROOT / "packages" / package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_packages_have_one_version_and_need_each_other_in_it() -> None:
    projects = [tomllib.loads((ROOT / "packages" / each / "pyproject.toml").read_text("utf-8")) for each in PACKAGES]
    (version,) = {each["project"]["version"] for each in projects}
    ours = [need for each in PACKAGES for part in declared(each) for need in part if need.startswith("p2p-")]
    assert ours
    assert all(need.endswith(f"=={version}") for need in ours)
