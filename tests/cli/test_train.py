"""`p2p train` on pairs of every kind: deep, of many channels, as classes, of many shapes; what it says, and its end."""

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2p_cli import app
from p2p_cli.app import main
from p2p_datatools.contract.pairs.halves import files_of, store_of, write_halves
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, write_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import colorize
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.presets import PRESETS
from p2p_gan.training import run as run_module
from p2p_gan.training.trial import prepare_data

CARS = load_palette("cars")
SMALL = {
    "images": 6,
    "generator_filters": 2,
    "max_filters": 4,
    "discriminator_filters": 2,
    "discriminator_layers": 2,
    "device": "cpu",
    "threads": 1,
    "precision": "float32",
    "sample_every": 6,
}
MANY = [Size(40, 40), Size(70, 33), Size(33, 70), Size(40, 41)]


def write_pairs(path: Path, a: Half, b: Half, pictures: list[tuple[Array, Array]], masks: bool = False) -> None:
    store, pairs = store_of(a, b), []
    for number, (left, right) in enumerate(pictures):
        for split in ("train", "val"):
            files = files_of(f"{split}/{number}", store)
            digest = write_halves([path / file for file in files], left, right, store, where="test")
            name = f"{split}-{number}"
            pairs.append(Pair(name, files[0], split, Size(left.shape[1], left.shape[0]), digest))
    write_manifest(PairFolder(path, a, b, CARS if masks else None, tuple(pairs)))


def deep(path: Path) -> Path:
    random = np.random.default_rng(0)
    bands, height = Half("bands", "picture", 12, "uint16", (0, 65535)), Half("height", "picture", 1, "float32", (-5, 9))
    pictures = [
        (
            random.integers(0, 65536, (size.height, size.width, 12), dtype=np.uint16),
            random.uniform(-5, 9, (size.height, size.width)).astype(np.float32),
        )
        for size in MANY
    ]
    write_pairs(path, bands, height, pictures)
    return path


def masked(path: Path) -> Path:
    random = np.random.default_rng(0)
    masks = [random.integers(0, 5, (size.height, size.width), dtype=np.uint8) for size in MANY]
    pictures = [(colorize(mask, CARS), np.dstack((mask * 50,) * 3)) for mask in masks]
    write_pairs(path, Half("mask", "mask"), Half("photo", "photo"), pictures, masks=True)
    return path


def train(pairs: Path, run: Path, *words: str, **settings: Any) -> int:
    chosen = [f"--set={name}={value}" for name, value in {**SMALL, **settings}.items()]
    return main(["train", str(pairs), str(run), *words, *chosen])


@pytest.mark.parametrize("words", [("--size", "32"), ("--size", "native"), ("--size", "64", "--fit", "keep")], ids=str)
def test_twelve_channels_of_16_bits_become_floats_at_every_size(words: tuple[str, ...], tmp_path: Path) -> None:
    assert train(deep(tmp_path / "pairs"), tmp_path / "run", *words, batch=2) == 0
    assert train(tmp_path / "pairs", tmp_path / "run", *words, batch=2, images=9) == 0
    assert (tmp_path / "run" / "model.safetensors").is_file()
    assert len(list((tmp_path / "run" / "samples").glob("*.png"))) >= 1


def test_classes_become_photos(tmp_path: Path) -> None:
    assert (
        train(masked(tmp_path / "pairs"), tmp_path / "run", "--size", "32", a_encoding="classes", rare_class_crops=0.5)
        == 0
    )


def test_photos_become_classes(tmp_path: Path) -> None:
    words = ("--size", "64", "--fit", "keep", "--direction", "photo-to-mask")
    settings = {"a_encoding": "classes", "color_jitter": 0.3, "class_balanced": "on", "batch": 2}
    assert train(masked(tmp_path / "pairs"), tmp_path / "run", *words, **settings) == 0
    log = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    assert 0 < [line for line in log if "g_classes" in line][-1]["g_classes"] < 10


