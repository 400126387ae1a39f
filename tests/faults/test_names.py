"""Odd names of files: very long, with spaces, quotes, umlauts in both forms, dashes, emoji and line ends."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import pytest

from p2p_cli import app
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.derivations.build import derive
from p2p_datatools.derivations.operations import Gray, Lab
from p2p_datatools.exports.build import export_masks
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair
from p2p_datatools.pairs.disassemble import take_apart
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from faults.conftest import Cars

ODD = [
    "two words",
    'it\'s "quoted" $(rm) `x`',
    "tür",  # NFC
    "tu\u0308r2",  # NFD
    "-rf",
    "--help",
    "🚗",
    "a%20b&c=#1",
    "con.tar.gz",
]
NAMES = {normalize("NFC", name) for name in (*ODD, "ok")}
UNPRINTABLE = ["two\nlines", "a\x1b[2Jb"]
Call = Callable[[Path, Path, Path], object]


def name_cars(cars: "Cars", place: Path, names: list[str]) -> tuple[Path, Path]:
    """Masks and photos of one car under many names, and of another that is called ok."""
    for folder in ("masks", "photos"):
        files = sorted(path for path in (cars.place / folder).iterdir() if path.stem.startswith("car"))
        (place / folder).mkdir(parents=True)
        for name in names:
            shutil.copy(files[0], place / folder / f"{name}{files[0].suffix}")
        shutil.copy(files[1], place / folder / f"ok{files[1].suffix}")
    return place / "masks", place / "photos"


def _build(masks: Path, photos: Path, out: Path) -> object:
    ids = {"ids": "palette"}
    return build_masks(masks, out, palette=load_palette("cars"), photos=photos, mapping=ids, keep_going=True)


CALLS: dict[str, Call] = {
    "build-masks": _build,
    "pair": lambda masks, photos, out: pair(masks, photos, out, keep_going=True),
    "gray": lambda masks, photos, out: derive(photos, out, Gray(), keep_going=True),
    "lab": lambda masks, photos, out: derive(photos, out, Lab(), keep_going=True),
}


@pytest.mark.parametrize("letter", ["x", "ü", "車", "🚗"])
@pytest.mark.parametrize("length", [240, 247, 251])
@pytest.mark.parametrize("call", CALLS)
def test_no_name_is_so_long_that_it_ends_a_command_that_keeps_going(
    call: str, length: int, letter: str, cars: "Cars", tmp_path: Path
) -> None:
    name = letter * (length // len(letter.encode()))
    masks, photos = name_cars(cars, tmp_path, [name])
    summary: Any = CALLS[call](masks, photos, tmp_path / "out")
    made = [path for path in (tmp_path / "out").rglob("*.*") if path.name.startswith("ok")]
    assert made
    written = [path for path in (tmp_path / "out").rglob("*.*") if path.name.startswith(letter * 3)]
    assert written or summary.skipped


@pytest.mark.parametrize("call", CALLS)
def test_odd_names_are_made_as_any_and_unprintable_ones_are_skipped(call: str, cars: "Cars", tmp_path: Path) -> None:
    masks, photos = name_cars(cars, tmp_path, [*ODD, *UNPRINTABLE])
    summary: Any = CALLS[call](masks, photos, tmp_path / "out")
    made = {normalize("NFC", path.stem) for path in (tmp_path / "out").rglob("*") if path.suffix in (".png", ".tif")}
    assert made >= NAMES
    assert not made & set(UNPRINTABLE)
    assert summary.skipped


def test_odd_names_go_through_a_split_and_come_apart_again(cars: "Cars", tmp_path: Path) -> None:
    masks, photos = name_cars(cars, tmp_path, ODD)
    pair(masks, photos, tmp_path / "pairs")
    split(tmp_path / "pairs", val=0.2, test=0.2)
    assert {each.name for each in read_manifest(tmp_path / "pairs").pairs} == NAMES
    take_apart(tmp_path / "pairs", tmp_path / "halves")
    assert {path.stem for path in (tmp_path / "halves").rglob("*.png")} == NAMES


@pytest.mark.parametrize("kind", ["coco", "yolo"])
def test_odd_names_are_exported_and_read_back(kind: str, cars: "Cars", tmp_path: Path) -> None:
    masks, photos = name_cars(cars, tmp_path, ODD)
    _build(masks, photos, tmp_path / "built")
    export_masks(tmp_path / "built", tmp_path / "out", format=kind, photos=photos)
    build_masks(
        tmp_path / "out",
        tmp_path / "again",
        palette=load_palette(str(tmp_path / "built" / "palette.toml")),
        photos=photos,
    )
    for name in ODD:
        assert (tmp_path / "again" / f"{name}.png").read_bytes() == (tmp_path / "built" / f"{name}.png").read_bytes()


@pytest.mark.parametrize("name", [*ODD, "x" * 246])
def test_a_folder_may_have_an_odd_name(
    name: str, cars: "Cars", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    assert app.main(["data", "pair", str(cars.masks), str(cars.photos), "--", name]) == 0
    assert app.main(["data", "split", "--val", "0.25", "--test", "0", "--", name]) == 0
    assert (tmp_path / name / name / "pairs.json").is_file()
    assert "Traceback" not in capsys.readouterr().err


def test_a_folder_whose_name_is_too_long_is_one_line(
    cars: "Cars", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("x" * 250, "x" * 256, "x" * 5000):
        assert app.main(["data", "pair", str(cars.masks), str(cars.photos), str(tmp_path / name)]) in (1, 2)
        assert app.main(["data", "split", str(tmp_path / name)]) in (1, 2)
    error = capsys.readouterr().err
    assert error.count("Error: ") == 6
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words", ["derive {} out --op gray", "derive photos {} --op gray", "pair {} photos out", "show photos {}"]
)
def test_links_in_a_circle_are_one_line(
    words: str, cars: "Cars", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photos").symlink_to(cars.photos)
    Path("circle").symlink_to("circle")
    assert app.main(["data", *words.format("circle").split()]) == 2
    error = capsys.readouterr().err
    assert error.count("Error: circle: ") == error.count("Error: ") == 1
    assert "leads back to itself" in error
    assert Path("circle").is_symlink()
