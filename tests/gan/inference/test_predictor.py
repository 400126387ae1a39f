"""A model is a function: the same kind of picture out as in, with the pixels that `p2p sample` writes."""

import copy
import io
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image

from p2p_datatools.contract.pairs.manifest import Half, HalfPart
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import colorize, write_mask, write_png
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.inference.predictor import Predictor, load_model
from p2p_gan.inference.runtimes import openvino_runtime
from p2p_gan.inference.sampling import SampleOptions, sample
from p2p_gan.inference.shared import SharedTranslator
from p2p_gan.machine import memory
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import ExportModel, WriteModel

MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
CARS = load_palette("cars")
NOISE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
LABELS = np.repeat(np.arange(5, dtype=np.uint8), 200).reshape(25, 40)


@pytest.fixture
def painter(make_model: Callable[..., Model]) -> Predictor:
    """A model of masks as colours to photos."""
    return Predictor(make_model(MASK, PHOTO, palette=CARS))


@pytest.fixture
def segmenter(make_model: Callable[..., Model]) -> Predictor:
    """A model of photos to classes."""
    return Predictor(make_model(PHOTO, MASK, palette=CARS, output_as="classes"))


def test_it_gives_the_pixels_that_sample_writes_for_the_same_seed_and_variant(
    make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path
) -> None:
    place = write_model(make_model(MASK, PHOTO, palette=CARS), tmp_path / "run" / "model.safetensors")
    write_mask(tmp_path / "in" / "x.png", LABELS, CARS)
    sample(place.parent, tmp_path / "in", tmp_path / "out", SampleOptions(ApplyOptions(seed=3), variants=2))
    for path in (place, str(place.parent)):
        model = load_model(path)
        found = model(LABELS, seed=3, variants=2)
        for number, output in enumerate(found, 1):
            assert np.array_equal(output, np.asarray(Image.open(tmp_path / "out" / f"x-{number}.png")))
        assert np.array_equal(model(LABELS, seed=3, variant=2), found[1])
    assert not np.array_equal(*found)


def test_every_kind_of_picture_gives_its_own_kind_with_the_same_pixels(painter: Predictor) -> None:
    colors = colorize(LABELS, CARS)
    output = painter(LABELS)
    assert (output.dtype, output.shape) == (np.uint8, (25, 40, 3))
    for same in (LABELS.astype(np.int64), LABELS[..., None], colors, colors.astype(np.int16)):
        assert np.array_equal(painter(same), output)
    share = painter(colors / 255)
    assert share.dtype == np.float32
    assert np.array_equal(np.rint(share * 255), output)
    image = painter(Image.fromarray(colors))
    assert isinstance(image, Image.Image)
    assert np.array_equal(np.asarray(image), output)
    tensor = torch.from_numpy(colors).permute(2, 0, 1)
    assert np.array_equal(painter(tensor).permute(1, 2, 0).numpy(), output)
    half = painter(tensor.half() / 255)
    assert (half.dtype, half.shape) == (torch.float16, (3, 25, 40))
    assert np.array_equal(painter(torch.from_numpy(LABELS)), painter(tensor))


def test_a_batch_gives_a_batch_and_pictures_of_several_sizes_a_list(painter: Predictor) -> None:
    colors = colorize(LABELS, CARS)
    batch = painter(np.stack([colors, colors[::-1]]))
    assert batch.shape == (2, 25, 40, 3)
    assert np.array_equal(batch[1], painter(colors[::-1]))
    assert painter(torch.zeros(2, 3, 33, 20, dtype=torch.uint8)).shape == (2, 3, 33, 20)
    first, second = painter([LABELS, LABELS[:10]], variants=2)
    assert [each.shape for each in first] == [(25, 40, 3), (10, 40, 3)]
    assert not np.array_equal(first[0], second[0])


def test_classes_are_indices_and_in_pillow_a_picture_with_the_palette(segmenter: Predictor) -> None:
    indices = segmenter(NOISE)
    assert (indices.dtype, indices.shape) == (np.uint8, (40, 50))
    assert np.array_equal(segmenter(NOISE / 255), indices)
    assert segmenter(np.stack([NOISE])).shape == (1, 40, 50, 1)
    assert segmenter(torch.from_numpy(NOISE).permute(2, 0, 1)).shape == (1, 40, 50)
    image = segmenter(Image.fromarray(NOISE))
    assert image.mode == "P"
    assert np.array_equal(np.asarray(image), indices)
    assert np.array_equal(np.asarray(image.convert("RGB")), colorize(indices, CARS))


