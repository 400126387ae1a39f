"""Pictures that a model sees much smaller or of another shape than those of its training are noted, others are not."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.formats.video import write_video
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.data.sizing import Proportions
from p2p_gan.inference.apply import ApplyOptions
from p2p_gan.inference.photo_masks import segment_photos
from p2p_gan.inference.sampling import sample
from p2p_gan.inference.seen_sizes import note_sizes
from p2p_gan.inference.streams import sample_bytes
from p2p_gan.inference.video import sample_video
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Notes
    from gan.conftest import WriteModel

CARS = Proportions(1.5, 1.6667, 2.0)
WIDE, NARROW = Size(320, 96), Size(64, 96)


@pytest.fixture(params=["stretch", "pad", "crop", "keep"])
def fit(request: pytest.FixtureRequest) -> str:
    """A way by which pictures came to the model's size."""
    return str(request.param)


def noted(model: Model, sizes: list[Size], notes: "Notes", how: ApplyOptions | None = None) -> list[str]:
    """What is noted of pictures of these sizes."""
    note_sizes(model, {str(size): size for size in sizes}, how or ApplyOptions(), notes)
    return [line for line in notes.lines if "proportions" in line]


@pytest.mark.parametrize(("own", "times"), [(WIDE, "1.7"), (NARROW, "2.2"), (Size(160, 240), "2.2")])
def test_pictures_of_another_shape_are_distorted_only_where_training_stretched(
    make_model: Callable[..., Model], notes: "Notes", fit: str, own: Size, times: str
) -> None:
    model = make_model(Half("a", "picture"), Half("b", "picture"), fit=fit, proportions=CARS)
    found = noted(model, [own, Size(160, 96)], notes)
    assert len(found) == (fit == "stretch")
    assert all(f"{own}, is" in line and f"distorted {times} times" in line for line in found)


@pytest.mark.parametrize("own", [Size(144, 96), Size(192, 96), Size(250, 96), Size(100, 96)])
def test_nearly_the_proportions_of_training_are_none_to_speak_of(
    make_model: Callable[..., Model], notes: "Notes", own: Size
) -> None:
    assert not noted(make_model(Half("a", "picture"), Half("b", "picture"), proportions=CARS), [own], notes)


@pytest.mark.parametrize("how", [ApplyOptions(size="native"), ApplyOptions(size=Size(64, 64))])
def test_nothing_is_said_to_those_who_chose_a_size_or_of_a_model_that_does_not_say_its_proportions(
    make_model: Callable[..., Model], notes: "Notes", how: ApplyOptions
) -> None:
    a, b = Half("a", "picture"), Half("b", "picture")
    assert not noted(make_model(a, b, proportions=CARS), [WIDE], notes, how)
    assert not noted(make_model(a, b), [WIDE], notes)
    assert noted(make_model(a, b, proportions=CARS), [WIDE], notes)


@pytest.mark.parametrize("way", ["folder", "stdin", "video", "masks"])
def test_each_way_to_apply_a_model_says_what_it_sees_of_pictures_of_another_size_and_shape(
    way: str, make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path, notes: "Notes"
) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (96, 320, 3), np.uint8)
    a, b, more = Half("photo", "photo"), Half("mask", "mask"), {"palette": load_palette("cars"), "proportions": CARS}
    model = write_model(make_model(a, b, output_as="classes", **more), tmp_path / "model.safetensors")
    write_png(tmp_path / "in" / "wide.png", photo)
    if way == "folder":
        sample(model, tmp_path / "in", tmp_path / "out", report=notes)
    elif way == "stdin":
        sample_bytes(model, (tmp_path / "in" / "wide.png").read_bytes(), report=notes)
    elif way == "video":
        write_video(tmp_path / "clip.mp4", [photo], 8, mark="")
        sample_video(model, tmp_path / "clip.mp4", tmp_path / "out.mp4", report=notes)
    else:
        segment_photos(tmp_path / "in", tmp_path / "out", model, report=notes)
    shrunk = [line for line in notes.lines if "shrunk to the size of training" in line]
    squeezed = [line for line in notes.lines if "other proportions than those of training" in line]
    assert (len(shrunk), len(squeezed)) == (1, 1), notes.lines
    # 'p2p data build-masks' has no --size.
    assert all(("--size native" in line) == (way != "masks") for line in shrunk + squeezed)
