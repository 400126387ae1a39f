"""What `p2p data stats` prints and draws: figures that fit a screen, names as they are, an error for broken files."""

import json
from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import write_mask, write_png

CARS = load_palette("cars")


def write_masks(folder: Path, palette: Palette, count: int = 3) -> Path:
    for number in range(count):
        mask = np.arange(64 * 96, dtype=np.int64).reshape(64, 96) // 7 % len(palette.classes)
        write_mask(folder / f"{number}.png", mask.astype(np.uint8), palette)
    (folder / "palette.toml").write_text(palette.to_toml(), "utf-8")
    return folder


def lines(words: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> list[str]:
    assert main(["data", "stats", *words]) == code
    return capsys.readouterr().out.splitlines()


def test_names_that_look_like_markup_or_move_the_cursor_are_shown_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = "[red]back", "🚗 car", "[/bold]x\x1b[31m"
    palette = Palette("[b]odd", tuple(PaletteClass(name, (0, 0, 9 * at)) for at, name in enumerate(names)))
    out = "\n".join(lines([str(write_masks(tmp_path, palette))], capsys))
    assert all(word in out for word in ("[b]odd", "[red]back", "🚗 car", "[/bold]x\\u001b[31m"))
    assert "\x1b" not in out


def test_two_hundred_classes_fit_a_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    palette = Palette("many", tuple(PaletteClass(f"class {at}", (at, 1, 2)) for at in range(200)))
    out = lines([str(write_masks(tmp_path, palette))], capsys)
    assert len(out) < 40
    assert any(line.startswith("185 others") for line in out)


def test_json_has_every_figure_and_the_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads("\n".join(lines([str(write_masks(tmp_path, CARS)), "--json"], capsys)))
    assert [each["name"] for each in found["whole"]["halves"][0]["classes"]] == list(CARS.names)
    assert found["advice"]["size"] == [96, 64]
    assert found["sizes"]["counts"] == [{"size": [96, 64], "pictures": 3}]


def test_plots_are_written_once_and_replaced_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2p_datatools.sheets.plots.draw_bars", lambda panels: "; ".join(panels).encode())
    masks, plots = write_masks(tmp_path / "masks", CARS), tmp_path / "plots.png"
    for _ in range(2):  # the same again is the same picture
        lines([str(masks), "--plots", str(plots)], capsys)
    assert plots.read_text().startswith("mask: % of pixels")
    plots.write_text("another")
    lines([str(masks), "--plots", str(plots)], capsys, code=2)
    assert plots.read_text() == "another"
    lines([str(masks), "--plots", str(plots), "--force"], capsys)
    assert plots.read_text().startswith("mask: % of pixels")


def test_broken_files_are_listed_after_the_figures_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    masks = write_masks(tmp_path / "masks", CARS, count=4)
    (masks / "1.png").write_bytes(b"")
    assert main(["data", "stats", str(masks), "--plots", str(tmp_path / "plots.png")]) == 1
    out, said = capsys.readouterr()
    assert out.startswith("masks       3")
    assert f"{masks / '1.png'}: is empty" in said
    assert "1 picture of 4" in said
    assert not (tmp_path / "plots.png").exists()


def test_test_pairs_alone_are_no_data_for_the_training_that_would_be_offered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        halves = np.random.default_rng(number).integers(0, 256, (16, 32, 3), np.uint8)
        write_png(tmp_path / "test" / f"{number}.png", halves)
    assert not [line for line in lines([str(tmp_path)], capsys) if line.startswith("next")]


def test_pairs_without_splits_are_to_be_split_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = write_masks(tmp_path / "masks", CARS)
    for number in range(3):
        write_png(tmp_path / "photos" / f"{number}.png", np.full((64, 96, 3), 60 * number, np.uint8))
    pairs = tmp_path / "my pairs"
    assert main(["--quiet", "data", "pair", str(masks), str(tmp_path / "photos"), str(pairs)]) == 0
    assert lines([str(pairs)], capsys)[-1] == f"next  p2p data split '{pairs}'"
    assert main(["--quiet", "data", "split", str(pairs), "--val", "0", "--test", "0"]) == 0
    capsys.readouterr()
    assert lines([str(pairs)], capsys)[-1].startswith(f"next  p2p train '{pairs}' RUN --size 96x64")