def test_a_picture_of_pillow_is_read_as_its_file_is(segmenter: Predictor, painter: Predictor, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(NOISE).save(tmp_path / "x.jpg", exif=exif)
    assert segmenter(Image.open(tmp_path / "x.jpg")).size == (40, 50)
    assert segmenter(Image.fromarray(NOISE[..., 0])).size == (50, 40)
    colors = Image.fromarray(colorize(LABELS, CARS))
    colors.save(tmp_path / "mask.jpg", quality=95)
    assert np.array_equal(np.asarray(painter(Image.open(tmp_path / "mask.jpg"))), painter(LABELS))
    clear = colors.convert("RGBA")
    clear.putalpha(Image.fromarray(np.where(LABELS == 0, 0, 255).astype(np.uint8)))
    assert np.array_equal(np.asarray(painter(clear)), painter(LABELS))
    indexed = Image.fromarray(LABELS)
    indexed.putpalette(CARS.colors().tobytes())
    assert np.array_equal(np.asarray(painter(indexed)), painter(LABELS))


def test_blended_colours_become_those_of_the_classes_and_that_is_said(
    make_model: Callable[..., Model], notes: "Notes"
) -> None:
    model = Predictor(make_model(MASK, PHOTO, palette=CARS), notes)
    colors = colorize(np.repeat(LABELS, 4, axis=0), CARS)
    exact = model(colors)
    colors[30, 3] = (250, 3, 0)
    assert np.array_equal(model(colors), exact)
    assert np.array_equal(model(colors), exact)
    assert len(notes.lines) == 1
    assert "1 pixel went to the colour" in notes.lines[0]


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        ("masks/7.png", "not-a-picture"),
        (NOISE, "photo-not-mask"),
        (NOISE[..., :2], "other-channels"),
        (LABELS + 3, "unknown-class"),
        (LABELS / 5, "value-type"),
        (NOISE.astype(float), "value-range"),
        (LABELS[:0], "array-shape"),
        (np.zeros(3), "array-shape"),
        (torch.zeros(3), "array-shape"),
        (np.moveaxis(NOISE, -1, 0), "array-shape"),
        (np.where(NOISE > 9, np.nan, 0.5), "value-range"),
        (np.ma.masked_greater(LABELS, 1), "value-type"),
        ([], "empty-batch"),
        (Image.fromarray(NOISE), "photo-not-mask"),
    ],
)
def test_what_is_no_input_is_one_line(painter: Predictor, picture: Any, code: str, refused: "Refused") -> None:
    with refused(code):
        painter(picture)


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("batch", [False, True])
def test_the_order_of_axes_is_said_for_arrays_and_tensors_of_whatever_a_model_takes(
    channels: int, batch: bool, make_model: Callable[..., Model], refused: "Refused"
) -> None:
    half = Half("a", "picture", channels, "uint8", (0.0, 255.0))
    model = Predictor(make_model(half, PHOTO))
    values = np.zeros((40, 50, channels), np.uint8)
    tensor = torch.from_numpy(values)
    for wrong in (np.moveaxis(values, -1, 0), tensor[None] if batch else tensor):
        with refused("array-shape", "the picture", usage=True) as error:
            model(wrong)
        assert "(channels, height, width)" in error.value.to_do
    assert model(tensor.permute(2, 0, 1)).shape == (3, 40, 50)


def test_three_masks_of_class_indices_are_no_mask_of_colours(painter: Predictor, refused: "Refused") -> None:
    batch = np.stack([LABELS, LABELS[::-1], LABELS[:, ::-1]])
    for wrong in (torch.from_numpy(batch), torch.from_numpy(batch).long(), np.moveaxis(batch, 0, -1)):
        with refused("array-shape", "the picture", usage=True):
            painter(wrong)
    assert np.array_equal(painter(torch.from_numpy(batch)[:, None])[1].permute(1, 2, 0), painter(LABELS[::-1]))
    assert painter(np.zeros((8, 9, 3), np.uint8)).shape == (8, 9, 3)  # the colour of background
    worn = np.zeros((20, 30, 3), np.uint8)
    worn[4, 5] = 2, 2, 2
    assert np.array_equal(painter(worn), painter(np.zeros((20, 30), np.uint8)))


