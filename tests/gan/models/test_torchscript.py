"""A generator as TorchScript gives what it gives in torch: whatever its parts, seed, padding and size."""

import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from gan.two_translators import ARCHITECTURES, difference_for_blank, refuse_differences

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_gan.inference.apply import translator_of
from p2p_gan.inference.runtimes.torchscript_runtime import script_translator
from p2p_gan.models.model import Model, read_model
from p2p_gan.models.torchscript import is_script_of, load_script, script_bytes

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import DrawModel

PHOTO = Half("photo", "photo")


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.long)], ids=["as written", "optimised"])
def executor(request: pytest.FixtureRequest) -> Iterator[None]:
    """A module is computed as it is written, and as torch makes it faster, which takes seconds for each shape."""
    with torch.jit.optimized_execution(request.param):  # type: ignore[attr-defined]
        yield


@pytest.mark.parametrize(
    "fields",
    [
        *ARCHITECTURES,
        {"kind": "resnet", "blocks": 1, "norm": "instance", "upsampling": "resize", "noise": 1},
    ],
    ids=str,
)
@pytest.mark.usefixtures("executor")
def test_the_module_gives_what_the_generator_gives(draw_model: "DrawModel", fields: dict[str, Any]) -> None:
    model = draw_model(**fields)
    refuse_differences(model.card, translator_of(model), script_translator(model.card, script_bytes(model)))


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize("upsampling", ["transposed", pytest.param("resize", marks=pytest.mark.long)])
def test_a_blank_picture_of_a_resnet_is_the_same_in_both(draw_model: "DrawModel", upsampling: str) -> None:
    # Nothing of it varies but rounding, which instance norms divided by nearly 0 in each of 23 layers.
    model = draw_model(kind="resnet", blocks=9, norm="instance", upsampling=upsampling, dropout=0.0)
    own, other = translator_of(model), script_translator(model.card, script_bytes(model))
    for size in ((32, 32), (64, 96)):
        assert difference_for_blank(own, other, size) < 1e-4, size


def test_it_runs_without_p2p_on_several_pictures_and_draws_its_own_dropout(draw_model: "DrawModel") -> None:
    module = load_script(script_bytes(draw_model(dropout=0.5)))
    images = torch.rand(3, 3, 64, 32) * 2 - 1
    together = module(images)
    for number in range(3):
        assert torch.allclose(together[number], module(images[number : number + 1])[0], atol=1e-4)
    draws = module.draw(64, 32)
    assert [tuple(each.shape) for each in draws] == [(1, 8, 4, 2), (1, 8, 8, 4), (1, 8, 16, 8)]
    assert {float(value) for each in draws for value in each.unique()} == {0.0, 2.0}
    assert not torch.allclose(module(images, draws), together, atol=1e-3)


def test_its_description_says_what_goes_in_and_comes_out(make_model: Callable[..., Model], tmp_path: Path) -> None:
    model = make_model(Half("mask", "mask"), PHOTO, palette=load_palette("cars"), input_as="classes")
    data, texts = script_bytes(model), {"p2p.json": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.load(io.BytesIO(data), _extra_files=texts)  # type: ignore[no-untyped-call]
    found = json.loads(texts["p2p.json"])
    assert (found["format"], found["direction"]) == ("p2p-torchscript", "mask-to-photo")
    assert found["output"] == "photo: RGB, 0 to 255 (uint8) as -1 to 1"
    assert found["size"] == "32x32, fit stretch; sides are multiples of 32"
    assert found["randomness"].startswith("dropout of 0.5 in 3 layers")
    assert found["card"]["palette"] is not None
    (tmp_path / "x.pt").write_bytes(data)
    assert is_script_of(tmp_path / "x.pt", model)
    assert not is_script_of(tmp_path / "x.pt", replace(model, digest="other"))
    whole = (tmp_path / "x.pt").read_bytes()
    weights = model.generator.state_dict()["last.weight"].numpy().tobytes()
    damaged = bytearray(whole)
    damaged[whole.index(weights)] ^= 1
    (tmp_path / "x.pt").write_bytes(damaged)
    assert not is_script_of(tmp_path / "x.pt", model)
    (tmp_path / "x.pt").write_bytes(b"PK\x03\x04")
    assert not is_script_of(tmp_path / "x.pt", model)


def test_a_generator_that_nobody_wrote_as_torchscript_is_refused(draw_model: "DrawModel", refused: "Refused") -> None:
    other: Any = torch.nn.Identity()
    other.head = "tanh"
    with refused("not-in-torchscript"):
        script_bytes(replace(draw_model(), generator=other))


def test_normalisation_by_classes_is_refused(draw_model: "DrawModel", refused: "Refused") -> None:
    with refused("not-in-torchscript"):
        script_bytes(draw_model(class_adaptive=True))


def test_an_archive_is_not_loaded_as_a_model_because_that_would_run_its_code(
    tmp_path: Path, refused: "Refused"
) -> None:
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("x/code/__torch__.py", "raise SystemExit")
    with refused("other-format", tmp_path / "x.pt"):
        read_model(tmp_path / "x.pt")
