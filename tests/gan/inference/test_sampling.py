"""Folders through a model: names, variants, repetition, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image

from p2p_datatools.contract.files import destination
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array, read_array
from p2p_datatools.contract.pictures.ground import ground_of
from p2p_datatools.contract.pictures.header import PictureFile, open_picture
from p2p_datatools.contract.pictures.images import read_mask, read_photo, write_png
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.inference import input_pictures
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.inference.input_pictures import InputPicture
from p2p_gan.inference.inputs import read_input
from p2p_gan.inference.mask_inputs import InputChanges
from p2p_gan.inference.runtimes.onnx_runtime import load_onnx_model
from p2p_gan.inference.runtimes.translator import AnyModel
from p2p_gan.inference.sampling import SampleOptions, SampleWork, Variant, sample
from p2p_gan.inference.streams import sample_bytes
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model, read_model
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Deaths, Notes, Refused
    from gan.conftest import ExportModel, WriteModel


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    for number in range(3):
        labels = np.zeros((20 + number, 30, 3), np.uint8)
        labels[5:10, 5 : 10 + number] = (255, 0, 0)
        write_png(tmp_path / "masks" / "sub" / f"{number}.png", labels)
    return tmp_path / "masks"


def test_an_output_lies_where_its_input_does_on_the_ground(
    run_folder: Path, masks: Path, tmp_path: Path, notes: "Notes"
) -> None:
    (masks / "sub" / "0.pgw").write_text("0.5\n0\n0\n-0.5\n10.25\n19.75\n")
    said = "<PAMDataset><SRS>EPSG:32633</SRS><GeoTransform>7,2,0,9,0,-2</GeoTransform></PAMDataset>"
    (masks / "sub" / "1.png.aux.xml").write_text(said)
    out = tmp_path / "out"
    assert sample(run_folder, masks, out, report=notes).written == 3
    assert {path.name for path in (out / "sub").glob("*.xml")} == {"0.png.aux.xml", "1.png.aux.xml"}
    for name in ("0", "1"):
        assert ground_of(out / "sub" / f"{name}.png") == ground_of(masks / "sub" / f"{name}.png") is not None
    assert "EPSG:32633" in (out / "sub" / "1.png.aux.xml").read_text()
    assert any("2 outputs lie where" in line for line in notes.lines)
    assert sample(run_folder, masks, out).kept == 3
    (out / "sub" / "1.png.aux.xml").unlink()
    assert sample(run_folder, masks, out).written == 1
    (masks / "sub" / "1.png.aux.xml").unlink()
    (out / "sub" / "1.png").unlink()
    assert sample(run_folder, masks, out).written == 1
    assert ground_of(out / "sub" / "1.png") is None  # where the earlier output lay says nothing of this one
    sheets = sample(run_folder, masks, tmp_path / "sheets", SampleOptions(sheet=True))
    assert not list(sheets.dest.rglob("*.xml"))  # in a sheet the input lies beside its output


def test_every_picture_of_a_folder_comes_out_under_its_name_in_its_own_size(
    run_folder: Path, masks: Path, tmp_path: Path
) -> None:
    summary = sample(run_folder, [masks], tmp_path / "out")
    assert (summary.written, summary.kept, summary.skipped) == (3, 0, ())
    assert [read_photo(tmp_path / "out" / "sub" / f"{n}.png").shape for n in range(3)] == [
        (20 + n, 30, 3) for n in range(3)
    ]


@pytest.mark.parametrize("tile", [None, 16])
def test_an_output_that_is_no_number_is_never_a_black_picture(
    tile: int | None, run_folder: Path, masks: Path, tmp_path: Path, write_model: "WriteModel", refused: "Refused"
) -> None:
    model = read_model(run_folder)
    with torch.no_grad():
        for value in model.generator.parameters():
            value.mul_(1e30)  # finite, but no product of two of them is
    place, how = write_model(model, tmp_path / "wild.safetensors"), SampleOptions(ApplyOptions(tile=tile))
    with refused("pictures-failed", tmp_path / "out") as error:
        sample(place, [masks], tmp_path / "out", how)
    assert {part.code for part in error.value.parts} == {"not-finite"}
    assert not (tmp_path / "out").exists()


def test_a_picture_is_the_same_alone_and_in_a_folder(run_folder: Path, masks: Path, tmp_path: Path) -> None:
    sample(run_folder, [masks], tmp_path / "all")
    sample(run_folder, [masks / "sub" / "1.png"], tmp_path / "one")
    assert (tmp_path / "one" / "1.png").read_bytes() == (tmp_path / "all" / "sub" / "1.png").read_bytes()


def test_variants_are_numbered_and_the_first_is_that_of_one_alone(
    run_folder: Path, masks: Path, tmp_path: Path
) -> None:
    one = masks / "sub" / "1.png"
    sample(run_folder, [one], tmp_path / "several", SampleOptions(variants=2))
    sample(run_folder, [one], tmp_path / "single")
    first, second = ((tmp_path / "several" / f"1-{n}.png").read_bytes() for n in (1, 2))
    assert first != second
    assert first == (tmp_path / "single" / "1.png").read_bytes()


def test_the_same_call_again_adds_what_is_new_and_keeps_the_rest(run_folder: Path, masks: Path, tmp_path: Path) -> None:
    sample(run_folder, [masks], tmp_path / "out")
    before = (tmp_path / "out" / "sub" / "0.png").stat().st_mtime_ns
    write_png(masks / "new.png", np.zeros((16, 16, 3), np.uint8))
    summary = sample(run_folder, [masks], tmp_path / "out")
    assert (summary.written, summary.kept) == (1, 3)
    assert (tmp_path / "out" / "sub" / "0.png").stat().st_mtime_ns == before


def test_other_settings_do_not_mix_into_the_same_folder(
    run_folder: Path, masks: Path, tmp_path: Path, refused: "Refused"
) -> None:
    sample(run_folder, [masks], tmp_path / "out")
    with refused("other-settings", tmp_path / "out", usage=True):
        sample(run_folder, [masks], tmp_path / "out", SampleOptions(ApplyOptions(seed=1)))


def test_a_model_of_fewer_bits_does_not_mix_into_the_same_folder(
    make_model: "Callable[..., Model]", export_model: "ExportModel", masks: Path, tmp_path: Path, refused: "Refused"
) -> None:
    model = make_model(Half("mask", "mask"), Half("photo", "photo"), palette=load_palette("cars"))
    sample(export_model(model), [masks], tmp_path / "out")
    with refused("other-settings", tmp_path / "out", usage=True) as error:
        sample(export_model(model, "float16"), [masks], tmp_path / "out")
    assert "of another model" in error.value.what


def test_pictures_that_are_computed_side_by_side_count_what_their_passes_take(
    make_model: "Callable[..., Model]", export_model: "ExportModel", tmp_path: Path
) -> None:
    model = make_model(Half("photo", "photo"), Half("photo", "photo"))
    variant, how = Variant(InputPicture("x", tmp_path / "x.png"), 1, "x.png"), SampleOptions(ApplyOptions("native"))
    with Destination(tmp_path / "out", marker="samples.json", recipe={}) as destination:

        def weight(one: AnyModel, size: Size) -> int:
            sizes = {"x": size}
            return SampleWork(one, how, destination, {}, [variant], lambda _: None, sizes).weight(variant)

        small, pixels, exported = Size(64, 32), 64 * 32, load_onnx_model(export_model(model))
        assert weight(model, small) == 96 * pixels  # 6 values of 16 bytes
        assert weight(exported, small) == (96 + 100) * pixels  # the file says 100 bytes for a pass
        assert weight(exported, Size(6400, 3200)) == 96 * 10_000 * pixels  # of large ones one pass has the machine


def test_the_name_of_a_picture_for_the_outputs_does_not_become_a_folder(
    run_folder: Path, masks: Path, tmp_path: Path, refused: "Refused"
) -> None:
    for dest in (tmp_path / "photo.png", tmp_path / "photo.JPG"):
        with refused("wrong-file-name", dest, usage=True):
            sample(run_folder, [masks / "sub" / "0.png"], dest)
        assert not dest.exists()
    with refused("destination-inside-source", masks / "out", usage=True):
        sample(run_folder, [masks], masks / "out")


@pytest.mark.parametrize("line", ["[]", "5", '{"input": "x"}'])
def test_a_damaged_record_of_samples_is_refused_and_nothing_is_written(
    run_folder: Path, masks: Path, tmp_path: Path, line: str, refused: "Refused"
) -> None:
    sample(run_folder, [masks / "sub" / "1.png"], tmp_path / "out")
    (tmp_path / "out" / "samples.jsonl").write_text(f"{line}\n")
    with refused("damaged-file", tmp_path / "out" / "samples.jsonl"):
        sample(run_folder, [masks], tmp_path / "out")
    assert not (tmp_path / "out" / "sub").exists()


def test_a_changed_input_does_not_replace_what_was_made_of_the_old_one(
    run_folder: Path, masks: Path, tmp_path: Path, refused: "Refused"
) -> None:
    sample(run_folder, [masks], tmp_path / "out")
    write_png(masks / "sub" / "0.png", np.full((20, 30, 3), 255, np.uint8))
    with refused("pictures-failed", tmp_path / "out") as error:
        sample(run_folder, [masks], tmp_path / "out")
    assert [(part.code, part.where) for part in error.value.parts] == [("other-source", str(masks / "sub" / "0.png"))]


def test_the_held_out_pairs_of_a_pair_folder_come_with_the_real_picture_on_a_sheet(
    run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    summary = sample(run_folder, [run_folder.parent / "pairs"], tmp_path / "out", SampleOptions(sheet=True))
    assert summary.written == 2
    with open_picture(tmp_path / "out" / "car-010.png") as picture:
        assert read_photo(picture).shape == (32, 96, 3)
        assert picture.role == "sample sheet"
    (tmp_path / "out" / "samples.json").rename(tmp_path / "moved.json")
    with refused("drawn-by-p2p", tmp_path / "out"):
        open_pairs(tmp_path / "out")
    (tmp_path / "moved.json").rename(tmp_path / "out" / "samples.json")
    for line in (tmp_path / "out" / "samples.jsonl").read_text().splitlines():
        assert json.loads(line)["columns"] == ["mask", "generated photo", "real photo"]
    sample(run_folder, [run_folder.parent / "pairs"], tmp_path / "out", SampleOptions(sheet=True))
    assert '"columns"' in (tmp_path / "out" / "samples.jsonl").read_text()


def test_of_an_ordinary_pix2pix_folder_the_held_out_input_halves_are_taken(tiny: Config, tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_png(tmp_path / "maps" / split / "1.png", np.zeros((16, 40, 3), np.uint8))
    train(tmp_path / "maps", tmp_path / "run", replace(tiny, images=1, direction="b-to-a"))
    sample(tmp_path / "run", [tmp_path / "maps"], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*.png")] == ["1.png"]
    assert read_photo(tmp_path / "out" / "val" / "1.png").shape == (16, 20, 3)


def test_a_broken_input_leaves_no_destination_and_the_same_call_continues_once_it_is_repaired(
    run_folder: Path, masks: Path, tmp_path: Path, refused: "Refused"
) -> None:
    (masks / "bad.png").write_text("not a picture")
    with refused("pictures-failed", tmp_path / "out") as error:
        sample(run_folder, [masks], tmp_path / "out")
    assert [(part.code, part.where) for part in error.value.parts] == [("not-a-picture", str(masks / "bad.png"))]
    assert not (tmp_path / "out").exists()
    (masks / "bad.png").unlink()
    assert sample(run_folder, [masks], tmp_path / "out").kept == 3
    assert not (tmp_path / "out.partial").exists()


def test_a_picture_that_is_gone_from_the_destination_is_made_again(
    run_folder: Path, masks: Path, tmp_path: Path
) -> None:
    sample(run_folder, [masks], tmp_path / "out")
    before = (tmp_path / "out" / "sub" / "1.png").read_bytes()
    (tmp_path / "out" / "sub" / "1.png").unlink()
    summary = sample(run_folder, [masks], tmp_path / "out")
    assert (summary.written, summary.kept) == (1, 2)
    assert (tmp_path / "out" / "sub" / "1.png").read_bytes() == before


def test_a_file_that_does_not_belong_to_the_samples_is_not_overwritten(
    run_folder: Path, masks: Path, tmp_path: Path, refused: "Refused"
) -> None:
    sample(run_folder, [masks / "sub" / "0.png"], tmp_path / "out")
    (tmp_path / "out" / "1.png").write_text("mine")
    with refused("pictures-failed") as failure:
        sample(run_folder, [masks / "sub" / "1.png"], tmp_path / "out")
    assert [skip.code for skip in failure.value.parts] == ["file-in-the-way"]
    assert (tmp_path / "out" / "1.png").read_text() == "mine"


def test_unfinished_work_on_an_input_that_has_changed_since_is_redone(
    run_folder: Path, masks: Path, tmp_path: Path, refused: "Refused"
) -> None:
    (masks / "bad.png").write_text("not a picture")
    with refused("pictures-failed"):
        sample(run_folder, [masks], tmp_path / "out", SampleOptions(variants=2))
    (masks / "bad.png").unlink()
    write_png(masks / "sub" / "0.png", np.full((20, 30, 3), 255, np.uint8))
    (masks / "sub" / "1.png").unlink()
    summary = sample(run_folder, [masks], tmp_path / "out", SampleOptions(variants=2))
    assert (summary.written, summary.kept) == (2, 2)
    sample(run_folder, [masks], tmp_path / "at_once", SampleOptions(variants=2))
    names = ["0-1.png", "0-2.png", "2-1.png", "2-2.png"]
    assert sorted(path.name for path in (tmp_path / "out" / "sub").iterdir()) == names
    for name in names:
        assert (tmp_path / "out" / "sub" / name).read_bytes() == (tmp_path / "at_once" / "sub" / name).read_bytes()


def test_a_broken_input_is_one_skip_however_many_variants_there_are_of_it(
    run_folder: Path, masks: Path, tmp_path: Path
) -> None:
    for name in ("bad.png", "sub/1.png"):
        (masks / name).write_text("not a picture")
    summary = sample(run_folder, [masks], tmp_path / "out", SampleOptions(variants=3), keep_going=True)
    assert [Path(skip.where).name for skip in summary.skipped] == ["bad.png", "1.png"]
    assert summary.written == 6


def test_a_picture_is_read_once_for_all_its_variants(
    make_model: Callable[..., Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_model: "WriteModel"
) -> None:
    model, reads = make_model(Half("photo", "photo"), Half("photo", "photo")), []

    def count(file: PictureFile, card: ModelCard, changes: InputChanges) -> Array:
        reads.append(file.path.name)
        return read_input(file, card, changes)

    monkeypatch.setattr(input_pictures, "read_input", count)
    for name in "ab":
        write_png(tmp_path / "in" / f"{name}.png", np.zeros((32, 32, 3), np.uint8))
    place = write_model(model, tmp_path / "m.safetensors")
    assert sample(place, [tmp_path / "in"], tmp_path / "out", SampleOptions(variants=3)).written == 6
    assert sorted(reads) == ["a.png", "b.png"]  # by several threads


def test_a_kill_at_any_moment_leaves_what_the_same_call_completes(
    make_model: Callable[..., Model],
    tmp_path: Path,
    deaths: "Deaths",
    contents: Callable[[Path], dict[str, bytes]],
    monkeypatch: pytest.MonkeyPatch,
    write_model: "WriteModel",
) -> None:
    monkeypatch.setattr(destination, "BATCH", 2)
    place = write_model(make_model(Half("photo", "photo"), Half("photo", "photo")), tmp_path / "m.safetensors")
    for number in range(2):
        write_png(tmp_path / "in" / f"{number}.png", np.full((32, 32, 3), number, np.uint8))

    def work(top: Path) -> None:
        sample(place, [tmp_path / "in"], top / "out", SampleOptions(variants=2))

    work(tmp_path / "at_once")
    top = tmp_path / "killed"
    states = deaths(partial(work, top), top)
    for changes in states:
        work(top)
        assert contents(top) == contents(tmp_path / "at_once"), f"after {changes} changes"
    assert states.changes > 15


def test_going_on_without_it_lists_what_failed(run_folder: Path, masks: Path, tmp_path: Path) -> None:
    (masks / "bad.png").write_text("not a picture")
    summary = sample(run_folder, [masks], tmp_path / "out", keep_going=True)
    assert (summary.written, len(summary.skipped)) == (3, 1)
    assert "bad.png" in (tmp_path / "out" / "skipped.jsonl").read_text()


def test_missing_inputs_and_inputs_that_share_a_name_are_refused(
    run_folder: Path, masks: Path, tmp_path: Path, refused: "Refused"
) -> None:
    with refused("missing-path", masks / "nothing"):
        sample(run_folder, [masks / "nothing"], tmp_path / "out")
    write_png(tmp_path / "other" / "1.png", np.zeros((8, 8, 3), np.uint8))
    with refused("same-name") as error:
        sample(run_folder, [masks / "sub" / "1.png", tmp_path / "other" / "1.png"], tmp_path / "out")
    assert "have the same name, 1" in error.value.what
    (tmp_path / "empty").mkdir()
    with refused("no-pictures", tmp_path / "empty"):
        sample(run_folder, [tmp_path / "empty"], tmp_path / "out")


@pytest.mark.parametrize(
    ("half", "file"),
    [
        (Half("deep", "photo", 3, "uint16", (0.0, 65535.0)), "x.png"),
        (Half("grey", "photo", 1), "x.png"),
        (Half("bands", "picture", 7, "float32", (-2.0, 2.0)), "x.tif"),
        (Half("pair", "picture", 2), "x.tif"),
    ],
)
def test_what_a_model_gives_is_written_exactly(
    make_model: Callable[..., Model], tmp_path: Path, half: Half, file: str, write_model: "WriteModel"
) -> None:
    model = make_model(half, half, size=None)
    pixels = np.random.default_rng(0).uniform(*half.range, (32, 40, half.channels)).astype(half.dtype)
    np.save(tmp_path / "x.npy", pixels[..., 0] if half.channels == 1 else pixels)
    sample(write_model(model, tmp_path / "m.safetensors"), [tmp_path / "x.npy"], tmp_path / "out")
    written = read_array(tmp_path / "out" / file)
    given = read_input(tmp_path / "x.npy", model.card)
    assert written.dtype == half.dtype
    assert np.array_equal(written, apply_model(model, given, ApplyOptions(), variant=1))


def test_classes_are_written_as_an_indexed_mask_of_the_palette(
    make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel"
) -> None:
    palette = load_palette("cars")
    model = make_model(Half("photo", "photo"), Half("mask", "mask"), palette=palette, output_as="classes")
    noise = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    write_png(tmp_path / "x.png", noise)
    sample(write_model(model, tmp_path / "m.safetensors"), [tmp_path / "x.png"], tmp_path / "out")
    data = (tmp_path / "out" / "x.png").read_bytes()
    assert b"PLTE" in data
    assert np.array_equal(
        read_mask(tmp_path / "out" / "x.png", palette), apply_model(model, noise, ApplyOptions(), variant=1)
    )


def test_inputs_that_the_model_does_not_take_are_refused_before_any_work(
    make_model: Callable[..., Model], tmp_path: Path, refused: "Refused", write_model: "WriteModel"
) -> None:
    model = make_model(Half("photo", "photo"), Half("photo", "photo"))
    write_png(tmp_path / "in" / "a.png", np.zeros((8, 8, 3), np.uint8))
    write_png(tmp_path / "in" / "b.png", np.zeros((8, 8), np.uint16))
    with refused("pictures-failed", tmp_path / "out") as error:
        sample(write_model(model, tmp_path / "m.safetensors"), [tmp_path / "in"], tmp_path / "out")
    (part,) = error.value.parts
    assert (part.code, part.where) == ("other-channels", str(tmp_path / "in" / "b.png"))
    assert part.what == "has 1 channel of uint16, but the model takes 3 channels of uint8"
    assert not (tmp_path / "out.partial").exists()
    assert not (tmp_path / "out").exists()


def test_a_pair_folder_of_other_halves_is_reported_once_and_not_for_every_pair(
    make_model: Callable[..., Model], run_folder: Path, tmp_path: Path, refused: "Refused", write_model: "WriteModel"
) -> None:
    deep = Half("deep", "photo", 3, "uint16", (0.0, 65535.0))
    model, pairs = write_model(make_model(deep, deep), tmp_path / "m.safetensors"), run_folder.parent / "pairs"
    with refused("other-halves", pairs) as error:
        sample(model, [pairs], tmp_path / "out")
    assert error.value.what == "has the halves mask and photo, but the direction of the model is deep-to-deep"
    assert not error.value.parts
    assert not (tmp_path / "out").exists()
    summary = sample(model, [pairs], tmp_path / "out", keep_going=True)
    assert (summary.written, len(summary.skipped)) == (0, 2)


def test_pictures_in_strips_are_reported_once_for_each_size(
    make_model: Callable[..., Model], tmp_path: Path, notes: "Notes", write_model: "WriteModel"
) -> None:
    model = make_model(Half("photo", "photo"), Half("photo", "photo"), size=None)
    for name in "ab":
        write_png(tmp_path / "in" / f"{name}.png", np.zeros((96, 64, 3), np.uint8))
    place = write_model(model, tmp_path / "m.safetensors")
    sample(place, [tmp_path / "in"], tmp_path / "out", SampleOptions(ApplyOptions(tile=32)), report=notes)
    assert len(notes.lines) == 1


def test_what_is_not_read_or_has_no_data_or_is_far_from_what_was_learned_is_said(
    make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel", notes: "Notes"
) -> None:
    half = Half("dem", "picture", 1, "float32", (300.0, 350.0))
    place = write_model(make_model(half, half, size=None), tmp_path / "m.safetensors")
    heights = np.linspace(300, 350, 32 * 32, dtype=np.float32).reshape(32, 32)
    (tmp_path / "in").mkdir()
    for name, hole in (("plain", 300), ("hole", np.nan), ("far", -9999)):
        values = heights.copy()
        values[:2] = hole
        np.save(tmp_path / "in" / f"{name}.npy", values)
    (tmp_path / "in" / "x.heic").write_bytes(b"x")
    assert sample(place, [tmp_path / "in"], tmp_path / "out", report=notes).written == 3
    for words in ("1 .heic", "hole.npy: 1 picture has pixels without data", "far.npy: has values from -9999"):
        assert [line for line in notes.lines if words in line], words
    assert not [line for line in notes.lines if "plain" in line]


def test_a_frame_of_an_animation_is_translated_when_it_is_chosen(
    make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel", refused: "Refused"
) -> None:
    model = make_model(Half("photo", "photo"), Half("photo", "photo"))
    place = write_model(model, tmp_path / "m.safetensors")
    frames = [Image.new("RGB", (32, 32), (70 * number, 0, 0)) for number in range(3)]
    frames[0].save(tmp_path / "x.png", save_all=True, append_images=frames[1:])
    write_png(tmp_path / "second" / "x.png", np.asarray(frames[1]))
    with refused("pictures-failed"):
        sample(place, [tmp_path / "x.png"], tmp_path / "out")
    sample(place, [tmp_path / "x.png"], tmp_path / "out", SampleOptions(read=ReadOptions(2)))
    sample(place, [tmp_path / "second"], tmp_path / "same")
    assert np.array_equal(read_array(tmp_path / "out" / "x.png"), read_array(tmp_path / "same" / "x.png"))


@pytest.mark.parametrize(("most", "said"), [(250, "as pictures of 8 bits have"), (5000, ""), (60000, "another scale")])
def test_values_of_another_scale_than_those_of_training_are_noted(
    make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel", notes: "Notes", most: int, said: str
) -> None:
    deep = Half("deep", "picture", 1, "uint16", (0.0, 16383.0))
    write_png(tmp_path / "x.png", np.linspace(0, most, 1200).reshape(30, 40).astype(np.uint16))
    model = write_model(make_model(deep, Half("photo", "photo")), tmp_path / "m.safetensors")
    sample(model, tmp_path / "x.png", tmp_path / "out", report=notes)
    assert [said in line for line in notes.lines if "was trained on" in line] == [True] * bool(said)


@pytest.mark.parametrize(
    ("dtype", "high", "tops", "noted"),
    [
        ("float32", 5600.0, (4.9, 5.1, 3.2), True),  # metres for millimetres
        ("float32", 5600.0, (4.9, 5.1, 320), False),  # two are of flat land
        ("float32", 5600.0, (4.9, 5.1), False),
        ("uint16", 65535.0, (3900, 4000, 3000), True),  # 12 bits
        ("uint16", 65535.0, (3900, 4000, 9000), False),
    ],
)
def test_pictures_that_all_have_a_small_part_of_the_range_are_noted(
    make_model: Callable[..., Model],
    tmp_path: Path,
    write_model: "WriteModel",
    notes: "Notes",
    dtype: str,
    high: float,
    tops: tuple[float, ...],
    noted: bool,
) -> None:
    model = make_model(Half("height", "picture", 1, dtype, (0.0, high)), Half("photo", "photo"))
    (tmp_path / "in").mkdir()
    for number, top in enumerate(tops):
        np.save(tmp_path / "in" / f"{number}.npy", np.linspace(0, top, 1200).reshape(30, 40).astype(dtype))
    sample(write_model(model, tmp_path / "m.safetensors"), tmp_path / "in", tmp_path / "out", report=notes)
    assert ["has no value beyond" in line for line in notes.lines] == [True] * noted


@pytest.mark.parametrize(("least", "most", "noted"), [(-0.9, -0.1, True), (1.1, 1.4, True), (-0.3, 1.2, False)])
def test_a_picture_without_any_value_of_training_is_noted(
    make_model: Callable[..., Model],
    tmp_path: Path,
    write_model: "WriteModel",
    notes: "Notes",
    least: float,
    most: float,
    noted: bool,
) -> None:
    height = Half("height", "picture", 1, "float32", (0.0, 1.0))
    (tmp_path / "many").mkdir()
    np.save(tmp_path / "x.npy", np.linspace(least, most, 1200).reshape(30, 40).astype(np.float32))
    model = write_model(make_model(height, Half("photo", "photo")), tmp_path / "m.safetensors")
    sample(model, tmp_path / "x.npy", tmp_path / "out", report=notes)
    assert any("was trained on" in line for line in notes.lines) == noted
    notes.lines.clear()
    for number in range(3):
        np.save(tmp_path / "many" / f"{number}.npy", np.full((30, 40), 5 + number, np.float32))
    sample(model, tmp_path / "many", tmp_path / "outs", report=notes)
    (line,) = notes.lines
    assert "0.npy: has values from 5 to 5" in line
    assert line.endswith(" 2 other pictures have values unlike those, too."), "a line in all, and not one for each"
    notes.lines.clear()
    sample_bytes(model, (tmp_path / "x.npy").read_bytes(), report=notes)
    assert any("was trained on" in line for line in notes.lines) == noted
