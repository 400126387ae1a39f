"""What a page is told of a model, and which models have no brushes, and why."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half, HalfPart
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.formats import png
from p2p_gan.inference.predictor import Predictor, load_model
from p2p_gan.models.model import Model
from p2p_gan.paint.painters import Painter, PngAnswer, Stroke, brushless, open_painters, refusal_of, short_names

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import ExportModel, WriteModel

MASK, PHOTO, CARS = Half("mask", "mask"), Half("photo", "photo"), load_palette("cars")


@pytest.mark.parametrize(
    ("given", "wanted", "words"),
    [
        (replace(PHOTO, dtype="float32"), PHOTO, "float32"),
        (replace(PHOTO, channels=5), PHOTO, "5 channels"),
        (MASK, replace(PHOTO, channels=2), "PNG does not hold"),
        (
            replace(PHOTO, channels=4, parts=(HalfPart("grey", "photo", 1), HalfPart("edges", "photo", 3))),
            PHOTO,
            "grey, edges",
        ),
    ],
)
def test_a_model_of_what_no_browser_has_is_no_painter(
    make_model: Callable[..., Model], given: Half, wanted: Half, words: str
) -> None:
    painter = Painter("m0", "run", Path("run"), Predictor(make_model(given, wanted, palette=CARS)))
    assert words in str(painter.refusal)
    assert painter.to_json()["why_not"] == painter.refusal
    assert not painter.to_json()["uploads"]


def test_a_model_of_photos_or_without_a_palette_has_no_brushes_but_takes_pictures(
    make_model: Callable[..., Model],
) -> None:
    for card in (make_model(PHOTO, MASK, palette=CARS).card, make_model(MASK, PHOTO).card):
        assert refusal_of(card) is None
        assert brushless(card)
    assert brushless(make_model(MASK, PHOTO, palette=CARS).card) is None


def test_who_sends_a_pair_or_a_mask_for_a_photo_is_told(make_model: Callable[..., Model]) -> None:
    painter = Painter("m0", "run", Path("run"), Predictor(make_model(PHOTO, MASK, palette=CARS)))
    random = np.random.default_rng(0)
    coarse = [random.uniform(0, 255, (9, 9, 3)).astype(np.float32) for _ in range(2)]
    photos = [cv2.resize(each, (64, 64)) + random.normal(0, 3, (64, 64, 3)) for each in coarse]
    pair = np.clip(np.concatenate(photos, axis=1), 0, 255).astype(np.uint8)
    for sent, words in ((pair, "A|B"), (np.zeros((64, 64, 3), np.uint8), "other direction")):
        answers = painter.paint(b"".join(png.encode(sent)), Stroke()), painter.segment(b"".join(png.encode(sent)))
        assert all(any(words in line for line in each.notes) for each in answers)


def test_a_palette_of_two_hundred_classes_is_told_in_full(make_model: Callable[..., Model]) -> None:
    many = Palette("many", tuple(PaletteClass(f"class {n}", (n, 255 - n, 7)) for n in range(200)))
    told = Painter("m0", "run", Path("run"), Predictor(make_model(MASK, PHOTO, palette=many))).to_json()
    assert len(told["palette"]["classes"]) == 200
    assert told["palette"]["classes"][9] == {"name": "class 9", "color": [9, 246, 7]}
    assert told["palette"]["ignore_color"] == [255, 0, 254]


def test_models_of_one_name_are_told_apart_by_the_folders_above(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "run", tmp_path / "b" / "run", tmp_path / "c", tmp_path / "c" / "best.safetensors"]
    assert short_names(paths) == ["a/run", "b/run", "c", "best"]
    assert short_names([tmp_path / "a", tmp_path / "a"]) == ["a", "a"]
    assert short_names([tmp_path / "run.v2", tmp_path / "old" / "model.safetensors"]) == ["run.v2", "old"]


def test_what_is_told_of_a_model_is_what_it_is_and_how_long_a_pass_takes(
    make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path
) -> None:
    place = write_model(make_model(MASK, PHOTO, palette=CARS), tmp_path / "run" / "model.safetensors")
    [painter] = open_painters([place.parent])
    told = painter.to_json()
    assert {name: told[name] for name in ("id", "name", "direction", "size", "fit", "unit")} == {
        **{"id": "m0", "name": "run", "direction": "mask-to-photo"},
        **{"size": [32, 32], "fit": "stretch", "unit": 32},
    }
    assert told["digest"] == load_model(place).digest
    assert told["runtime"] == "torch"
    assert told["stochastic"]
    assert 0 < told["milliseconds"] < 1000


def test_an_exported_model_is_painted_by_its_runtime_on_all_cores_with_the_same_pixels(
    make_model: Callable[..., Model], export_model: "ExportModel", labels: Any
) -> None:
    place = export_model(make_model(MASK, PHOTO, palette=CARS)).parent
    one, all_cores = load_model(place), load_model(place, all_cores=True)
    assert one.runtime == all_cores.runtime == "onnxruntime"
    assert (one(labels, seed=4) == all_cores(labels, seed=4)).all()


def test_a_picture_so_narrow_that_the_network_would_see_a_giant_is_refused(
    make_model: Callable[..., Model], refused: "Refused"
) -> None:
    import numpy as np

    from p2p_datatools.contract.pictures.images import encode_mask

    painter = Painter("m0", "run", Path("run"), Predictor(make_model(MASK, PHOTO, palette=CARS, fit="crop")))
    with refused("large-pass"):
        painter.paint(encode_mask(np.zeros((1, 200_000), np.uint8), CARS), Stroke())
    assert isinstance(painter.paint(encode_mask(np.zeros((40, 50), np.uint8), CARS), Stroke()), PngAnswer)


def test_nothing_is_said_of_the_picture_that_measures_a_model(
    make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path, notes: "Notes"
) -> None:
    # It is blank, as masks are, and the model takes photos: the server asked whether it was the other direction's.
    cars = load_palette("cars")
    segmenter = make_model(Half("photo", "photo"), Half("mask", "mask"), palette=cars, output_as="classes")
    (painter,) = open_painters([write_model(segmenter, tmp_path / "model.safetensors")], notes)
    assert notes.lines == []
    assert painter.milliseconds > 0
