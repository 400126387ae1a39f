"""Pixels without data: whatever value fills them, no loss and no score counts it, in the input and the output."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from p2p_datatools.contract.pairs.halves import NoDataPlanes, files_of, store_of, write_halves
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, read_manifest, write_manifest
from p2p_datatools.contract.pictures.images import hash_pixels, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.dataset import load_dataset
from p2p_gan.data.task import task_of
from p2p_gan.evaluation.pair_scores import sign_pair
from p2p_gan.evaluation.scores import Scores, evaluate
from p2p_gan.models.model import Model, save_model
from p2p_gan.training.job import make_job
from p2p_gan.training.validation import Validator
from p2p_gan.updates.step import train_step

CPU = torch.device("cpu")
PHOTO, DEM = Half("photo", "photo"), Half("dem", "picture", 1, "float32", (300.0, 350.0))
SIZE = Size(40, 36)


def write_pairs(path: Path, fill: float, *, recorded: bool = True) -> PairFolder:
    """Two pairs for training, one of val, one of test; all but the first have gaps, of which b has this value."""
    pairs = []
    for number, split in enumerate(("train", "train", "val", "test")):
        random = np.random.default_rng(number)
        a = random.integers(0, 256, (SIZE.height, SIZE.width, 3), dtype=np.uint8)
        b = random.uniform(300, 350, a.shape[:2]).astype(np.float32)
        b[-1, :2] = DEM.range  # resizing keeps results within the values
        gaps = np.zeros(b.shape, dtype=bool)
        if number:
            gaps[5:14, 8:17], gaps[20, 33] = True, True
        b[gaps] = fill
        of_a = gaps & (np.arange(SIZE.width) > 12)  # a half without data is enough
        nodata = NoDataPlanes(of_a, gaps & ~of_a).picture if number and recorded else None
        files = files_of(f"{split}/{number}", store_of(PHOTO, DEM))
        digest = write_halves([path / file for file in files], a, b, store_of(PHOTO, DEM), where="test")
        planned = Pair(str(number), files[0], split, SIZE, digest)
        if nodata is not None:
            planned = replace(planned, nodata=hash_pixels(nodata))
            write_png(path / planned.nodata_file, nodata)
        pairs.append(planned)
    write_manifest(PairFolder(path, PHOTO, DEM, None, tuple(pairs)))
    return read_manifest(path)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[PairFolder, PairFolder]:
    """The same pairs, filled with two values."""
    return write_pairs(tmp_path / "low", 300), write_pairs(tmp_path / "high", 341)


def settings(**changed: object) -> Config:
    return with_settings(Config(), {"size": 32, "jitter": 1.25, "discriminator_layers": 2, **changed})


def test_a_model_knows_what_had_no_data_when_its_pairs_were_made(tmp_path: Path, tiny: Config) -> None:
    folder = write_pairs(tmp_path / "pairs", 300)
    assert make_job(folder, tiny).card.nodata == "tag"
    assert make_job(replace(folder, provenance={"nodata": "-9999,inf"}), tiny).card.nodata == (-9999, np.inf)


@pytest.mark.parametrize("direction", ["a-to-b", "b-to-a"])
def test_a_batch_ignores_them_where_the_crop_and_the_mirroring_bring_them(tmp_path: Path, direction: str) -> None:
    folder = write_pairs(tmp_path / "pairs", -1000)
    dataset = load_dataset(folder, task_of(folder, direction), settings(size="native", crop=32))
    for position in range(20):
        batch = dataset.batch([position], CPU)
        half = batch.b if direction == "a-to-b" else batch.a
        assert batch.ignored is not None
        assert torch.equal(batch.ignored, half < -2)


@pytest.mark.parametrize("fit", ["stretch", "keep", "pad"])
def test_losses_of_pixels_are_the_same_whatever_value_fills_them(
    folders: tuple[PairFolder, PairFolder], tiny: Config, fit: str
) -> None:
    config = with_settings(replace(tiny, gan_loss="none", lambda_l1=1, lambda_l2=1), {"fit": fit, "size": "64x32"})
    found = []
    for folder in folders:
        job = make_job(folder, config)
        dataset = load_dataset(folder, job.task, config)
        torch.manual_seed(0)
        found += [
            [train_step(job.nets, dataset.batch([at], CPU), job.recipe, contextlib.nullcontext) for at in range(6)]
        ]
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


def test_pairs_with_all_data_ignore_nothing_and_keep_no_plane_for_it(tmp_path: Path) -> None:
    folder = write_pairs(tmp_path / "pairs", 300, recorded=False)
    dataset = load_dataset(folder, task_of(folder, "a-to-b"), settings())
    assert dataset.gaps is None
    assert dataset.batch([0, 1], CPU).ignored is None


@pytest.mark.parametrize("fit", ["stretch", "crop"])
def test_validation_does_not_count_them(folders: tuple[PairFolder, PairFolder], tiny: Config, fit: str) -> None:
    jobs = [make_job(folder, with_settings(tiny, {"fit": fit})) for folder in folders]
    first, second = (Validator(job).score(job.nets.generator) for job in jobs)
    assert first == second


def test_scores_are_the_same_whatever_value_fills_them(
    folders: tuple[PairFolder, PairFolder], tmp_path: Path, make_model: Callable[..., Model]
) -> None:
    model = make_model(PHOTO, DEM)
    save_model(tmp_path / "model.safetensors", model.card, model.generator)

    def scored(folder: PairFolder) -> Scores:
        return evaluate(tmp_path / "model.safetensors", folder.path)

    first, second = map(scored, folders)
    assert first == second
    assert first.mean_picture
    careless = [scored(write_pairs(tmp_path / f"{fill}", fill, recorded=False)) for fill in (300, 341)]
    assert careless[0].metrics["l1"] != careless[1].metrics["l1"]
    assert careless[0].mean_picture["ssim"] != careless[1].mean_picture["ssim"]


def test_scores_are_made_again_when_other_pixels_count() -> None:
    one, gaps = np.zeros((4, 4)), np.eye(4, dtype=bool)
    signatures = [sign_pair(one, one, each) for each in (None, gaps, ~gaps)]
    assert len(set(signatures)) == 3
