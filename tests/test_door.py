"""What is public: the names in the `__all__` of a package or room, and nothing else."""

import ast
import contextlib
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from source_code import parse_source

import p2p_datatools
import p2p_gan
from p2p_datatools.derivations import Edges
from p2p_datatools.pairs import PairOptions, Shard
from p2p_gan.config import with_settings

ROOT = Path(__file__).parents[1]
# Packages within a room that name nothing public: their modules are for rooms of ours alone.
WITHOUT_A_DOOR = {
    "p2p_datatools.checks.masks",
    "p2p_datatools.contract.folders",
    "p2p_datatools.contract.partners",
    "p2p_datatools.contract.pictures.formats",
    "p2p_datatools.exports.formats",
    "p2p_datatools.labels.formats",
    "p2p_datatools.labels.formats.pictures",
    "p2p_datatools.labels.formats.whole_sets",
    "p2p_datatools.labels.parsing",
    "p2p_gan.training.steps",
    "p2p_gan.training.tracking",
}
HEAVY = {"numpy", "cv2", "PIL", "torch", "safetensors", "skimage", "kaggle"}


def packages() -> Iterator[str]:
    for source in (ROOT / "packages" / "datatools" / "src", ROOT / "packages" / "gan" / "src"):
        for path in sorted(source.rglob("__init__.py")):
            name = ".".join(path.parent.relative_to(source).parts)
            if name not in WITHOUT_A_DOOR:
                yield name


PACKAGES = list(packages())


def tree(module: ModuleType) -> ast.Module:
    return parse_source(Path(str(module.__file__)))


@cache
def defined(module: ModuleType) -> dict[str, str | None]:
    """What a module defines, with its docstring, which for a value is the text that stands below it."""
    found: dict[str, str | None] = {}
    body = tree(module).body
    for node, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = ast.get_docstring(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            text = below.value if isinstance(below, ast.Expr) else None
            doc = str(text.value) if isinstance(text, ast.Constant) else None
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: doc for target in targets if isinstance(target, ast.Name)}
    return found


def test_the_doors_of_the_two_packages_are_these() -> None:
    tools = "fetch build_masks load_palette check compare pair merge take_apart derive split contact_sheet"
    tools += " export_masks export_pairs compute_statistics repair"
    gan = "Config PRESETS train plan reproduce load_model sample evaluate import_model export_reference run_study"
    gan += " export_onnx segment_photos Predictor"
    assert set(p2p_datatools.__all__) == set(tools.split())
    assert set(p2p_gan.__all__) == {*gan.split(), "__version__"}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_door_types_loads_and_lists_the_same_names(package: str) -> None:
    module = importlib.import_module(package)
    [door] = (node for node in tree(module).body if isinstance(node, ast.If))
    typed = {
        str(node.module).removeprefix(f"{package}."): {alias.name for alias in node.names}
        for node in door.body
        if isinstance(node, ast.ImportFrom)
    }
    [call] = (node for each in door.orelse for node in ast.walk(each) if isinstance(node, ast.Call))
    assert typed == {str(each.arg): set(ast.literal_eval(each.value).split()) for each in call.keywords}
    assert sum(map(len, typed.values())) == len(set().union(*typed.values())), "a name has two origins"
    assert set().union(*typed.values()) == set(module.__all__) - {"__version__"}


@pytest.mark.parametrize("package", PACKAGES)
def test_dir_offers_the_public_names_and_no_others(package: str) -> None:
    module = importlib.import_module(package)
    assert dir(module) == sorted(module.__all__)


def doc_of(package: str, name: str) -> str | None:
    value = getattr(importlib.import_module(package), name)
    if inspect.isfunction(value) or inspect.isclass(value):
        return defined(sys.modules[value.__module__])[name]
    [doc] = {found[name] for found in map(defined, modules_below(package)) if name in found}
    return doc


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_can_be_imported_and_say_what_they_are(package: str) -> None:
    names = set(importlib.import_module(package).__all__) - {"__version__"}
    assert [name for name in names if not doc_of(package, name)] == []


def modules_below(package: str) -> list[ModuleType]:
    path = importlib.import_module(package).__path__
    names = [each.name for each in pkgutil.walk_packages(path, f"{package}.") if not each.ispkg]
    return [importlib.import_module(name) for name in names]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_that_of_a_module_beside_it(package: str) -> None:
    module = importlib.import_module(package)
    assert not set(module.__all__) & {each.name for each in pkgutil.iter_modules(module.__path__)}


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_not_named_is_not_offered(package: str) -> None:
    module = importlib.import_module(package)
    beside = {each.name for each in pkgutil.iter_modules(module.__path__)}
    for each in modules_below(package):
        for name in defined(each).keys() - set(module.__all__) - beside - {"open_door"}:
            with pytest.raises(AttributeError, match=name):
                getattr(module, name)


def test_importing_every_room_and_listing_its_names_loads_no_library() -> None:
    program = f"import sys, {', '.join(PACKAGES)}\nfor name in {PACKAGES}: dir(sys.modules[name])\nprint(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not HEAVY & set(output.split())


@pytest.mark.usefixtures("timed_once")
def test_every_function_of_the_doors_takes_paths_as_text(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        prepare_data()
        train_and_apply()


def prepare_data() -> None:
    cars = p2p_datatools.load_palette("cars")
    p2p_datatools.fetch("synth-cars", "cars", limit=6)
    p2p_datatools.build_masks("cars/labels", "masks", palette=cars, photos="cars/photos")
    assert p2p_datatools.check("masks", photos="cars/photos").ok
    assert p2p_datatools.compare("masks", "masks").findings == ()
    for number in (1, 2):
        p2p_datatools.pair("masks", "cars/photos", "shards", ways=PairOptions(shard=Shard(number, 2)))
    assert p2p_datatools.merge(["shards.1-of-2", "shards.2-of-2"], "merged").brought == 6
    assert p2p_datatools.pair("masks", "cars/photos", "pairs").built == 6
    p2p_datatools.split("pairs", val=0.2, test=0.2)
    assert p2p_datatools.take_apart("pairs", "apart").split == 6
    assert p2p_datatools.derive("cars/photos", "edges", Edges()).made == 6
    assert p2p_datatools.contact_sheet("pairs").shape[2] == 3


def train_and_apply() -> None:
    words = (
        "size=64x32 images=2 generator_filters=4 max_filters=32 discriminator_filters=4 bias_before_norm=off threads=1"
    )
    tiny = with_settings(p2p_gan.PRESETS["tiny"], dict(word.split("=") for word in words.split()))
    assert p2p_gan.plan("pairs", tiny, "run").pairs == 4
    assert p2p_gan.train("pairs", "run", tiny).images == 2
    assert p2p_gan.reproduce("run", "again").identical
    assert p2p_gan.load_model("run").card.images == 2
    assert p2p_gan.sample("run", "masks", "pictures").written == 6
    assert p2p_gan.evaluate("run", "pairs").pictures == 1
    assert p2p_gan.export_reference("run", "latest_net_G.pth").written
    assert p2p_gan.import_model("latest_net_G.pth", "imported.safetensors").written
    study = p2p_gan.run_study("pairs", "study", tiny, tables=("field",), seeds=1)
    assert len(study.trials) == study.planned