@pytest.mark.usefixtures("timed_once")
def test_the_plan_says_how_many_shapes_there_are_and_how_many_pairs_have_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = masked(tmp_path / "pairs")
    words = ("--size", "64", "--fit", "keep", "--dry-run")
    assert train(pairs, tmp_path / "run", *words) == 0
    assert "64x64 (keep), in 3 sizes: 64x64 (2), 32x96 (1), 96x32 (1)" in capsys.readouterr().out
    assert train(pairs, tmp_path / "run", *words, batch=2) == 0
    assert "(1.3 pairs per batch, of one size)" in capsys.readouterr().out
    assert train(pairs, tmp_path / "run", *words, "--json") == 0
    assert json.loads(capsys.readouterr().out)["shapes"][0] == [[64, 64], 2]
    assert train(pairs, tmp_path / "run", "--size", "native", "--dry-run") == 0
    assert "at their own size, in 3 sizes: 64x64 (2)" in capsys.readouterr().out
    assert train(pairs, tmp_path / "run", "--size", "native", "--dry-run", crop=32) == 0
    assert "crops of 32x32 out of their own size" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"b_encoding": "classes"}, "b_encoding=classes: the half photo is a photo, and only masks have classes"),
        ({"color_jitter": 0.2}, "color_jitter=0.2: changes input photos"),
        (
            {"rare_class_crops": 0.5, "jitter": 1},
            "rare_class_crops=0.5: chooses crops, but this config trains on whole pictures",
        ),
        ({"crop": 96}, "crop=96x96: does not fit into size 64x64"),
        ({"size": "native", "fit": "pad"}, "fit=pad: says how pictures are brought to a size"),
        ({"size": 40}, "The nearest that works is 32x32"),
    ],
)
def test_what_the_pairs_cannot_give_is_refused_in_one_line_and_nothing_is_made(
    settings: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(masked(tmp_path / "pairs"), tmp_path / "run", **{"size": 64, **settings}) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("timed_once")
def test_rare_class_crops_without_masks_are_refused_with_the_setting_that_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.toml").write_text("rare_class_crops = 0.5\n")
    words = ("--config", str(tmp_path / "own.toml"), "--size", "32", "--dry-run")
    assert train(deep(tmp_path / "pairs"), tmp_path / "run", *words) == 2
    assert "Add --set rare_class_crops=0." in capsys.readouterr().err
    assert train(tmp_path / "pairs", tmp_path / "run", *words, rare_class_crops=0) == 0


@pytest.mark.usefixtures("timed_once")
def test_best_takes_pairs_without_masks(tmp_path: Path) -> None:
    words = ("--preset", "best", "--size", "32", "--dry-run")
    assert train(deep(tmp_path / "pairs"), tmp_path / "run", *words) == 0


def test_a_finished_run_says_commands_that_run_as_they_stand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train(masked(tmp_path / "my pairs"), tmp_path / "run", "--size", "32") == 0
    said = capsys.readouterr().out.splitlines()
    lines = [line.removeprefix("next").strip() for line in said if "p2p " in line]
    assert [shlex.split(line)[1] for line in lines] == ["sample", "evaluate"]
    monkeypatch.chdir(tmp_path)
    for line in lines:
        assert main(shlex.split(line)[1:]) == 0


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 0), ("SIGINT", 130)])
def test_ended_by_a_signal_it_says_what_to_type_and_only_ctrl_c_is_a_failure(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: str,
    code: int,
) -> None:
    def ended(
        pairs: Path, run: Path, config: Config, *, source: Path | None, report: object
    ) -> run_module.TrainSummary:
        return run_module.TrainSummary(run, 0, 0, True, 0.0, {}, None, number)

    monkeypatch.setattr(run_module, "train", ended)
    words = ["train", str(tmp_path / "my pairs"), str(tmp_path / "run"), "--preset", "tiny"]
    assert app.main(words) == code
    said = capsys.readouterr().out
    assert "To resume, run:" in said
    assert f"p2p train '{tmp_path}/my pairs' {tmp_path}/run --preset tiny" in said


