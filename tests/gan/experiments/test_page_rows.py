"""The tables of a study as values."""

from dataclasses import replace

import pytest

from p2p_gan.experiments.page_rows import best_in, by_class, columns_of, minutes_of, on_real_pictures, rows_of
from p2p_gan.experiments.study import Study
from p2p_gan.experiments.tables import BASE, TABLES


def with_seeds(study: Study, changes: dict[str, float]) -> Study:
    """The study with a second and third seed, which differ a little; `changes` are added to the L1 of arms."""
    trials = []
    for trial in study.trials:
        for seed in range(3):
            l1 = 0.5 + 0.01 * seed + changes.get(trial.arm, 0.0)
            trials.append(replace(trial, seed=seed, scores={**trial.scores, "l1": l1}))
    return replace(study, trials=tuple(trials))


def test_a_table_has_its_finished_arms_in_its_order(study: Study) -> None:
    assert [row.arm for row in rows_of(study, "loss")] == list(TABLES["loss"].arms)
    assert [row.arm for row in rows_of(study, "field")] == ["1x1 patches", "16x16 patches", "70x70 patches"]
    assert rows_of(replace(study, trials=()), "loss") == []


def test_a_score_that_does_not_apply_has_no_column(study: Study) -> None:
    rows = rows_of(study, "loss")
    assert [column.score for column in columns_of(rows)] == ["l1", "ssim", "histogram", "mean_iou", "diversity"]
    unjudged = tuple(replace(trial, scores={**trial.scores, "mean_iou": None}) for trial in study.trials)
    found = columns_of(rows_of(replace(study, trials=unjudged), "loss"))
    assert "mean_iou" not in [column.score for column in found]


def test_means_come_with_intervals_as_soon_as_there_are_two_seeds(study: Study) -> None:
    (row, *_) = rows_of(with_seeds(study, {}), "loss")
    assert row.text("l1") == "0.5100 ± 0.0248"  # s = 0.01, t = 4.303, over sqrt 3
    assert "±" not in rows_of(study, "loss")[0].text("l1")
    assert row.text("mean") == ""


def test_the_best_is_the_one_that_differs_from_all_others(study: Study) -> None:
    l1 = columns_of(rows_of(study, "loss"))[0]
    assert best_in(rows_of(study, "loss"), l1) is None  # one seed
    assert best_in(rows_of(with_seeds(study, {}), "loss"), l1) is None
    assert best_in(rows_of(with_seeds(study, {BASE: -0.1}), "loss"), l1) == BASE
    assert best_in(rows_of(with_seeds(study, {BASE: 0.1}), "loss"), l1) is None


def test_of_variety_no_arm_is_the_best_because_noise_varies_most(study: Study) -> None:
    diversity = next(column for column in columns_of(rows_of(study, "loss")) if column.score == "diversity")
    for change in (-0.1, 0.1):
        trials = tuple(
            replace(
                trial, scores={**trial.scores, "diversity": 0.2 + 0.001 * trial.seed + change * (trial.arm == BASE)}
            )
            for trial in with_seeds(study, {}).trials
        )
        assert best_in(rows_of(replace(study, trials=trials), "loss"), diversity) is None


def test_the_segmenter_s_own_score_and_that_of_each_class_are_known(study: Study) -> None:
    rows = rows_of(study, "loss")
    real = on_real_pictures(rows)
    assert real is not None
    assert set(by_class(rows[0])) == set(real["classes"]) == {"background", "body", "tyres"}
    assert by_class(rows[0])["body"].mean == pytest.approx(
        rows[0].trials[0].scores["all"]["judged"]["classes"]["body"]["iou"]
    )
    assert on_real_pictures([]) is None


def test_the_time_is_that_of_training(study: Study) -> None:
    row = rows_of(study, "loss")[0]
    timed = replace(row, trials=tuple(replace(row.trials[0], seconds=seconds) for seconds in (60.0, 180.0, None)))
    assert minutes_of(timed) == 2.0
    assert minutes_of(replace(row, trials=())) is None
