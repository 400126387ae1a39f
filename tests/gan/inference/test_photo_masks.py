"""Photos without labels become a mask folder by a model: what it holds, repetition, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pairs.manifest import Half, read_manifest
from p2p_datatools.contract.palette import load_palette, palette_of
from p2p_datatools.contract.pictures.images import Photo, read_mask, read_photo, write_png
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.pairs.build import pair
from p2p_datatools.splits.apply import split
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.inference.photo_masks import segment_photos
from p2p_gan.inference.sampling import sample
from p2p_gan.models.model import Model
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import ExportModel, WriteModel

CARS = load_palette("cars")
PHOTO, MASK = Half("photo", "photo"), Half("mask", "mask")


def draw_photo(height: int, width: int) -> Photo:
    """The same noise each time."""
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def segmenter(make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path) -> Path:
    """A model from photo to classes, with drawn weights."""
    return write_model(make_model(PHOTO, MASK, palette=CARS, output_as="classes"), tmp_path / "segmenter.safetensors")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name, height in (("a", 32), ("sub/b", 20)):
        write_png(tmp_path / "photos" / f"{name}.png", draw_photo(height, 40))
    return tmp_path / "photos"


def test_each_photo_gets_an_exact_mask_a_picture_of_confidence_and_a_line_the_least_sure_first(
    segmenter: Path, photos: Path, tmp_path: Path
) -> None:
    dest = tmp_path / "masks"
    summary = segment_photos(photos, dest, segmenter)
    assert (summary.built, summary.kept, summary.skipped) == (2, 0, ())
    assert palette_of(dest) == CARS
    lines = read_lines(dest / "doubt.jsonl")
    assert [line["name"] for line in lines] == list(summary.doubts)
    assert [line["confidence"] for line in lines] == sorted(line["confidence"] for line in lines)
    for name in ("a", "sub/b"):
        mask, sure = read_mask(dest / f"{name}.png", CARS), read_photo(dest / "confidence" / f"{name}.png")[..., 0]
        assert mask.shape == sure.shape == read_photo(photos / f"{name}.png").shape[:2]
        assert summary.doubts[name].confidence == pytest.approx(sure.mean() / 255, abs=1 / 255)
    assert sum(summary.areas.values()) == 52 * 40
    assert find_pictures(dest) == [dest / "a.png", dest / "sub" / "b.png"]
    assert check(dest, photos=photos).ok


def test_what_the_model_is_not_sure_of_is_ignored_where_the_picture_of_confidence_says_so(
    segmenter: Path, photos: Path, tmp_path: Path
) -> None:
    whole = segment_photos(photos, tmp_path / "whole", segmenter)
    middle = round(whole.doubts["a"].confidence, 2)
    summary = segment_photos(photos, tmp_path / "sure", segmenter, min_confidence=middle)
    found, sure = read_mask(tmp_path / "sure" / "a.png", CARS), read_photo(tmp_path / "sure" / "confidence" / "a.png")
    ignored = found == 255
    assert 0.1 < summary.doubts["a"].ignored < 0.9
    assert summary.doubts["a"].ignored == pytest.approx(ignored.mean(), abs=1e-4)
    assert sure[..., 0][~ignored].min() >= int(middle * 255) >= sure[..., 0][ignored].max()
    assert np.array_equal(found[~ignored], read_mask(tmp_path / "whole" / "a.png", CARS)[~ignored])


def test_the_same_call_adds_what_is_new_and_keeps_what_a_person_corrected(
    segmenter: Path, photos: Path, tmp_path: Path, refused: "Refused"
) -> None:
    dest = tmp_path / "masks"
    segment_photos(photos, dest, segmenter)
    (dest / "a.png").write_bytes((dest / "sub" / "b.png").read_bytes())  # as a person would by hand
    write_png(photos / "c.png", draw_photo(8, 8))
    summary = segment_photos(photos, dest, segmenter)
    assert (summary.built, summary.kept, len(summary.doubts)) == (1, 2, 3)
    assert (dest / "a.png").read_bytes() == (dest / "sub" / "b.png").read_bytes()
    write_png(photos / "a.png", draw_photo(9, 9))
    with refused("pictures-failed") as error:
        segment_photos(photos, dest, segmenter)
    assert [part.code for part in error.value.parts] == ["source-changed"]
    with refused("other-settings", dest, usage=True):
        segment_photos(photos, dest, segmenter, min_confidence=0.5)


def test_added_photos_are_computed_by_the_runtime_of_the_others(
    make_model: Callable[..., Model], export_model: "ExportModel", photos: Path, tmp_path: Path
) -> None:
    exported = export_model(make_model(PHOTO, MASK, palette=CARS, output_as="classes"))
    hidden = exported.rename(tmp_path / "hidden.onnx")
    segment_photos(photos / "a.png", tmp_path / "masks", exported.parent)
    hidden.rename(exported)
    segment_photos(photos, tmp_path / "masks", exported.parent)
    segment_photos(photos, tmp_path / "others", exported.parent)
    runtimes = {
        folder: {line["runtime"] for line in read_lines(tmp_path / folder / "doubt.jsonl")}
        for folder in ("masks", "others")
    }
    assert runtimes == {"masks": {"torch"}, "others": {"onnxruntime"}}


def test_models_photos_and_places_that_do_not_fit_are_refused_and_nothing_is_written(
    segmenter: Path,
    photos: Path,
    run_folder: Path,
    pair_folder: Path,
    tmp_path: Path,
    make_model: Callable[..., Model],
    write_model: "WriteModel",
    refused: "Refused",
) -> None:
    dest = tmp_path / "masks"
    without = write_model(make_model(PHOTO, MASK), tmp_path / "without.safetensors")
    for model in (run_folder, without):
        with refused("unfit-segmenter", model, usage=False):
            segment_photos(photos, dest, model)
    with refused("other-palette", "--palette scenes", usage=True):
        segment_photos(photos, dest, segmenter, palette=load_palette("scenes"))
    with refused("impossible-setting", usage=True):
        segment_photos(photos, dest, segmenter, min_confidence=1.0)
    with refused("destination-inside-source", usage=True):
        segment_photos(photos, photos / "masks", segmenter)
    with refused("pairs-as-half", pair_folder):
        segment_photos(pair_folder, dest, segmenter)
    with refused("missing-path"):
        segment_photos(tmp_path / "none", dest, segmenter)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "masks.jsonl").write_text("")
    with refused("destination-taken", usage=True):
        segment_photos(photos, tmp_path / "labels", segmenter)
    assert not dest.exists()


def test_a_photo_that_cannot_be_read_stops_the_call_or_is_listed(
    segmenter: Path, photos: Path, tmp_path: Path, refused: "Refused"
) -> None:
    (photos / "z.png").write_bytes((photos / "a.png").read_bytes()[:90])
    write_png(photos / "confidence" / "y.png", np.zeros((8, 8, 3), np.uint8))
    with refused("pictures-failed"):
        segment_photos(photos, tmp_path / "masks", segmenter)
    assert not (tmp_path / "masks").exists()
    summary = segment_photos(photos, tmp_path / "masks", segmenter, keep_going=True, read=ReadOptions(exif="raw"))
    assert sorted(skip.code for skip in summary.skipped) == ["damaged-file", "name-taken"]
    assert summary.built == 2
    assert {line["exif"] for line in read_lines(tmp_path / "masks" / "masks.jsonl")} == {"raw"}


def test_from_photo_to_mask_to_pairs_to_a_photo_the_circle_closes(
    pair_folder: Path, tiny: Config, photos: Path, tmp_path: Path
) -> None:
    settings = {"direction": "b-to-a", "a_encoding": "classes", "gan_loss": "none", "images": 2}
    train(pair_folder, tmp_path / "segmenter", with_settings(tiny, settings))
    segment_photos(photos, tmp_path / "masks", tmp_path / "segmenter")
    pair(tmp_path / "masks", photos, tmp_path / "new")
    split(tmp_path / "new", val=0, test=0)
    folder = read_manifest(tmp_path / "new")
    assert (folder.palette, folder.a.kind, len(folder.of("train"))) == (CARS, "mask", 2)
    train(tmp_path / "new", tmp_path / "painter", with_settings(tiny, {"images": 2}))
    sample(tmp_path / "painter", [tmp_path / "masks"], tmp_path / "painted")
    assert read_photo(tmp_path / "painted" / "sub" / "b.png").shape == (20, 40, 3)
