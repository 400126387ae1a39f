"""A generator as ONNX gives what it gives in torch: whatever its parts, seed, padding and size."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from gan.two_translators import ARCHITECTURES, difference_for_blank, refuse_differences

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_gan.inference.apply import translator_of
from p2p_gan.inference.runtimes.onnx_runtime import load_onnx_model
from p2p_gan.inference.runtimes.translator import PassOptions
from p2p_gan.models.model import Model
from p2p_gan.networks.architecture import Architecture

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import DrawModel, ExportModel

PHOTO = Half("photo", "photo")


@pytest.mark.parametrize(
    "fields",
    [
        *ARCHITECTURES,
        {"kind": "resnet", "blocks": 1, "norm": "instance", "upsampling": "resize", "biases": False},
        {"kind": "resnet", "blocks": 1, "statistics": "running", "noise": 1},
        {"class_adaptive": True, "norm": "instance"},
        {"class_adaptive": True, "noise": 2, "kind": "encoder-decoder", "statistics": "running"},
        {"dropout_skip": 1, "dropout_blocks": 2, "noise": 17},
    ],
    ids=str,
)
def test_the_graph_gives_what_the_generator_gives(
    draw_model: "DrawModel", export_model: "ExportModel", fields: dict[str, Any]
) -> None:
    model = draw_model(**fields)
    refuse_differences(model.card, translator_of(model), translator_of(load_onnx_model(export_model(model))))


@pytest.mark.parametrize("size", [(32, 32), pytest.param((64, 96), marks=pytest.mark.long)])
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_a_blank_picture_of_a_resnet_is_the_same_in_both(
    draw_model: "DrawModel", export_model: "ExportModel", size: tuple[int, int], upsampling: str
) -> None:
    # Nothing of it varies but rounding, which instance norms divided by nearly 0 in each of 23 layers.
    model = draw_model(kind="resnet", blocks=9, norm="instance", upsampling=upsampling, dropout=0.0)
    own, other = translator_of(model), translator_of(load_onnx_model(export_model(model)))
    assert difference_for_blank(own, other, size) < 1e-4


def test_the_graph_takes_several_pictures_at_once(draw_model: "DrawModel", export_model: "ExportModel") -> None:
    model = load_onnx_model(export_model(draw_model(noise=2)))
    image = np.random.default_rng(0).uniform(-1, 1, (3, 3, 32, 64)).astype(np.float32)
    together = model.sessions.run({"image": image}, large=False)
    for number in range(3):
        alone = model.sessions.run({"image": image[number : number + 1]}, large=False)
        assert np.abs(together[number] - alone[0]).max() < 1e-4


def test_the_metadata_says_what_goes_in_and_comes_out_in_words(
    make_model: Callable[..., Model], export_model: "ExportModel"
) -> None:
    onnx = pytest.importorskip("onnx")
    cars = load_palette("cars")
    model = make_model(Half("mask", "mask"), PHOTO, palette=cars, input_as="classes")
    path = export_model(model)
    onnx.checker.check_model(str(path), full_check=True)
    loaded = onnx.load(str(path))
    texts = {each.key: each.value for each in loaded.metadata_props}
    assert texts["direction"] == "mask-to-photo"
    assert texts["input"].startswith("mask: a channel for each class of the palette")
    assert texts["output"] == "photo: RGB, 0 to 255 (uint8) as -1 to 1"
    assert texts["size"] == "32x32, fit stretch; sides are multiples of 32"
    assert '{"name": "body", "color": [255, 0, 0]}' in texts["palette"]
    assert [each.name for each in loaded.graph.input] == ["image", "valid", "dropout_0", "dropout_1", "dropout_2"]
    assert load_onnx_model(path).card == model.card


def test_the_same_model_gives_the_same_bytes(draw_model: "DrawModel", export_model: "ExportModel") -> None:
    assert export_model(draw_model()).read_bytes() == export_model(draw_model()).read_bytes()


def test_a_generator_that_nobody_wrote_as_onnx_and_one_too_large_are_refused(
    draw_model: "DrawModel", monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    from p2p_gan.models import onnx_graph

    model = draw_model()
    with refused("not-in-onnx"):
        other: Any = torch.nn.Identity()
        onnx_graph.onnx_bytes(replace(model, generator=other), precision="float32", bytes_per_pixel=1)
    monkeypatch.setattr(onnx_graph, "_MOST_BYTES", 1000)
    with refused("too-large"):
        onnx_graph.onnx_bytes(model, precision="float32", bytes_per_pixel=1)


@pytest.mark.parametrize(("precision", "share", "most"), [("float16", 0.6, 0.05), ("int8", 0.4, 0.3)])
def test_weights_of_fewer_bits_take_less_room_and_change_little(
    draw_model: "DrawModel", export_model: "ExportModel", precision: str, share: float, most: float
) -> None:
    model = draw_model(filters=16, max_filters=64)
    whole = export_model(model).stat().st_size
    path = export_model(model, precision)
    assert path.stat().st_size < share * whole
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    first, second = (
        translator_of(each).values(picture, PassOptions("picture")) for each in (model, load_onnx_model(path))
    )
    assert 1e-6 < np.abs(first - second).max() < most


def test_the_layers_with_dropout_are_those_of_the_network() -> None:
    shape = Architecture(3, 3, 5, 4, 16, "batch", 0.4, dropout_blocks=2, dropout_skip=1)
    assert [tuple(each) for each in shape.dropout_layers()] == [(16, 8, 0.4), (8, 4, 0.4)]
    assert len(replace(shape, kind="resnet", blocks=6).dropout_layers()) == 6
    assert replace(shape, dropout=0.0).dropout_layers() == []
