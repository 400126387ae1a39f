"""Curves are put into panels: what is of one kind together, what happened once as a mark."""

from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.curves import Mark
from p2p_gan.runs.compare import Run
from p2p_gan.runs.panels import panels_of

CURVE = [(50, 0.5), (100, 0.4)]
RUN = Run(
    path=Path("run"),
    name="run",
    state="finished",
    images=100,
    total=100,
    seconds=1.0,
    config={},
    losses={},
    validation=None,
    best=None,
    curves=dict.fromkeys(("d_real", "d_fake", "g_gan", "g_l1", "learning_rate", "val l1", "own"), CURVE),
    events=(Mark(50, "resumed"),),
)


def test_the_losses_that_play_against_each_other_share_a_panel_of_one_run() -> None:
    panels = {panel.title: list(panel.series) for panel in panels_of([RUN])}
    assert panels["Adversarial losses"] == ["d_real", "d_fake", "g_gan"]
    assert list(panels)[:2] == ["Validation L1", "g_l1"]
    assert list(panels)[-1] == "Learning rate"
    assert panels["own"] == ["run"]


def test_several_runs_have_a_panel_for_each_figure_and_a_line_each() -> None:
    other = replace(RUN, name="other", curves={"g_l1": CURVE})
    panels = {panel.title: panel for panel in panels_of([RUN, other])}
    assert list(panels["g_l1"].series) == ["run", "other"]
    assert list(panels["d_real"].series) == ["run"]
    assert {panel.marks for panel in panels.values()} == {()}


def test_an_event_is_a_mark_in_every_panel_and_has_none_of_its_own() -> None:
    assert {panel.marks for panel in panels_of([RUN])} == {(Mark(50, "resumed"),)}


def test_the_panels_of_the_scores_say_where_the_best_model_is_from() -> None:
    panels = {panel.title: panel for panel in panels_of([replace(RUN, best={"images": 100, "l1": 0.4})])}
    assert Mark(100, "best model") in panels["Validation L1"].marks
    assert Mark(100, "best model") not in panels["g_l1"].marks