def test_dark_colours_of_many_classes_are_colours_also_with_soft_edges(
    make_model: Callable[..., Model], refused: "Refused"
) -> None:
    classes = tuple(PaletteClass(f"class {each}", (each, 2 * each % 97, 0)) for each in range(150))
    palette = Palette("many", classes)
    painter = Predictor(make_model(MASK, PHOTO, palette=palette))
    labels = np.where(np.arange(40) < 20, 120, 60).astype(np.uint8)[None].repeat(30, axis=0)
    soft = colorize(labels, palette)
    soft[:, 19:21] = soft[:, [19]] // 2 + soft[:, [20]] // 2
    assert painter(soft).shape == (30, 40, 3)
    with refused("array-shape", "the picture", usage=True):
        painter(np.stack([labels] * 3, axis=-1))


def test_values_of_another_scale_than_those_of_training_are_noted_once(
    make_model: Callable[..., Model], notes: "Notes"
) -> None:
    depth = Half("depth", "picture", 1, "uint16", (0.0, 10_000.0))
    predictor = Predictor(make_model(depth, PHOTO), notes)
    ramp = np.linspace(0, 9_000, 1200).reshape(30, 40).astype(np.uint16)
    predictor(ramp)
    assert not notes.lines
    for _ in range(2):
        predictor(torch.from_numpy(ramp // 50))
    assert ["no value above 180" in line for line in notes.lines] == [True]
    predictor(ramp + np.uint16(20_000))
    assert "has values from 20000 to 29000, but the model was trained on 0 to 10000" in notes.lines[1]


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(3, 4, 5, device="meta"),
        torch.zeros(3, 4, 5).to_sparse(),
        torch.zeros(3, 4, 5, dtype=torch.complex64),
        torch.nested.as_nested_tensor([torch.zeros(3, 4, 5)], layout=torch.jagged),
    ],
    ids=["meta", "sparse", "complex", "nested"],
)
def test_a_tensor_without_plain_values_is_one_line(
    painter: Predictor, tensor: torch.Tensor, refused: "Refused"
) -> None:
    with refused("value-type", "the picture", usage=True):
        painter(tensor)


def test_arrays_may_lie_in_memory_in_any_way(segmenter: Predictor) -> None:
    wanted = segmenter(NOISE)
    wide, alone = np.repeat(NOISE, 2, axis=1)[:, ::2], NOISE.copy()
    alone.flags.writeable = False
    for same in (np.asfortranarray(NOISE), NOISE[::-1].copy()[::-1], wide, alone, NOISE.astype(">i4"), NOISE / 255):
        assert np.array_equal(segmenter(same), wanted)
    tensor = torch.from_numpy(NOISE).permute(2, 0, 1)
    for other in (tensor.contiguous(), torch._neg_view(-(tensor.double() / 255)), (tensor / 255).requires_grad_()):
        assert np.array_equal(segmenter(other)[0], wanted)


def test_truth_values_are_no_shades_and_numbers_beyond_a_model_s_are_one_line(
    make_model: Callable[..., Model], refused: "Refused"
) -> None:
    grey, height = Half("a", "picture", 1, "uint8", (0.0, 255.0)), Half("a", "picture", 1, "float32", (0.0, 1.0))
    with refused("value-type", "the picture", usage=True) as error:
        Predictor(make_model(grey, grey))(NOISE[..., 0] > 99)
    assert "np.where(values, 255, 0)" in error.value.to_do
    model = Predictor(make_model(height, grey))
    with refused("value-type", "the picture", usage=True) as error:
        model(NOISE[..., 0] > 99)
    assert "np.where(values, HIGH, LOW)" in error.value.to_do, "255 is no value of such a model"
    for wrong, code in ((1e300, "value-range"), (np.inf, "value-range"), (np.nan, "all-nodata")):
        with refused(code, "the picture", usage=True):
            model(np.full((4, 5), wrong))
    with refused("value-range", "the picture", usage=True):
        Predictor(make_model(Half("a", "picture", 1, "uint16", (0.0, 9.0)), grey))(np.full((4, 5), 2**40))