def test_ctrl_c_before_the_first_new_update_says_where_the_run_stands_and_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, run = masked(tmp_path / "pairs"), tmp_path / "run"

    def press(*words: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return prepare_data(*words)

    assert train(pairs, run, "--size", "32") == 0
    monkeypatch.setattr(run_module, "prepare_data", press)
    capsys.readouterr()
    assert app.main(["train", str(pairs), str(run), "--images", "9"]) == 130
    said = capsys.readouterr().out
    assert f"{run} stands at image 6" in said
    assert f"p2p train {pairs} {run} --images 9" in said
    assert train(pairs, tmp_path / "new", "--size", "32") == 130
    assert "Nothing was trained. To resume, run:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "answer"),
    [
        ("--lr", "Write --set learning_rate=VALUE."),
        ("--lambda-L1", "Write --set lambda_l1=VALUE."),
        ("--batch_size", "Write --batch VALUE."),
        ("--no_flip", "Write mirror=off."),
    ],
)
def test_an_option_of_another_program_is_answered_with_ours(
    option: str, answer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["train", str(tmp_path), str(tmp_path / "run"), option, "3"]) == 2
    assert capsys.readouterr().err.strip().endswith(answer)


def test_an_option_that_has_become_a_setting_goes_on_working(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--precision", "float31"], ["--precision=float31"]):
        assert app.main(["train", str(tmp_path), str(tmp_path / "run"), *words]) == 2
        assert "precision=float31" in capsys.readouterr().err


def test_more_images_alone_extend_a_run_and_a_model_begins_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, run = masked(tmp_path / "pairs"), tmp_path / "run"
    assert train(pairs, run, "--size", "32", "--preset", "tiny") == 0
    assert app.main(["train", str(pairs), str(run), "--images", "8"]) == 0
    assert app.main(["train", str(pairs), str(run), "--images", "9", "--size", "64"]) == 2
    said = capsys.readouterr().err
    assert f"--size 64x64: contradicts {run}, which was started with size=32x32. Leave it out" in said
    assert app.main(["train", str(pairs), str(tmp_path / "next"), "--from", str(run), "--images", "2"]) == 0
    assert f"begins with {run} (after 8 images): all weights of the generator" in capsys.readouterr().err


@pytest.mark.usefixtures("timed_once")
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_train_on_pairs_of_masks_and_photos(
    preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--preset", preset, "--dry-run")
    few = {"generator_filters": 2, "max_filters": 4, "discriminator_filters": 2, "threads": 1, "device": "cpu"}
    few |= {"size": 64 if preset == "maps" else 32}
    assert main(["train", str(masked(tmp_path / "pairs")), str(tmp_path / "run"), *words, *as_words(few)]) == 0
    said = capsys.readouterr().out
    assert f"batch {PRESETS[preset].batch}" in said
    assert ("photo-to-mask" in said) == (preset == "segment")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "segment"])
def test_every_preset_but_segment_can_train_on_plain_photos(preset: str, tmp_path: Path) -> None:
    photo = Half("photo", "photo")
    pictures = [(np.full((40, 40, 3), value, np.uint8),) * 2 for value in (10, 200)]
    write_pairs(tmp_path / "pairs", photo, Half("other", "photo"), pictures)
    few = {
        "generator_filters": 2,
        "max_filters": 4,
        "discriminator_filters": 2,
        "threads": 1,
        "device": "cpu",
        "images": 1,
    }
    words = ("--preset", preset, "--size", "64" if preset == "maps" else "32", "--batch", "1")
    assert main(["train", str(tmp_path / "pairs"), str(tmp_path / "run"), *words, *as_words(few)]) == 0


def test_segmenting_without_a_palette_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [(np.full((40, 40, 3), value, np.uint8),) * 2 for value in (10, 200)]
    for a in (Half("photo", "photo"), Half("mask", "mask")):
        write_pairs(tmp_path / a.name, a, Half("other", "photo"), pictures)
        assert main(["train", str(tmp_path / a.name), str(tmp_path / "run"), "--preset", "segment"]) == 2
        error = capsys.readouterr().err
        assert "a_encoding=classes" in error
        assert len(error.strip().splitlines()) == 1
        assert not (tmp_path / "run").exists()


def test_the_help_lists_the_presets_and_loads_no_torch() -> None:
    program = "import sys; from p2p_cli.app import main; main(['train', '--help']); sys.exit('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    for name in PRESETS:
        assert f"\n  {name} " in shown


def as_words(settings: dict[str, Any]) -> list[str]:
    return [f"--set={name}={value}" for name, value in settings.items()]
