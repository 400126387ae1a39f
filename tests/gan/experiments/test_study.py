"""A study trains each arm once, goes on where it was, and survives the arms that fail."""

import errno
import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_write
from p2p_datatools.contract.files.lock import LOCK_FILES, FolderLock
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.progress import Reporter
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.experiments.study import VARIANTS, Study, run_arms, run_study
from p2p_gan.experiments.tables import BASE, TABLES
from p2p_gan.training.run import TrainSummary, train
from p2p_gan.training.tracking.tracker import Tracker
from p2p_gan.updates.step import train_step

if TYPE_CHECKING:
    from conftest import Notes, Refused

MakeStudy = Callable[..., Study]


def files(folder: Path) -> dict[str, int]:
    """What was written, and when."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_every_arm_that_can_be_is_trained_from_every_seed_and_the_others_are_listed(study: Study) -> None:
    # Pictures of 32x32 are too small for them.
    assert list(study.impossible) == ["286x286 patches", "L1+cGAN, perceptual", "L1+cGAN, projected heads"]
    arms = {arm for name in study.tables for arm in TABLES[name].arms} - set(study.impossible)
    assert {trial.arm for trial in study.trials} == arms
    assert [(trial.seed, trial.run.name) for trial in study.of("L1")] == [(0, "l1-0")]
    assert study.planned == len(study.trials) == len(arms)
    assert not study.failed
    assert not study.interrupted


@pytest.mark.long
def test_every_arm_of_the_last_table_is_trained_too(cars: Path, make_study: MakeStudy) -> None:
    assert [trial.arm for trial in make_study(cars, tables="later").trials] == list(TABLES["later"].arms)


def test_a_trial_has_the_scores_of_its_tables_and_the_time_of_its_training(study: Study) -> None:
    scores = study.of(BASE)[0].scores
    assert all(isinstance(scores[name], float) for name in ("l1", "ssim", "histogram", "mean_iou", "diversity"))
    assert scores["diversity"] > 0
    assert scores["all"]["judged_real"]["mean_iou"] > 0
    assert scores["all"]["diversity"]["variants"] == VARIANTS
    seconds = study.of(BASE)[0].seconds
    assert seconds is not None
    assert 0 < seconds < 60


def test_arms_of_equal_config_are_trained_once(cars: Path, make_arms: MakeStudy) -> None:
    found = make_arms(cars, BASE, "16x16 patches", "1x1 patches", discriminator_layers=1)
    assert found.of("16x16 patches")[0].run == found.of(BASE)[0].run
    assert len(list((found.dest / "runs").iterdir())) == 1 + 1 + 1  # the base, other patches, the segmenter


def test_the_same_call_again_touches_nothing_and_gives_the_same(
    cars: Path, make_study: MakeStudy, finished: Study
) -> None:
    before = files(finished.dest)
    assert make_study(cars) == finished
    assert {name for name, when in files(finished.dest).items() if before.get(name) != when} <= {
        f"runs/{run.name}/.lock" for run in (finished.dest / "runs").iterdir()
    }


def test_more_seeds_and_tables_extend_a_study(
    cars: Path, make_study: MakeStudy, finished: Study, notes: "Notes"
) -> None:
    before = files(finished.dest / "runs" / "l1-0")
    more = make_study(cars, tables="architecture,loss")
    assert len(more.trials) == 7
    third = make_study(cars, seeds=2, tables="features", report=notes)
    assert len(third.trials) == 2  # of the base arm; the others are impossible
    assert "has trials of loss, architecture, too: the page shows them with --tables features,loss," in notes.lines[0]
    assert {trial.run for trial in finished.trials} < {trial.run for trial in more.trials}
    after = files(more.dest / "runs" / "l1-0")
    assert {name: after[name] for name in before if name != ".lock"} == {
        name: when for name, when in before.items() if name != ".lock"
    }


def test_other_settings_are_refused_before_anything_is_done(
    cars: Path, make_study: MakeStudy, finished: Study, refused: "Refused"
) -> None:
    dest = finished.dest
    before = files(dest)
    with refused("other-settings", dest, usage=True) as error:
        make_study(cars, images=6)
    assert "images of segmenter was 4, now 6; images of L1 was 4, now 6; " in error.value.what
    assert " and 1 more" in error.value.what
    with refused("impossible-setting", "seeds=0", usage=True):
        make_study(cars, seeds=0)
    assert files(dest) == before


def test_of_two_studies_at_once_the_second_is_refused_by_name(
    cars: Path, make_study: MakeStudy, finished: Study, refused: "Refused"
) -> None:
    dest = finished.dest
    before = files(dest)
    lock = FolderLock(dest)
    lock.take(to_do="Wait.", code="in-use")
    with refused("destination-in-use", dest, usage=False):
        make_study(cars)
    lock.release(remove=LOCK_FILES)
    assert files(dest) == before
    assert not [path for path in dest.iterdir() if path.name.startswith(".")]


def test_other_pairs_are_refused(
    make_study: MakeStudy, finished: Study, make_pairs: Callable[..., Path], tmp_path: Path, refused: "Refused"
) -> None:
    assert finished.trials
    other = make_pairs(tmp_path / "other", {"train": 5, "test": 1})
    with refused("other-settings", usage=True) as error:
        make_study(other)
    assert "the pairs or their split" in error.value.what


class Calls:
    """Stands between the study and the loop: counts the calls, and may interfere with the n-th."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, interfere: Callable[[int, TrainSummary], TrainSummary]) -> None:
        self.number, self._interfere = 0, interfere
        monkeypatch.setattr("p2p_gan.experiments.study.train", self)

    def __call__(self, *words: Any, **more: Any) -> TrainSummary:
        self.number += 1
        return self._interfere(self.number, train(*words, **more))


