"""Which room may import which, and that help loads no library it does not need."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("p2p_datatools", "p2p_gan", "p2p_cli")

# A library: the modules (by prefix) that may import it. Changing this table is changing the design.
OWNERS: dict[str, tuple[str, ...]] = {
    "torch": ("p2p_gan",),
    "safetensors": ("p2p_gan",),
    "tensorboard": ("p2p_gan.training.board",),
    "filelock": ("p2p_gan.runs.runfolder",),
    "click": ("p2p_cli",),
    "rich": ("p2p_cli.render",),
    "cv2": ("p2p_datatools",),
    "PIL": ("p2p_datatools",),
    "tifffile": ("p2p_datatools.contract.deep",),
    "skimage": ("p2p_datatools", "p2p_gan.applying.metrics"),
    "kaggle": ("p2p_datatools.kaggle_client",),
    "torchvision": (),
}
# What every room of p2p_gan may import.
SETTINGS = (
    *("p2p_datatools.contract", "p2p_gan.__version__"),
    *(f"p2p_gan.{name}" for name in ("config", "rules", "settings", "presets", "sides")),
)
# A room of p2p_gan: the other rooms that it may import. There is no way round in a circle.
ROOMS: dict[str, tuple[str, ...]] = {
    "networks": (),
    "data": (),
    "machine": ("networks",),
    "updates": ("data", "networks"),
    "models": ("data", "networks"),
    "applying": ("data", "machine", "models", "networks"),
    "runs": ("updates", "models"),
    "training": ("applying", "data", "machine", "models", "networks", "runs", "updates"),
    "experiments": ("applying", "data", "machine", "models", "networks", "runs", "training", "updates"),
}
# A package: the modules (by prefix) of ours that it may import.
ARROWS: dict[str, tuple[str, ...]] = {
    "p2p_datatools.contract": ("p2p_datatools.contract",),
    "p2p_datatools": ("p2p_datatools",),
    **{
        f"p2p_gan.{room}": (*SETTINGS, *(f"p2p_gan.{each}" for each in (room, *others)))
        for room, others in ROOMS.items()
    },
    "p2p_gan": SETTINGS,
    "p2p_cli": OURS,
}
# What these may not even load when they are imported.
LIGHT = {
    "p2p_datatools": ("numpy", "cv2", "PIL", "kaggle"),
    "p2p_gan": ("torch", "cv2"),
    "p2p_gan.config": ("torch", "cv2"),
    "p2p_cli.app": ("torch", "kaggle", "cv2", "PIL", "numpy", "rich"),
}


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def modules() -> Iterator[tuple[str, Path]]:
    for source in sorted(ROOT.glob("packages/*/src")):
        for path in sorted(source.rglob("*.py")):
            name = ".".join(path.relative_to(source).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrows"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_there_are_modules_to_look_at() -> None:
    assert {name.split(".")[0] for name, _ in modules()} == set(OURS)


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=[name for name, _ in modules()])
def test_a_room_imports_only_what_its_arrows_allow(name: str, path: Path) -> None:
    room = next(prefix for prefix in ARROWS if within(name, (prefix,)))
    for imported in imports(path):
        top = imported.split(".")[0]
        if top in OWNERS:
            assert within(name, OWNERS[top]), f"{name} may not import {top}"
        if top in OURS and imported.count("."):
            assert within(imported, ARROWS[room]), f"{name} may not import {imported}"


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=[name for name, _ in modules()])
def test_every_room_has_a_sign(name: str, path: Path) -> None:
    sign = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert sign, f"{name} opens without saying what it is"
    assert any(word in sign for word in ("may ", "Nothing", "never", "nothing")), f"{name} does not say what stays out"


@pytest.mark.parametrize("module", LIGHT)
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    program = f"import sys, {module}; print(' '.join(sys.modules))"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not set(LIGHT[module]) & set(output.split())
    assert module in output.split()


def test_the_rooms_of_training_stand_in_an_order() -> None:
    before: set[str] = set()
    for room, others in ROOMS.items():
        assert set(others) <= before, f"{room} imports what stands after it"
        before.add(room)
    rooms = {path.parent.name for path in (ROOT / "packages/gan/src/p2p_gan").glob("*/__init__.py")}
    assert rooms == before


def test_help_loads_no_torch_kaggle_or_opencv() -> None:
    program = (
        "import sys; from p2p_cli.app import main; main(['--help']); print(' '.join(sys.modules), file=sys.stderr)"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Commands:" in output.stdout
    assert not {"torch", "kaggle", "cv2", "numpy"} & set(output.stderr.split())


def test_only_the_command_line_prints() -> None:
    for name, path in modules():
        if within(name, ("p2p_cli",)):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"), f"{name} prints"
