"""The report of a run says what is known, says what is missing, and takes no name for markup."""

import json
import os
import re
import socket
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_gan.reports.gather import gather_report
from p2p_gan.reports.page import report_page

if TYPE_CHECKING:
    from conftest import Refused

Make = Callable[..., Path]
VOID = {"meta", "img", "input", "br"}
HOSTILE = "<script>alert(1)"


class Outline(HTMLParser):
    """A page as its text by section, its headings, pictures and ids; fails where elements do not nest."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: dict[str, list[str]] = {"": []}
        self.headings: list[int] = []
        self.pictures: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.place = ""
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.ids += [name for name in [said.get("id")] if name]
        if tag == "section":
            self.place = said["id"] or ""
            self.words[self.place] = []
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        if tag == "img":
            self.pictures.append(said)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words[self.place].append(data)

    def text(self, place: str) -> str:
        return " ".join(self.words[place])


def read(run: Path) -> Outline:
    return Outline(report_page(gather_report(run)))


def test_a_finished_run_shows_pictures_scores_curves_data_settings_machine_commands_and_whom_to_cite(
    make_run: Make, make_scores: Make
) -> None:
    run = make_run()
    make_scores(run)
    page = read(run)
    assert list(page.words) == ["", "samples", "scores", "curves", "data", "settings", "machine", "commands", "cite"]
    assert "finished" in page.text("")
    assert "0.0300" in page.text("")
    assert "n = 5 of test" in page.text("")
    assert "5 pictures are few." in page.text("scores")
    assert "0.0200 to 0.0400" in page.text("scores")
    assert "Better than the mean picture of train in L1: 3 of 5." in page.text("scores")
    assert "Worst: car-4" in page.text("scores")
    assert "resumed at 50" in page.text("curves")
    assert "train 8, val 2, test 2 (12 in all)" in page.text("data")
    assert "body" in page.text("data")
    assert "32x32" in page.text("settings")
    assert "a GPU" in page.text("machine")
    assert "busy at 100" in page.text("machine")
    assert "--preset tiny --size 32x32 --images 100" in page.text("commands")
    assert "CVPR 2017" in page.text("cite")


def test_headings_pictures_and_addresses_serve_those_who_cannot_see_the_page(make_run: Make, make_scores: Make) -> None:
    run = make_run()
    make_scores(run)
    text = report_page(gather_report(run))
    page = Outline(text)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert page.pictures
    assert all(picture["alt"] for picture in page.pictures)
    assert all(picture["width"] and picture["height"] for picture in page.pictures)  # nothing jumps while it loads
    assert len(set(page.ids)) == len(page.ids)
    assert set(re.findall(r'href="#([^"]+)"', text.decode())) <= set(page.ids)
    assert b'lang="en"' in text


def test_a_run_at_its_beginning_says_what_is_still_to_come(make_run: Make) -> None:
    page = read(make_run(lines=[], samples=0))
    assert "unfinished, 0% done" in page.text("")
    assert "No samples yet: the first are written after 700 images." in page.text("samples")
    assert "Not scored yet." in page.text("scores")
    assert "No validation score yet." in page.text("scores")
    assert "No curves yet" in page.text("curves")


def test_a_run_that_is_being_trained_says_by_whom_and_for_how_long(make_run: Make) -> None:
    run = make_run(lines=[{"images": 25, "g_l1": 0.2, "seconds": 100.0}])
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": "now"}
    (run / ".owner.json").write_text(json.dumps(owner))
    page = read(run)
    assert "still running, 25% done" in page.text("")
    assert f"It is being trained by process {os.getpid()} on {owner['host']}, for about 5 min more" in page.text("")
    (run / ".owner.json").write_text(json.dumps(owner | {"pid": 2**22 + 1}))  # killed
    assert "unfinished, 25% done" in read(run).text("")


def test_a_run_without_held_out_pairs_is_told_to_split_them_first(make_run: Make) -> None:
    lines = [{"images": images, "g_l1": 0.2, "seconds": 1.0} for images in (50, 100)]
    page = read(make_run(lines=lines, splits={"train": {"pairs": 8, "hash": ""}}))
    assert "no pairs are held out" in page.text("scores")
    assert "Not validated: there are no pairs in val/" in page.text("scores")
    assert "Samples of training pairs" in page.text("samples")
    assert "p2p evaluate" not in page.text("commands")


def test_scores_of_an_earlier_state_are_called_old(make_run: Make, make_scores: Make) -> None:
    run = make_run()
    make_scores(run)
    (run / "model.safetensors").write_bytes(b"trained further")
    assert "of an earlier state of the model" in read(run).text("scores")


def test_a_run_that_ended_early_is_finished_and_not_to_be_continued(make_run: Make) -> None:
    lines = [{"images": 25, "g_l1": 0.2, "seconds": 100.0}, {"images": 25, "stopped": {"patience": 2}}]
    page = read(make_run(lines=lines))
    assert "finished, early" in page.text("")
    assert "Continue it" not in page.text("commands")


def test_a_run_that_began_with_a_model_says_with_which(make_run: Make) -> None:
    page = read(make_run(**{"from": {"path": "first run", "sha256": "ab" * 32}}))
    assert "Began with the model first run, SHA-256 ababab" in page.text("settings")
    assert "--from 'first run'" in page.text("commands")
    assert "begun with a model of SHA-256 ababab" in page.text("cite")


def test_a_run_that_diverged_says_so_first(make_run: Make) -> None:
    page = read(
        make_run(lines=[*[{"images": 50, "g_l1": float("nan"), "seconds": 1.0}] * 2, {"images": 60, "diverged": {}}])
    )
    assert "diverged" in page.text("")
    assert "infinite or not a number" in page.text("")


def test_names_in_a_run_are_text_and_never_markup(make_run: Make, make_scores: Make) -> None:
    machine: dict[str, Any] = {"device": HOSTILE, "torch": HOSTILE}
    run = make_run(
        HOSTILE.replace("/", ""), machine=machine, direction=f"{HOSTILE}-to-b", assumed=[HOSTILE], pairs=HOSTILE
    )
    folder = make_scores(run, color_error={HOSTILE: 0.5}, numbers={f"color_error.{HOSTILE}": 1})
    folder.rename(run / "sc<b>")
    text = report_page(gather_report(run)).decode()
    assert text.count("<script") == 1
    assert "<b>" not in text
    assert "&lt;script&gt;alert(1)" in text
    Outline(text.encode())


@pytest.mark.parametrize("name", ["nothing", "samples"])
def test_a_folder_that_is_no_run_is_one_line(make_run: Make, refused: "Refused", name: str) -> None:
    place = make_run() / name
    with refused("not-a-run", place, usage=True):
        gather_report(place)


def test_a_damaged_record_is_one_line(make_run: Make, refused: "Refused") -> None:
    run = make_run(splits={"train": {"pairs": "many"}})
    with refused("damaged-file", run / "run.json"):
        gather_report(run)