def test_ctrl_c_within_an_arm_ends_the_study_and_the_same_call_goes_on(
    cars: Path, make_arms: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, count = Tracker.on_step_end, 0

    def counted(self: Tracker, *words: Any) -> None:
        nonlocal count
        count += 1
        step(self, *words)
        if count == 10:  # the second image of the second arm, after the segmenter's 4 and the first arm's
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Tracker, "on_step_end", counted)
    broken = make_arms(cars, "L1", BASE)
    assert broken.interrupted
    assert broken.stopped_by == "SIGINT"
    assert [trial.arm for trial in broken.trials] == ["L1"]
    before = files(broken.dest / "runs" / "l1-0")
    whole = make_arms(cars, "L1", BASE)
    assert count == 4 * 3
    assert len(whole.trials) == whole.planned == 2
    assert {name for name, when in files(whole.dest / "runs" / "l1-0").items() if before[name] != when} <= {".lock"}


def test_ctrl_c_at_the_last_update_of_an_arm_ends_the_study_too(
    cars: Path, make_arms: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch, lambda number, summary: replace(summary, signal="SIGINT") if number == 2 else summary)
    assert make_arms(cars, "L1", BASE).stopped_by == "SIGINT"
    assert calls.number == 2
    assert len(make_arms(cars, "L1", BASE).trials) == 2


