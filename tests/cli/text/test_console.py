"""Progress in plain lines where there is no terminal."""

import io
import threading
import time
from collections.abc import Callable, Iterable
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.errors import LiveError
from rich.live import Live

from p2p_cli.text import console, render

SetClock = Callable[[Iterable[float]], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """A function that sets the clock of `console`, and not that of threads which other tests have left."""

    def set_to(seconds: Iterable[float]) -> None:
        ticks = iter(seconds)
        monkeypatch.setattr(console, "time", SimpleNamespace(monotonic=lambda: next(ticks)))

    return set_to


def test_plain_progress_says_how_it_ended_with_the_last_figures(capsys: pytest.CaptureFixture[str]) -> None:
    report = console.PlainReporter()
    report.start("training", 10, 4)
    for _ in range(6):
        report.advance(g_l1=0.25)
    report.finish()
    assert capsys.readouterr().err == "training: 10/10 (g_l1 0.25)\n"


def test_plain_progress_speaks_every_ten_seconds_and_says_what_is_left(
    capsys: pytest.CaptureFixture[str], set_clock: SetClock
) -> None:
    set_clock([0.0, 4.0, 11.0, 12.0])
    report = console.PlainReporter()
    report.start("pairing", 4)
    for _ in range(3):
        report.advance()
    assert capsys.readouterr().err == "pairing: 2/4, 11 s left\n"


def test_plain_progress_of_a_night_is_a_line_a_minute(capsys: pytest.CaptureFixture[str], set_clock: SetClock) -> None:
    set_clock(float(second) for second in range(10 * 3600 + 1))
    report = console.PlainReporter()
    report.start("training", 100_000)
    for _ in range(10 * 3600):
        report.advance()
    lines = capsys.readouterr().err.splitlines()
    assert 600 <= len(lines) < 700
    assert lines[0] == "training: 10/100000, 27 h 46 min left"  # at one a second


def test_plain_progress_says_its_end_once(capsys: pytest.CaptureFixture[str], set_clock: SetClock) -> None:
    set_clock([0.0, 11.0, 22.0, 33.0])
    report = console.PlainReporter()
    report.start("training", 2)
    report.advance()
    report.advance()
    report.advance(0, val_l1=0.25)  # the last images are scored when all are counted
    report.finish()
    assert capsys.readouterr().err == "training: 1/2, 11 s left\ntraining: 2/2 (val_l1 0.25)\n"


def test_bytes_are_shown_in_megabytes_with_rate_and_time_left(
    capsys: pytest.CaptureFixture[str], set_clock: SetClock
) -> None:
    set_clock([0.0, 10.0, 20.0])
    report = console.PlainReporter()
    report.start("downloading", 50_000_000, 10_000_000, unit="bytes")
    report.advance(20_000_000)
    assert capsys.readouterr().err == "downloading: 30.0/50.0 MB, 2.0 MB/s, 10 s left\n"
    report.start("downloading", 0, unit="bytes")  # how much comes is not always said
    report.finish()
    assert capsys.readouterr().err == "downloading: 0.0 MB\n"


def test_a_bar_of_bytes_may_have_no_end(capsys: pytest.CaptureFixture[str]) -> None:
    report = console.LiveReporter()
    report.start("downloading", 0, unit="bytes")
    report.advance(1_000_000)
    report.finish()
    assert "1.0/? MB" in capsys.readouterr().err


def test_a_bar_is_shown_and_closed(capsys: pytest.CaptureFixture[str]) -> None:
    report = console.LiveReporter()
    for item in report.track([1, 2], "reading", 2):
        assert item
    assert "reading" in capsys.readouterr().err


@pytest.mark.parametrize(("late", "is_said"), [(0.0, True), (60.0, False)])
def test_work_that_cannot_be_counted_is_told_if_it_lasts(
    late: float, is_said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_LATE", late)
    report, said = console.LiveReporter(), io.StringIO()
    monkeypatch.setattr(report, "_console", Console(file=said, force_terminal=True))
    with report.tell("listing files"):
        before = time.monotonic()
        while is_said and "listing files" not in said.getvalue() and time.monotonic() - before < 10:
            time.sleep(0.005)
    assert ("listing files ..." in said.getvalue()) == is_said
    for _ in report.track([1], "reading", 1):  # the terminal is free again
        pass


def test_work_is_told_beside_an_open_bar_where_rich_shows_one_thing_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried, start = threading.Event(), Live.start

    def start_alone(live: Live, refresh: bool = False) -> None:  # as before rich 14.1
        if live.console._live_stack:
            tried.set()
            raise LiveError("Only one live display may be active at once")
        start(live, refresh)

    monkeypatch.setattr(Live, "start", start_alone)
    monkeypatch.setattr(console, "_LATE", 0.0)
    report, said = console.LiveReporter(), io.StringIO()
    monkeypatch.setattr(report, "_console", Console(file=said, force_terminal=True))
    for _ in report.track([1], "reading", 1):
        with report.tell("listing files"):
            assert tried.wait(10)
    assert "1/1" in said.getvalue()


@pytest.mark.parametrize("columns", [40, 72, 120])
def test_no_number_of_a_bar_is_cut_in_any_window(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    report = console.LiveReporter()
    for _ in report.track(range(1280), "reading pairs", 1280):
        pass
    report.finish()
    said = capsys.readouterr().err
    assert "1280/1280" in said
    assert "\N{HORIZONTAL ELLIPSIS}" not in said


def test_a_table_is_not_cut_where_no_terminal_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    render.table(("where", "what"), [("a" * 150, "b" * 150)])
    assert "a" * 150 + "  " + "b" * 150 in capsys.readouterr().out


def test_a_heading_is_text_and_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    render.table(("[red]train[/]", "[/]"), [("[b]1", "2")])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [["[red]train[/]", "[/]"], ["[b]1", "2"]]


def test_on_a_narrow_terminal_a_table_folds_and_loses_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_Output", lambda width: Console(width=40))
    render.table(("arm", "L1", "SSIM"), [("encoder-decoder", "0.1234 ± 0.0123", "0.9876 ± 0.0567")])
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 40 for line in lines)
    shown = "".join("".join(lines).split())
    assert all(part in shown for part in ("0.1234±", "0.0123", "0.9876±", "0.0567"))
    assert "…" not in shown


@pytest.mark.parametrize("columns", [40, 60])
def test_no_window_breaks_the_words_of_a_table_and_a_narrow_one_has_a_line_for_each_cell(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_Output", lambda width: Console(width=columns))
    headings = ("run", "state", "images", "losses", "last scores", "best")
    scores = "l1 0.1234 ssim 0.8765 (n=20)"
    rows = [(name, "unfinished", "100000/200000", "g_l1 0.010", scores, "") for name in ("first", "second")]
    render.table(headings, rows)
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= columns for line in lines)
    assert {"state", "unfinished", "100000/200000", "g_l1", "0.1234", "ssim", "(n=20)"} <= set(" ".join(lines).split())
    if columns == 40:
        assert [line.split() for line in lines if line.startswith("run")] == [["run", "first"], ["run", "second"]]
        assert not any(line.startswith("best") for line in lines)  # whose cells are empty


def test_a_table_gives_the_width_of_prose_to_words_that_cannot_be_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_Output", lambda width: Console(width=60))
    render.table(
        ("name", "what"), [("a_word_of_more_than_half_the_columns", "and a whole sentence of short words " * 3)]
    )
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert "a_word_of_more_than_half_the_columns  and a" in lines[1]


def drawn(figures: console.Figures, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system=None)
    console.print(figures)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.fixture
def half_way() -> console.Figures:
    figures = console.Figures()
    figures.begin(1000, 0)
    figures.advance(500, {"d_real": 0.61234567, "d_fake": 0.5, "g_gan": 1.5, "g_l1": 0.125, "learning_rate": 2e-4})
    figures.advance(0, {"val_l1": 0.111, "images_per_s": 31.25})
    return figures


@pytest.mark.parametrize(("width", "rows"), [(200, 3), (60, 4), (40, 7), (12, 7)])
def test_the_table_of_a_run_fits_any_window_and_loses_no_figure(
    half_way: console.Figures, width: int, rows: int
) -> None:
    lines = drawn(half_way, width)
    assert all(len(line) <= width for line in lines)
    assert len(lines) == 1 + rows
    if width >= 40:
        text = "\n".join(lines)
        for word in ("50%", "500/1000", "d real", "0.6123", "g l1", "0.125", "0.0002", "val l1", "31.25"):
            assert word in text


def test_the_table_says_the_time_left(half_way: console.Figures, set_clock: SetClock) -> None:
    set_clock([0.0, 3700.0])
    half_way.begin(400, 0)
    half_way.advance(100, {})
    assert drawn(half_way, 80)[0].rstrip() == " 25% 100/400 images, 1:01:40, 3:05:00 left"


def test_the_table_is_for_training_and_other_work_has_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    report = console.TrainingReporter()
    report.start("reading pairs", 2)
    report.advance(2)
    report.start("training", 10, 4)
    report.advance(6, g_l1=0.25)
    report.note("a remark")
    report.finish()
    error = capsys.readouterr().err
    assert "reading pairs" in error
    assert "10/10 images" in error
    assert "0.25" in error
    assert "a remark" in error


def test_without_a_terminal_training_is_reported_in_plain_lines() -> None:
    assert isinstance(render.training_reporter(), console.PlainReporter)
