"""Runs listed and compared as they are, torn and damaged ones too."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p2p_gan.config.config import Config
from p2p_gan.reports.gather import gather_report
from p2p_gan.runs.compare import Run, differing_fields, find_runs, read_runs, say_other_pairs, settings_rows
from p2p_gan.training.reproduction import reproduce

if TYPE_CHECKING:
    from conftest import Refused

LINES: list[dict[str, Any]] = [
    {"images": 50, "d_real": 0.5, "g_l1": 0.2, "learning_rate": 2e-4, "seconds": 10.0},
    {"images": 50, "validation": {"pictures": 2, "l1": 0.1, "ssim": 0.6, "best": True}},
    {"resumed_at": 50},
    {"images": 100, "d_real": 0.4, "g_l1": 0.1, "learning_rate": 2e-4, "seconds": 20.0},
    {"images": 100, "validation": {"pictures": 2, "l1": 0.2, "ssim": 0.5, "best": False}},
]


def make_run(path: Path, config: Config, lines: list[dict[str, Any]] | None = None) -> Path:
    path.mkdir(parents=True)
    record = {"format": "p2p-run", "version": 1, "config": config.to_json()}
    (path / "run.json").write_text(json.dumps(record))
    (path / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (LINES if lines is None else lines)))
    return path


def test_a_run_shows_its_progress_its_last_and_its_best_scores(tmp_path: Path) -> None:
    (run,) = read_runs([make_run(tmp_path / "run", Config(images=100))])
    assert (run.name, run.state, run.images, run.total, run.seconds) == ("run", "finished", 100, 100, 20.0)
    assert run.losses == {"d_real": 0.4, "g_l1": 0.1}
    assert run.validation is not None
    assert run.validation["l1"] == 0.2
    assert run.best == {"images": 50, **LINES[1]["validation"]}
    assert run.curves["g_l1"] == [(50, 0.2), (100, 0.1)]
    assert run.curves["val l1"] == [(50, 0.1), (100, 0.2)]
    assert "val pictures" not in run.curves


def test_what_happened_once_is_an_event_and_no_curve(tmp_path: Path) -> None:
    lines = [*LINES, {"images": 100, "recovered_from": {"images": 90}, "slowed": 0.5}, {"resumed_at": 100}]
    (run,) = read_runs([make_run(tmp_path / "run", Config(images=100), [*lines, {"images": 120, "diverged": {}}])])
    assert not {"resumed_at", "slowed", "recovered_from", "diverged"} & run.curves.keys()
    assert [(mark.x, mark.bad) for mark in run.events] == [(50, False), (100, True), (100, False), (120, True)]


def test_a_folder_of_runs_is_listed_by_what_tells_them_apart(tmp_path: Path) -> None:
    for name in ("a/one", "a/two", "b"):
        make_run(tmp_path / "all" / name, Config(images=200))
    runs = read_runs([tmp_path / "all"])
    assert [run.name for run in runs] == ["a/one", "a/two", "b"]
    assert {run.state for run in runs} == {"unfinished"}
    assert find_runs([tmp_path / "all" / "b", tmp_path / "all"])[0] == tmp_path / "all" / "b"


def test_a_place_without_runs_is_refused(tmp_path: Path, refused: "Refused") -> None:
    with refused("no-runs", tmp_path, usage=True):
        read_runs([tmp_path])


def test_a_run_that_is_not_there_is_answered_with_the_one_that_was_meant(
    run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    near = run_folder.with_name(f"{run_folder.name}x")
    asked: list[tuple[str, Callable[[], object]]] = [
        ("no-runs", lambda: find_runs([near])),
        ("not-a-run", lambda: gather_report(near)),
        ("not-a-run", lambda: reproduce(near, tmp_path / "again")),
        ("missing-folder", lambda: reproduce(run_folder, tmp_path / "again", pairs=near)),
    ]
    for code, ask in asked:
        with refused(code, near) as error:
            ask()
        assert error.value.what == "does not exist"
        assert error.value.to_do == f"Did you mean {run_folder}?"


def test_only_fields_that_differ_are_compared_and_neither_intervals_nor_unused_epochs_are(tmp_path: Path) -> None:
    first = make_run(tmp_path / "one", Config(images=100, learning_rate=1e-4))
    second = make_run(tmp_path / "two", Config(images=100, learning_rate=3e-4, log_every=7, epochs=9))
    assert differing_fields(read_runs([first, second])) == {"learning_rate": [1e-4, 3e-4]}
    assert differing_fields(read_runs([first])) == {}


def test_scores_of_other_pairs_are_not_compared_in_silence(tmp_path: Path) -> None:
    for name, digest in (("a", "1"), ("b", "1"), ("c", "2"), ("old", "")):
        path = make_run(tmp_path / name, Config(images=100)) / "run.json"
        splits = {"splits": {"val": {"pairs": 2, "hash": digest}}} if digest else {}
        path.write_text(json.dumps({**json.loads(path.read_text()), "pairs": f"pairs-{digest}", **splits}))
    a, b, c, old = read_runs([tmp_path])
    assert say_other_pairs([a, b, old]) == ""
    assert "a on those of pairs-1, c on those of pairs-2" in say_other_pairs([a, c, old])
    assert "a (and 1 more) on those of pairs-1, c on those of pairs-2" in say_other_pairs([a, c, b, old])


def test_the_learning_rate_of_an_earlier_record_is_one_curve_with_todays(tmp_path: Path) -> None:
    before = {"images": 50, "g_l1": 0.2, "rate": 2e-4, "seconds": 10.0}
    lines = [before, {"images": 100, "g_l1": 0.1, "learning_rate": 1e-4, "seconds": 20.0}]
    run = make_run(tmp_path / "run", Config(images=200), lines)
    assert read_runs([run])[0].curves["learning_rate"] == [(50, 2e-4), (100, 1e-4)]


def test_settings_are_listed_as_they_are_typed_and_a_damaged_run_takes_nobody_elses(tmp_path: Path) -> None:
    for name, mirror in (("a", True), ("b", True), ("c", False)):
        make_run(tmp_path / name, Config(images=100, mirror=mirror))
    (tmp_path / "a" / "run.json").write_text("{")
    runs = read_runs([tmp_path])
    assert settings_rows(runs, differing_fields(runs)) == [("b", "on"), ("c", "off")]


def test_torn_diverged_damaged_and_old_runs_are_listed_too(tmp_path: Path) -> None:
    torn = make_run(tmp_path / "torn", Config(images=100))
    with (torn / "stats.jsonl").open("a") as file:
        file.write('{"images": 15')
    make_run(tmp_path / "diverged", Config(images=200), [*LINES, {"images": 150, "diverged": {"images": 120}}])
    damaged = make_run(tmp_path / "damaged", Config())
    (damaged / "run.json").write_text("{")
    old = make_run(tmp_path / "old", Config())
    (old / "run.json").write_text((old / "run.json").read_text().replace('"lambda_l1"', '"l1_weight"'))
    make_run(tmp_path / "fresh", Config(images=10), [])
    states: dict[str, Run] = {run.name: run for run in read_runs([tmp_path])}
    assert states["torn"].state == "finished"
    assert states["diverged"].state == "diverged"
    assert states["damaged"].state.startswith("damaged: ")
    assert states["old"].state.startswith("of another version: ")
    assert (states["fresh"].state, states["fresh"].images, states["fresh"].best) == ("unfinished", 0, None)
    assert differing_fields([states["damaged"], replace(states["fresh"])]) == {}