def test_what_is_wrong_with_a_picture_of_pillow_is_said_of_the_picture(
    make_model: Callable[..., Model], refused: "Refused"
) -> None:
    model = Predictor(make_model(Half("a", "picture", 1, "uint8", (0.0, 255.0)), PHOTO))
    for mode in ("CMYK", "F", "I", "I;16"):
        image = Image.fromarray(NOISE[..., 0]).convert(mode) if mode != "CMYK" else Image.fromarray(NOISE).convert(mode)
        with refused("other-channels", "the picture"):
            model(image)


def test_a_predictor_is_copied_and_pickled_with_its_model_and_copies_say_what_they_say(
    make_model: Callable[..., Model], export_model: "ExportModel", notes: "Notes"
) -> None:
    file = export_model(make_model(MASK, PHOTO, palette=CARS))
    in_torch = Predictor(make_model(MASK, PHOTO, palette=CARS), notes)
    for model in (in_torch, load_model(file), load_model(file, all_cores=True), load_model(file.parent)):
        wanted = model(LABELS)
        again = pickle.loads(pickle.dumps(Predictor(model.model)))
        for same in (copy.copy(model), copy.deepcopy(model), again):
            assert repr(same) == repr(model)
            assert np.array_equal(same(LABELS), wanted)
    twin = copy.deepcopy(in_torch)
    assert twin.model is not in_torch.model
    colors = colorize(np.repeat(LABELS, 4, axis=0), CARS)
    colors[30, 3] = (250, 3, 0)
    twin(colors)
    assert len(notes.lines) == 1


