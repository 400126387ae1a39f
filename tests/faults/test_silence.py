"""What used to be passed over in silence: folders closed to us, broken links, half of a picture, a model of NaN."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import LeftOut, find_files, find_pictures
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.derivations.build import derive
from p2p_datatools.derivations.operations import Gray
from p2p_datatools.labels.read import read_labels
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair
from p2p_datatools.sheets.contact import contact_sheet

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from faults.conftest import Cars

Close = Callable[[Path], None]


@pytest.fixture
def close(monkeypatch: pytest.MonkeyPatch) -> Close:
    """Close a folder to this process, as chmod does to everybody but root."""

    def refuse(folder: Path) -> None:
        real = os.scandir

        def scandir(path: Any = ".") -> Any:
            if Path(path) == folder:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(os, "scandir", scandir)

    return refuse


@pytest.fixture
def folders(cars: "Cars", tmp_path: Path) -> tuple[Path, Path]:
    """Label pictures and photos, two of four in a subfolder."""
    for name in ("masks", "photos"):
        for file in sorted((cars.place / name).rglob("*.*")):
            if file.suffix in (".png", ".jpg"):
                target = tmp_path / name / ("deep" if file.stem[-1] in "01" else "") / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
    return tmp_path / "masks", tmp_path / "photos"


CALLS: dict[str, Callable[[Path, Path, Path, bool], object]] = {
    "pair": lambda masks, photos, out, go: pair(masks, photos, out, keep_going=go),
    "derive": lambda masks, photos, out, go: derive(photos, out, Gray(), keep_going=go),
    "build-masks": lambda masks, photos, out, go: build_masks(
        masks, out, palette=load_palette("cars"), photos=photos, mapping={"ids": "palette"}, keep_going=go
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_subfolder_that_is_closed_to_us_is_an_error_and_with_keep_going_a_skip(
    call: str, folders: tuple[Path, Path], tmp_path: Path, close: Close, refused: "Refused"
) -> None:
    close(folders[1] / "deep")
    with refused("pictures-failed") as error:
        CALLS[call](*folders, tmp_path / "out", False)
    assert "unreadable-folder" in {part.code for part in error.value.parts}
    summary: Any = CALLS[call](*folders, tmp_path / "out", True)
    assert len([file for file in (tmp_path / "out").rglob("*.png") if not file.name.startswith(".")]) == 2
    assert [skip for skip in summary.skipped if skip.code == "unreadable-folder" and "deep" in skip.what]


@pytest.mark.parametrize("call", [check, contact_sheet, find_pictures, lambda path: find_files(path, "*.jpg")])
def test_a_folder_that_is_closed_to_us_is_refused_where_nothing_is_skipped(
    call: Callable[[Path], object], folders: tuple[Path, Path], close: Close, refused: "Refused"
) -> None:
    close(folders[1] / "deep")
    with refused("unreadable-folder", folders[1]):
        call(folders[1])


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"a.txt": "0 0.5 0.5 0.2 0.2", "classes.txt": "car"}, "yolo"),
        ({"a.json": '{"imagePath": "a.jpg", "shapes": []}', "deep/b.json": "{}"}, "labelme"),
        ({"deep/a_gtFine_labelIds.png": ""}, "cityscapes"),
    ],
)
def test_labels_in_a_folder_that_is_closed_to_us_do_not_go_missing(
    files: dict[str, str], kind: str, tmp_path: Path, close: Close
) -> None:
    for name, text in files.items():
        (tmp_path / "labels" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "labels" / name).write_text(text)
    (tmp_path / "labels" / "deep").mkdir(exist_ok=True)
    close(tmp_path / "labels" / "deep")
    codes = set()
    try:
        codes = {skip.code for skip in read_labels(tmp_path / "labels", kind).skipped}
    except P2PError as error:
        codes = {error.code}
    assert "unreadable-folder" in codes


def test_broken_links_and_links_to_folders_are_named_and_counted(
    folders: tuple[Path, Path], tmp_path: Path, notes: "Notes"
) -> None:
    photos = folders[1]
    (photos / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (photos / "circle.jpg").symlink_to("circle.jpg")
    (photos / "more").symlink_to(photos / "deep")
    derive(photos, tmp_path / "out", Gray(), report=notes)
    assert [line for line in notes.lines if "2 broken links, 1 link to a folder (first: circle.jpg)" in line]
    others = LeftOut(photos)
    find_pictures(photos, others=others)
    assert others.count == 3
