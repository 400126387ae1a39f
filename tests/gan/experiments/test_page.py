"""The page is whole by itself, true to the study, and safe against the names in it."""

import base64
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from p2p_datatools.contract.files.atomic import read_json
from p2p_gan.experiments.page import PAGE, write_page
from p2p_gan.experiments.study import Failure, Study
from p2p_gan.experiments.tables import BASE, TABLES

EMPTY = {"meta", "img", "br", "input"}  # elements without an end


class Read(HTMLParser):
    """A page as its elements, its text, and what it reaches for; fails where elements do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.count: Counter[str] = Counter()
        self.words: list[str] = []
        self.sources: list[str] = []
        self.strong: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] += 1
        self.sources += [value or "" for name, value in attrs if name == "src"]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.open and self.open[-1] == "strong":
            self.strong.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.words)


@pytest.fixture
def page_of(tmp_path: Path, study: Study) -> Callable[..., Read]:
    """page_of(changed study): its page, read; the pictures stay where they are."""

    def make(changed: Study) -> Read:
        own = tmp_path / "dest"
        own.mkdir(exist_ok=True)
        if not (own / "pictures").exists():
            (own / "pictures").symlink_to(study.dest / "pictures")
        return Read(write_page(replace(changed, dest=own)).read_text("utf-8"))

    return make


def test_the_page_is_well_formed_and_needs_nothing_beside_itself(study: Study) -> None:
    text = (study.dest / PAGE).read_text("utf-8")
    assert text.startswith("<!doctype html>")
    page = Read(text)
    assert {source[:22] for source in page.sources} == {"data:image/png;base64,"}
    assert {base64.b64decode(source[22:])[:4] for source in page.sources} == {b"\x89PNG"}
    assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg)|url\(|@import|<script src|<link", text)
    assert page.count["h2"] == len(study.tables) + 1
    assert page.count["html"] == page.count["head"] == page.count["body"] == page.count["title"] == 1


def test_few_pictures_are_said_once_above_all_tables(study: Study) -> None:
    text = (study.dest / PAGE).read_text("utf-8")
    assert text.count("2 pictures are few") == 1


def test_names_are_escaped(study: Study) -> None:
    text = (study.dest / PAGE).read_text("utf-8")
    assert study.pairs.name == '<b>&"'
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;&quot;" in text
    assert Read(text).count["b"] == 0


def test_every_finished_arm_and_every_picture_is_in_it(study: Study) -> None:
    page = Read((study.dest / PAGE).read_text("utf-8"))
    for arm in {trial.arm for trial in study.trials}:
        assert arm in page.words
    assert "Without the arm 286x286 patches: size=32x32: is too small" in page.text
    # Two inputs through the arms of each table, with both ends; and four outputs of 5 arms, with the input.
    arms = {name: sum(bool(study.of(arm)) for arm in TABLES[name].arms) for name in study.tables}
    assert page.count["img"] == sum(2 * (2 + count) for name, count in arms.items() if name != "collapse") + 5 * 5


def test_what_an_arm_scored_is_what_its_cell_says(study: Study) -> None:
    page = Read((study.dest / PAGE).read_text("utf-8"))
    scores = study.of(BASE)[0].scores
    at = page.words.index(BASE, page.words.index("Which loss"))
    assert page.words[at : at + 4] == [BASE, "1", f"{scores['l1']:.4f}", f"{scores['ssim']:.4f}"]
    real = f"{scores['all']['judged_real']['mean_iou']:.4f}"
    at = page.words.index("real pictures", at)
    assert page.words[at : at + 3] == ["real pictures", real, ".80 / .26 / .21"]
    assert page.count["details"] == 3 * len(study.tables) + 1
    assert "IoU by class" in page.words


def test_a_number_has_its_pictures_its_machine_and_its_versions_beside_it(
    study: Study, page_of: Callable[..., Read]
) -> None:
    text = Read((study.dest / PAGE).read_text("utf-8")).text
    assert "with 1 seed, and scored on the 2 test pairs, on which none was trained." in text
    machine = read_json(study.trials[0].run / "run.json")["machine"]
    assert text.count(f"Trained on {machine['device']}, with torch {machine['torch']} and p2p {machine['p2p']}.") == 1
    begun = page_of(replace(study, trials=())).text
    assert "with 0 seeds, and scored on the test pairs, on which none was trained." in begun
    assert "Trained on" not in begun


def test_nothing_is_bold_from_one_seed(study: Study) -> None:
    page = Read((study.dest / PAGE).read_text("utf-8"))
    assert page.strong == []
    assert "With one seed the variation between seeds is not known" in page.text


def test_only_what_differs_for_certain_is_bold(study: Study, page_of: Callable[..., Read]) -> None:
    trials = [
        replace(trial, seed=seed, scores={**trial.scores, "l1": 0.1 * seed + (0.2 if trial.arm == BASE else 0.3)})
        for trial in study.trials
        for seed in (0, 1)
    ]
    page = page_of(replace(study, trials=tuple(trials), planned=30))
    # The same arm in two tables with others; SSIM and the rest are equal in both seeds but differ between arms.
    assert page.strong.count("0.2500 ± 0.6353") == 2
    assert "0.3500 ± 0.6353" not in page.strong
    assert "2 seeds" in page.text
    assert "half the 95% confidence interval" in page.text


def test_without_a_segmenter_no_iou_is_computed(study: Study, page_of: Callable[..., Read]) -> None:
    trials = []
    for trial in study.trials:
        every = {**trial.scores["all"], "judged": None, "judged_real": None}
        trials.append(replace(trial, scores={**trial.scores, "mean_iou": None, "all": every}))
    page = page_of(replace(study, trials=tuple(trials), judge=None, unjudged="no segmenter: a_encoding is not liked."))
    assert "IoU" not in page.words
    assert "IoU by class" not in page.words
    assert "real pictures" not in page.words
    assert "no segmenter: a_encoding is not liked." in page.text


def test_what_failed_and_what_is_still_to_come_is_reported(study: Study, page_of: Callable[..., Read]) -> None:
    some = tuple(trial for trial in study.trials if trial.arm == "L1")
    failed = (Failure("GAN", 0, "the losses are no longer <numbers>."),)
    page = page_of(replace(study, trials=some, failed=failed))
    assert f"1 of {study.planned} trials are finished." in page.words
    assert "Failed: GAN, seed 0: the losses are no longer <numbers>." in page.words
    assert page.count["h2"] == len(study.tables) + 1
    nothing = page_of(replace(study, trials=()))
    assert nothing.count["img"] == 0
    assert nothing.text.count("No arm of this table is finished yet.") == len(study.tables)


def test_where_the_output_is_classes_l1_is_explained(study: Study, page_of: Callable[..., Read]) -> None:
    assert "L1 in the name of an arm means cross-entropy" in page_of(replace(study, as_classes=True)).text
    assert "cross-entropy." not in Read((study.dest / PAGE).read_text("utf-8")).text


def test_small_pictures_keep_the_edges_of_their_pixels_and_can_be_enlarged(study: Study) -> None:
    page = Read((study.dest / PAGE).read_text("utf-8"))
    text = (study.dest / PAGE).read_text("utf-8")
    assert text.count('class="small"') == page.count["img"] == page.count["button"]


def test_every_table_has_the_curves_of_its_arms_in_their_own_colours(study: Study) -> None:
    text = (study.dest / PAGE).read_text("utf-8")
    for name in study.tables:
        (section,) = re.findall(rf'<section id="{name}".*?</section>', text, flags=re.DOTALL)
        found = re.findall(r'<polyline [^>]*style="stroke:var\((--s\d)\)"[^>]*data-label="([^"]+)"', section)
        arms = {trial.arm for trial in study.trials if trial.arm in TABLES[name].arms}
        assert {label for _, label in found} >= {arm for arm in arms if "L1" in arm or "patches" in arm}
        assert {label for _, label in found} <= arms
        assert len({color for color, _ in found}) == len({label for _, label in found}) > 0
