"""What a study will train is known before anything is."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.experiments.plan import outline_of_arms, plan_study

if TYPE_CHECKING:
    from conftest import Notes, Refused


def test_runs_are_counted_once_for_arms_of_equal_config(cars: Path, small: Config) -> None:
    plan = plan_study(cars, with_settings(small, {"discriminator_layers": 3}), ("loss", "field"))
    assert (len(plan.arms), plan.runs(1), plan.runs(3)) == (8, 8, 22)  # 70x70 is L1+cGAN; and the segmenter
    assert plan.images == 4
    assert plan.split == "test"
    assert list(plan.impossible) == ["286x286 patches"]


def test_epochs_become_images(cars: Path, small: Config) -> None:
    assert plan_study(cars, with_settings(small, {"images": None, "epochs": 3}), ("loss",)).images == 12


@pytest.mark.parametrize("preset", PRESETS)
def test_from_every_preset_the_paper_s_tables_can_be_had(preset: str, cars: Path) -> None:
    chosen = {"direction": "a-to-b", "device": "cpu"}
    plan = plan_study(cars, with_settings(PRESETS[preset], chosen), ("loss", "architecture", "field", "collapse"))
    assert plan.judge is not None
    assert (plan.judge.gan_loss, plan.judge.direction, plan.judge.a_encoding) == ("none", "b-to-a", "classes")
    # At 128x128, four strided layers are the most; with wider patches everything else still is.
    assert len(plan.arms) >= 13


def test_the_direction_photo_to_mask_needs_no_judge(cars: Path, small: Config) -> None:
    photos = plan_study(cars, with_settings(small, {"direction": "photo-to-mask"}), ("loss",))
    assert (photos.judge, photos.unjudged, photos.as_classes) == (None, "", False)
    assert plan_study(
        cars, with_settings(small, {"direction": "b-to-a", "a_encoding": "classes"}), ("loss",)
    ).as_classes


def test_noise_that_is_none_on_these_pairs_is_refused_with_its_loss_before_any_work(
    cars: Path, small: Config, refused: "Refused"
) -> None:
    asked = with_settings(small, {"noise_channels": "auto", "lambda_mode_seeking": 1})  # and no features
    with refused("settings-conflict", "lambda_mode_seeking=1", usage=True):
        plan_study(cars, asked, ("loss",))


def test_a_resnet_is_judged_by_a_resnet_at_a_size_that_it_alone_can_have(cars: Path, small: Config) -> None:
    plan = plan_study(cars, with_settings(small, {"generator": "resnet", "size": "36x36"}), ("loss",))
    assert plan.judge is not None
    assert plan.judge.generator == "resnet"


def test_settings_that_the_pairs_contradict_are_refused_before_any_work(
    cars: Path, small: Config, tmp_path: Path, make_pairs: Callable[..., Path], refused: "Refused"
) -> None:
    for tables in (("loss",), ("later",)):  # of which some arms have an encoding of their own
        with refused("unfit-setting", "b_encoding=classes", usage=True) as error:
            plan_study(cars, with_settings(small, {"b_encoding": "classes"}), tables)
        assert "the half photo is a photo" in error.value.what
    with refused("unknown-direction", "direction=up", usage=True) as error:
        plan_study(cars, with_settings(small, {"direction": "up"}), ("loss",))
    assert "is not a direction of these pairs" in error.value.what
    assert "mask-to-photo" in error.value.to_do
    with refused("unfit-setting", "b_encoding=classes", usage=True):
        outline_of_arms(cars, {"mine": with_settings(small, {"b_encoding": "classes"})}, small)
    alone = make_pairs(tmp_path / "alone", {"train": 2})
    with refused("empty-split", alone):
        plan_study(alone, small, ("loss",))


def test_runs_that_would_end_by_themselves_are_refused_since_all_arms_see_the_same_number_of_images(
    cars: Path, small: Config, refused: "Refused"
) -> None:
    with refused("settings-conflict", "patience=3", usage=True):
        plan_study(cars, with_settings(small, {"patience": 3}), ("loss",))
    with refused("settings-conflict", "patience=3", usage=True):
        outline_of_arms(cars, {"mine": with_settings(small, {"patience": 3})}, small)


def test_settings_that_every_study_replaces_are_said(cars: Path, small: Config, notes: "Notes") -> None:
    plan_study(cars, small, ("loss",), report=notes)
    assert notes.lines == []
    asked = with_settings(small, {"seed": 5, "conditional": "off", "segmentation_head": "off"})
    plan_study(cars, asked, ("loss",), report=notes)
    (line,) = notes.lines
    assert "seed=0" in line
    assert "conditional=on" in line
    assert "segmentation_head" not in line