def test_ctrl_c_while_the_segmenter_is_trained_ends_it_as_well(
    cars: Path, make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    Calls(monkeypatch, lambda number, summary: replace(summary, signal="SIGTERM") if number == 1 else summary)
    broken = make_study(cars)
    assert (broken.stopped_by, broken.trials) == ("SIGTERM", ())


def test_scores_that_were_broken_off_are_made_again_and_are_the_same(
    cars: Path, make_study: MakeStudy, finished: Study
) -> None:
    one, two, three, four = (finished.dest / "scores" / f"{name}-0.json" for name in ("l1", "gan", "cgan", "l1-gan"))
    whole = one.read_text()
    one.unlink()
    two.write_text(two.read_text()[:100])
    record = json.loads(three.read_text())
    three.write_text(json.dumps({**record, "of": {**record["of"], "segmenter": False}, "mean_iou": None}))
    four.write_text(json.dumps({**json.loads(four.read_text()), "l1": "little"}))
    assert make_study(cars) == finished
    assert one.read_text() == whole


def test_an_arm_that_fails_is_listed_the_others_go_on_and_it_is_tried_again(
    cars: Path, make_arms: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverging(nets: Any, batch: Any, recipe: Any, autocast: Any) -> Any:
        losses = train_step(nets, batch, recipe, autocast)
        return losses * float("nan") if recipe.config.gan_loss != "none" and not recipe.config.lambda_l1 else losses

    with monkeypatch.context() as broken:
        broken.setattr("p2p_gan.training.steps.update.train_step", diverging)
        found = make_arms(cars, "L1", "GAN", BASE)
    assert [(failure.arm, failure.seed) for failure in found.failed] == [("GAN", 0)]
    assert "the loss d_real is not finite" in found.failed[0].why
    assert [trial.arm for trial in found.trials] == ["L1", BASE]
    again = make_arms(cars, "L1", "GAN", BASE)
    assert not again.failed
    assert len(again.trials) == 3


def test_arms_of_equal_config_fail_together_and_once(
    cars: Path, make_arms: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(number: int, summary: TrainSummary) -> TrainSummary:
        if summary.run.name == "l1-cgan-0":
            raise P2PError("", "the loss is NaN", "Begin again.", code="test")
        return summary

    calls = Calls(monkeypatch, fail)
    found = make_arms(cars, BASE, "16x16 patches", "1x1 patches", discriminator_layers=1)
    assert [failure.arm for failure in found.failed] == [BASE, "16x16 patches"]
    assert calls.number == 3  # and not 4


def test_a_full_disk_ends_the_study_at_once_and_the_same_call_completes_it(
    cars: Path, make_arms: MakeStudy, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    def fill(number: int, summary: TrainSummary) -> TrainSummary:
        if number == 2:
            raise cannot_write(summary.run, OSError(errno.ENOSPC, "No space left on device"))
        return summary

    with monkeypatch.context() as full:
        calls = Calls(full, fill)
        with refused("cannot-write", usage=False):
            make_arms(cars, "L1", BASE)
    assert calls.number == 2
    assert not make_arms(cars, "L1", BASE).failed


def test_a_segmenter_that_fails_leaves_the_other_scores_and_judges_once_it_works(
    cars: Path, make_arms: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(number: int, summary: TrainSummary) -> TrainSummary:
        if number == 1:
            raise P2PError("", "the loss is NaN", "Begin again.", code="test")
        return summary

    with monkeypatch.context() as broken:
        Calls(broken, fail)
        found = make_arms(cars, BASE)
    assert [(failure.arm, failure.why) for failure in found.failed] == [("segmenter", "the loss is NaN. Begin again.")]
    assert found.judge is None
    assert found.of(BASE)[0].scores["mean_iou"] is None
    assert make_arms(cars, BASE).of(BASE)[0].scores["mean_iou"] is not None


def test_pairs_that_no_arm_can_train_on_are_an_error_and_can_be_repaired(
    make_pairs: Callable[..., Path], tmp_path: Path, make_arms: MakeStudy, refused: "Refused"
) -> None:
    pairs = make_pairs(tmp_path / "pairs", {"train": 3, "test": 1})
    picture = pairs / "train" / "car-001.png"
    whole = picture.read_bytes()
    picture.write_bytes(whole[:100])
    with refused("damaged-file", picture):
        make_arms(pairs, BASE)
    picture.write_bytes(whole)
    assert len(make_arms(pairs, BASE).trials) == 1


def test_photo_to_mask_is_scored_by_the_agreement_of_the_masks_themselves(
    cars: Path, small: Config, tmp_path: Path
) -> None:
    config = with_settings(small, {"direction": "photo-to-mask"})
    found = run_arms(cars, tmp_path / "own", {"one": config}, seeds=1, judged_like=config)
    assert found.judge is None
    scores = found.of("one")[0].scores
    assert 0 < scores["mean_iou"] < 1
    assert scores["histogram"] is None
    assert scores["all"]["judged"] is None


def test_classes_are_compared_with_cross_entropy_in_the_place_of_l1(cars: Path, make_arms: MakeStudy) -> None:
    found = make_arms(cars, "L1", "cGAN", direction="b-to-a", a_encoding="classes")
    assert found.as_classes
    log = (found.of("L1")[0].run / "stats.jsonl").read_text().splitlines()
    assert "g_classes" in json.loads(log[-1])
    log = (found.of("cGAN")[0].run / "stats.jsonl").read_text().splitlines()
    assert "g_classes" not in json.loads(log[-1])


@pytest.mark.parametrize(
    ("dtype", "channels", "settings"),
    [("uint8", 1, {}), ("uint16", 1, {"size": "native"}), ("uint16", 3, {"fit": "keep"})],
    ids=str,
)
def test_pairs_without_a_palette_of_any_depth_are_compared_without_a_segmenter(
    dtype: str,
    channels: int,
    settings: dict[str, Any],
    make_plain: Callable[..., Path],
    small: Config,
    tmp_path: Path,
) -> None:
    high = float(np.iinfo(dtype).max)
    pairs = make_plain(Half("scan", "photo", channels, dtype, (0.0, high)), Half("slice", "photo", 3), (40, 34))
    config = with_settings(small, settings)
    found = run_arms(pairs, tmp_path / "own", {"one": config}, seeds=1, judged_like=config)
    assert (found.judge, found.unjudged) == (None, "")
    assert found.of("one")[0].scores["mean_iou"] is None
    assert found.of("one")[0].scores["l1"] > 0


def test_masks_without_a_palette_say_why_nothing_judges_them(
    make_plain: Callable[..., Path], small: Config, tmp_path: Path
) -> None:
    pairs = make_plain(Half("mask", "mask"), Half("photo", "photo"), (32, 32))
    found = run_arms(pairs, tmp_path / "own", {"one": small}, seeds=1, judged_like=small)
    assert found.judge is None
    assert "pictures are not scored by a segmenter: a_encoding=classes" in found.unjudged


def test_arms_of_one_s_own_are_compared_alike(cars: Path, small: Config, tmp_path: Path) -> None:
    arms = {"plain": small, "averaged": with_settings(small, {"ema_half_life": 2})}
    seen: list[int] = []
    found = run_arms(
        cars, tmp_path / "own", arms, seeds=2, judged_like=small, each=lambda study: seen.append(len(study.trials))
    )
    assert [trial.arm for trial in found.trials] == ["plain", "averaged"] * 2
    assert seen == [1, 2, 3, 4]
    assert found.judge is not None


def test_a_judge_that_learns_longer_counts_with_its_own_images(cars: Path, small: Config, tmp_path: Path) -> None:
    bars: list[tuple[int, int]] = []

    class Bars(Reporter):
        def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
            bars.append((done, total))

    judge = with_settings(small, {"images": 6})
    found = run_arms(cars, tmp_path / "own", {"plain": small}, seeds=2, judged_like=judge, report=Bars())
    assert found.images == 4
    assert bars == [(0, 14), (6, 14), (10, 14)]


def test_a_missing_device_is_reported_before_anything_is_written(
    cars: Path, small: Config, tmp_path: Path, refused: "Refused"
) -> None:
    with refused("unknown-device", "device=abacus"):
        run_study(cars, tmp_path / "s", with_settings(small, {"device": "abacus"}), tables=("loss",), seeds=1)
    assert not (tmp_path / "s").exists()