_FORKS = """
import os, sys, time
import numpy as np
from p2p_gan import load_model

picture = np.random.default_rng(0).integers(0, 256, (280, 300, 3), dtype=np.uint8)
for runtime in sys.argv[2:]:
    model = load_model(sys.argv[1], runtime=runtime, all_cores=True)
    model(picture)
    if not (child := os.fork()):
        model(picture, seed=1)
        print(runtime, "by", model.runtime, flush=True)
        os._exit(7)
    for _ in range(300):
        if ended := os.waitpid(child, os.WNOHANG)[1]:
            break
        time.sleep(0.1)
    else:
        os.kill(child, 9)
    print(runtime, os.waitstatus_to_exitcode(ended))
print("sympy" in sys.modules)  # slow to load, and no model needs it
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.parametrize(
    "asked", [("onnxruntime",), pytest.param(("torch", "openvino"), marks=pytest.mark.long)], ids="+".join
)
def test_a_process_that_was_forked_after_a_picture_waits_for_no_thread_of_the_other(
    asked: tuple[str, ...], make_model: Callable[..., Model], export_model: "ExportModel"
) -> None:
    runtimes = [each for each in asked if each != "openvino" or find_spec("openvino")]
    place = export_model(make_model(PHOTO, PHOTO)).parent
    command = [sys.executable, "-u", "-c", _FORKS, str(place / "model.safetensors"), *runtimes]
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    found = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    by = {runtime: runtime.replace("openvino", "onnxruntime") for runtime in runtimes}  # OpenVINO may wait for ever
    lines = [line for each in runtimes for line in (f"{each} by {by[each]}", f"{each} 7")]
    assert found.stdout.split("\n")[:-1] == [*lines, "False"], found.stderr


def test_openvino_does_not_compute_where_it_may_wait_for_ever(
    make_model: Callable[..., Model], export_model: "ExportModel", refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    model = load_model(export_model(make_model(PHOTO, PHOTO)), runtime="openvino")
    monkeypatch.setattr(openvino_runtime, "may_compile", lambda: False)
    with refused("forked-process"):
        model(NOISE)


def test_a_process_that_was_forked_does_not_wait_for_a_lock_that_a_thread_held(
    painter: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = painter(LABELS)
    (translator,) = painter._translators.values()
    assert isinstance(translator, SharedTranslator)
    with painter._lock, translator._lock:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert np.array_equal(painter(LABELS), wanted)


@pytest.mark.parametrize("wrong", ["run", Path("run/model.safetensors"), None])
def test_what_is_no_model_is_refused_at_once(wrong: Any, refused: "Refused") -> None:
    with refused("missing-model", usage=True) as error:
        Predictor(wrong)
    assert "load_model(PATH)" in error.value.to_do


def test_a_mask_that_hides_nothing_changes_nothing(painter: Predictor) -> None:
    assert np.array_equal(painter(np.ma.array(LABELS, mask=False)), painter(LABELS))


def test_deep_values_keep_their_type_and_others_are_refused(
    make_model: Callable[..., Model], refused: "Refused"
) -> None:
    deep = Half("deep", "picture", 2, "uint16", (100.0, 900.0))
    model = Predictor(make_model(deep, deep))
    pixels = np.random.default_rng(0).integers(100, 900, (40, 33, 2), dtype=np.uint16)
    output = model(pixels)
    assert (output.dtype, output.shape) == (np.uint16, pixels.shape)
    assert np.array_equal(model(pixels.astype(np.int32)), output)
    with refused("value-type"):
        model(pixels / 900)
    with refused("other-channels"):
        model(pixels[..., 0])
    with refused("value-range"):
        model(pixels.astype(np.int32) - 200)
    floats = Half("height", "picture", 1, "float32", (0.0, 1.0))
    model = Predictor(make_model(floats, deep))
    holes = np.linspace(0, 1, 1200, dtype=np.float64).reshape(30, 40)
    filled = np.where(holes < 0.1, np.float64(0.1), holes)
    filled.flat[0] = np.nan
    assert model(holes).dtype == np.uint16
    assert model(filled).shape == (30, 40, 2)
    with refused("no-pillow-mode", usage=True):
        model(Image.fromarray(holes.astype(np.float32)))


def test_values_of_an_output_s_own_range_are_not_squeezed_into_the_type_of_what_was_given(
    make_model: Callable[..., Model],
) -> None:
    # Of 16 bits, floats end at 65,504 and bfloat16 knows 256 steps: an elevation of 90,000 was infinite.
    model = Predictor(make_model(PHOTO, Half("height", "picture", 1, "float32", (0.0, 90_000.0))))
    photo = torch.rand((3, 32, 32), generator=torch.Generator().manual_seed(0)).half()
    for given in (photo, photo.bfloat16()):
        assert model(given).dtype == torch.float32
    assert torch.equal(model(photo), model(photo.float()))


def test_an_array_with_transparency_is_told_how_it_is_given(
    painter: Predictor, segmenter: Predictor, refused: "Refused"
) -> None:
    clear = np.dstack([NOISE, np.full(NOISE.shape[:2], 255, np.uint8)])
    for model, values in ((segmenter, clear), (painter, np.dstack([colorize(LABELS, CARS), LABELS]))):
        with refused("other-channels") as error:
            model(values)
        assert "transparency" in error.value.what
        assert model(values[..., :-1]) is not None
    assert np.array_equal(np.asarray(segmenter(Image.fromarray(clear))), segmenter(NOISE))


def test_a_model_of_several_pictures_says_how_their_channels_are_given_together(
    make_model: Callable[..., Model], refused: "Refused"
) -> None:
    parts = HalfPart("masks", "mask", 3, CARS), HalfPart("edges", "photo", 1)
    model = Predictor(make_model(Half("inputs", "picture", 4, parts=parts), PHOTO))
    mask, edges = colorize(LABELS, CARS), LABELS * np.uint8(60)
    assert model(np.dstack([mask, edges])).shape == (*LABELS.shape, 3)
    for alone in (mask, edges, LABELS, (mask, edges), Image.fromarray(mask), Image.fromarray(np.dstack([mask, edges]))):
        with refused("other-number") as error:
            model(alone)
        assert "masks (3 channels), edges (1 channel) together" in error.value.what
        assert "np.dstack" in error.value.to_do


def test_threads_get_the_pixels_that_one_gets(painter: Predictor) -> None:
    wanted = [painter(LABELS, seed=number) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: painter(LABELS, seed=number), range(4)))
    assert np.array_equal(found, wanted)


def test_in_torch_one_thread_at_a_time_computes(
    make_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(MASK, PHOTO, palette=CARS)
    inside, most, painter, plain = 0, 0, Predictor(model), model.generator.forward

    def watch(*given: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.05)
        inside -= 1
        return plain(*given)

    monkeypatch.setattr(model.generator, "forward", watch)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda seed: painter(LABELS, seed=seed), range(3)))
    assert most == 1


def test_sizes_are_said_as_on_the_command_line(painter: Predictor, refused: "Refused") -> None:
    wanted = apply_model(painter, colorize(LABELS, CARS), ApplyOptions(size="native"), variant=1)
    assert np.array_equal(painter(LABELS, size="native"), wanted)
    assert np.array_equal(painter(LABELS, size=64), painter(LABELS, size=(64, 64)))
    assert np.array_equal(painter(LABELS, size="96x64"), painter(LABELS, size=(96, 64)))
    assert not np.array_equal(painter(LABELS, dropout=False), painter(LABELS))
    with refused("impossible-setting", usage=True):
        painter(LABELS, size=63)
    with refused("impossible-setting", usage=True):
        painter(LABELS, variants=0)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"seed": None}, {"seed": 1.5}, {"seed": "1"}, {"variant": 1.5}, {"variants": 2.0}, {"size": 32.0}),
        *({"size": (32, 32, 3)}, {"dropout": "off"}, {"dropout": None}, {"dropout": 0}, {"variant": 0}),
    ],
    ids=str,
)
def test_a_setting_of_another_type_is_refused_and_means_nothing_else(
    wrong: dict[str, Any], painter: Predictor, refused: "Refused"
) -> None:
    with refused("impossible-setting", usage=True):
        painter(LABELS, **wrong)


def test_whole_numbers_of_numpy_are_taken_as_those_of_python(painter: Predictor) -> None:
    ours: dict[str, Any] = {"seed": 3, "size": 64, "variant": 2}
    theirs: dict[str, Any] = {"seed": np.int64(3), "size": [np.int32(64), 64], "variant": np.uint8(2)}
    assert np.array_equal(painter(LABELS, **theirs), painter(LABELS, **ours))
    theirs["size"] = np.array([64, 64])
    assert np.array_equal(painter(LABELS, **theirs), painter(LABELS, **ours))


def test_an_onnx_file_is_a_model_too_and_leaves_pictures_too_large_for_it_to_torch(
    make_model: Callable[..., Model], export_model: "ExportModel", monkeypatch: pytest.MonkeyPatch
) -> None:
    place = export_model(make_model(PHOTO, PHOTO))
    first, second = load_model(place), load_model(place.parent, runtime="torch")
    assert (first.runtime, second.runtime) == ("onnxruntime", "torch")
    assert first.card == second.card
    assert np.abs(first(NOISE).astype(int) - second(NOISE)).max() <= 1
    both = load_model(place.parent, device="cpu")
    assert both.runtime == "onnxruntime"
    monkeypatch.setitem(memory.MOST, "cpu", 1000)
    monkeypatch.setattr("p2p_gan.inference.runtimes.torch_runtime.layout_of", lambda *_, **__: None)
    assert np.array_equal(both(NOISE), second(NOISE))


def test_it_says_what_it_is(painter: Predictor) -> None:
    assert repr(painter) == "<Predictor mask-to-photo, size 32x32, torch>"
    write = painter.card.output
    assert (write.channels, write.dtype, painter.unit) == (3, "uint8", 32)


def test_a_run_folder_without_a_model_is_one_line(tmp_path: Path, refused: "Refused") -> None:
    write_png(tmp_path / "x.png", NOISE)
    with refused("missing-model", tmp_path):
        load_model(tmp_path)
    with refused("missing-model"):
        load_model(tmp_path / "no.onnx")


@pytest.mark.parametrize("device", [0, -1, 1.5, True, ("cuda", 0)])
def test_what_is_no_name_of_a_device_is_one_line(
    device: Any, make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path, refused: "Refused"
) -> None:
    place = write_model(make_model(PHOTO, PHOTO), tmp_path / "model.safetensors")
    with refused("unknown-device", usage=True):
        load_model(place, device=device)


def test_a_device_of_torch_is_taken_as_its_name_is(
    make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path, refused: "Refused"
) -> None:
    place = write_model(make_model(PHOTO, PHOTO), tmp_path / "model.safetensors")
    wanted = load_model(place, device="cpu")(NOISE)
    for device in (torch.device("cpu"), None):
        assert np.array_equal(load_model(place, device=device)(NOISE), wanted)
    with refused("unknown-device", "device=meta", usage=True):
        load_model(place, device=torch.device("meta"))


@pytest.mark.parametrize("path", [io.BytesIO(b"model"), b"model", None, 5])
def test_what_is_no_path_of_a_model_is_one_line(path: Any, refused: "Refused") -> None:
    with refused("missing-model", usage=True):
        load_model(path)
