"""A frame of a video gives what the same picture alone gives, and masks keep their classes through compression."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.formats.video import VideoReader, open_video, write_video
from p2p_datatools.contract.pictures.images import Photo, colorize
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference.mask_inputs import InputChanges, read_mask_colors
from p2p_gan.inference.predictor import load_model
from p2p_gan.inference.runtime_choice import ModelRequest
from p2p_gan.inference.runtimes.translator import AnyModel
from p2p_gan.inference.sampling import SampleOptions
from p2p_gan.inference.video import sample_video
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import WriteModel

MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
CARS = load_palette("cars")
LABELS = np.repeat(np.arange(5, dtype=np.uint8), 320).reshape(40, 40)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Ten frames of a mask whose classes move down."""
    write_video(tmp_path / "clip.mp4", [colorize(np.roll(LABELS, n, axis=0), CARS) for n in range(10)], 8, mark="")
    return tmp_path / "clip.mp4"


@pytest.fixture
def place(make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path) -> Path:
    """A model of masks to photos."""
    return write_model(make_model(MASK, PHOTO, palette=CARS), tmp_path / "model.safetensors")


def test_a_frame_gives_what_its_mask_alone_gives(
    place: Path, clip: Path, tmp_path: Path, notes: "Notes", monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Photo] = []

    def keep(path: Path, frames: Iterable[Photo], rate: float, *, mark: str, pixel: Fraction) -> str:
        given.extend(frames)
        return write_video(path, given, rate, mark=mark, pixel=pixel)

    monkeypatch.setattr("p2p_gan.inference.video.write_video", keep)
    made = sample_video(place, clip, tmp_path / "out.mp4", report=notes)
    assert (made.frames, made.written, made.snapped_frames) == (10, True, 10)
    assert made.snapped > 0
    assert f"{made.snapped:,} pixels went to the colour of a class" in notes.lines[0]
    assert "Dropout differs from frame to frame" in notes.lines[-1]
    model = load_model(place)
    for number, (output, frame) in enumerate(zip(given, open_video(clip).frames(), strict=True)):
        labels = read_mask_colors(clip, frame, CARS, InputChanges(), exact=False)
        assert (labels != np.roll(LABELS, number, axis=0)).mean() <= 0.1  # rows at the borders
        assert np.array_equal(output, model(labels))
    again = sample_video(place, clip, tmp_path / "out.mp4")
    assert (again.frames, again.written) == (10, False)


def test_frames_that_a_damaged_video_only_announces_take_no_memory(
    place: Path, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def announce(path: Path) -> VideoReader:
        found = open_video(path)
        return replace(found, header=replace(found.header, frames=5_000_000))

    def settle(_: ModelRequest, model: AnyModel, sizes: Sequence[Size], **__: object) -> AnyModel:
        asked.append(len(sizes))
        return model

    asked = list[int]()
    monkeypatch.setattr("p2p_gan.inference.video.open_video", announce)
    monkeypatch.setattr(ModelRequest, "settle", settle)
    assert sample_video(place, clip, tmp_path / "out.mp4", keep_going=True).frames == 10
    assert asked == [10**6]


def test_another_video_is_not_overwritten_and_other_settings_are_another_video(
    place: Path, clip: Path, tmp_path: Path, refused: "Refused"
) -> None:
    sample_video(place, clip, tmp_path / "out.mp4")
    with refused("destination-taken", tmp_path / "out.mp4", usage=True):
        sample_video(place, clip, tmp_path / "out.mp4", SampleOptions(sheet=True))
    with refused("destination-taken", clip, usage=True):
        sample_video(place, clip, clip)
    with refused("unfit-setting", usage=True):
        sample_video(place, clip, tmp_path / "two.mp4", SampleOptions(variants=2))
    with refused("wrong-file-name", usage=True):
        sample_video(place, clip, tmp_path / "out.gif")


def test_a_frame_that_the_model_does_not_take_is_named_and_nothing_is_left(
    place: Path, tmp_path: Path, refused: "Refused"
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    write_video(tmp_path / "clip.mp4", [colorize(LABELS, CARS), noise], 8, mark="")
    with refused("photo-not-mask", f"{tmp_path / 'clip.mp4'}, frame 2"):
        sample_video(place, tmp_path / "clip.mp4", tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_masks_come_out_in_their_colours_and_deep_values_have_no_form(
    make_model: Callable[..., Model], write_model: "WriteModel", clip: Path, tmp_path: Path, refused: "Refused"
) -> None:
    segmenter = write_model(make_model(PHOTO, MASK, palette=CARS, output_as="classes"), tmp_path / "s.safetensors")
    made = sample_video(segmenter, clip, tmp_path / "out.mp4", SampleOptions(sheet=True))
    assert open_video(made.dest).header.size == (80, 40)
    assert made.snapped == 0
    deep = Half("deep", "picture", 1, "uint16", (0.0, 900.0))
    place = write_model(make_model(PHOTO, deep), tmp_path / "d.safetensors")
    with refused("other-channels", "photo-to-deep"):
        sample_video(place, clip, tmp_path / "deep.mp4")
    grey = write_model(make_model(Half("grey", "photo", 1), PHOTO), tmp_path / "g.safetensors")
    with refused("other-channels", f"{clip}, frame 1"):
        sample_video(grey, clip, tmp_path / "grey.mp4")
