"""Known data sets come to a folder whole, as the catalogue promises them, from wherever they are."""

import http.server
import os
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.sources.catalog import find_entry
from p2p_datatools.sources.data_set import fetch
from p2p_datatools.sources.obtain import DOWNLOADS

if TYPE_CHECKING:
    from conftest import Contents, KilledAfter, Notes, Refused
    from datatools.sources.conftest import Serve


PAIRS = {f"maps/{folder}/{number}.jpg": os.urandom(400 + number) for folder in ("train", "val") for number in range(5)}


@pytest.fixture(autouse=True)
def tiny_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The known sets without the number of their pictures, so that a few will do."""
    monkeypatch.setattr(
        "p2p_datatools.sources.data_set.find_entry", lambda *said: replace(find_entry(*said), counts=())
    )


@pytest.fixture
def promised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps promises one picture more for training than the archive holds, and is said to have a test folder."""
    counts = {"counts": (("train", 6), ("val", 5), ("test", 2)), "unsure": ("test",)}
    monkeypatch.setattr("p2p_datatools.sources.data_set.find_entry", lambda *said: replace(find_entry(*said), **counts))  # type: ignore[arg-type]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The maps as the mirror packs them."""
    for name, data in PAIRS.items():
        path = tmp_path / "packed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with tarfile.open(tmp_path / "maps.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "packed" / "maps", "maps")
    return tmp_path / "maps.tar.gz"


def files_in(dest: Path) -> dict[str, bytes]:
    found = (path for path in dest.rglob("*") if path.is_file() and path.name != "provenance.json")
    return {path.relative_to(dest).as_posix(): path.read_bytes() for path in found}


def test_an_archive_and_a_folder_on_the_disk_give_what_the_catalogue_promises(archive: Path, tmp_path: Path) -> None:
    expected = {name.removeprefix("maps/"): data for name, data in PAIRS.items()}
    for source in (archive, tmp_path / "packed", tmp_path / "packed" / "maps"):
        dest = tmp_path / f"from-{source.name}"
        summary = fetch("maps", dest, source=str(source))
        assert (summary.written, summary.kept) == (10, 0)
        assert files_in(dest) == expected
        assert not dest.with_name(dest.name + ".partial").exists()
    assert summary.next == f"p2p train {dest} run --preset paper-maps --direction a-to-b"


def test_the_same_call_again_changes_nothing_and_needs_no_source(
    archive: Path, tmp_path: Path, contents: "Contents", refused: "Refused"
) -> None:
    fetch("maps", tmp_path / "maps", source=str(archive))
    before = contents(tmp_path / "maps")
    archive.unlink()
    again = fetch("maps", tmp_path / "maps", source=str(archive))
    assert (again.written, again.kept) == (0, 10)
    assert contents(tmp_path / "maps") == before
    (tmp_path / "maps" / "train" / "1.jpg").unlink()
    with refused("files-changed", tmp_path / "maps") as error:
        fetch("maps", tmp_path / "maps")
    assert [part.where for part in error.value.parts] == [str(tmp_path / "maps" / "train" / "1.jpg")]


def test_a_download_that_a_kill_left_behind_is_removed_by_the_next_call(archive: Path, tmp_path: Path) -> None:
    fetch("maps", tmp_path / "maps", source=str(archive))
    left = tmp_path / "maps" / DOWNLOADS / "mirror" / "maps.tar.gz"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    fetch("maps", tmp_path / "maps")
    assert not (tmp_path / "maps" / DOWNLOADS).exists()


def test_a_sample_is_stated_in_the_note_and_another_one_is_refused(
    archive: Path, tmp_path: Path, refused: "Refused"
) -> None:
    summary = fetch("maps", tmp_path / "maps", source=str(archive), limit=3, seed=7)
    assert summary.written == 3
    assert read_json(tmp_path / "maps" / "provenance.json")["sample"] == {"limit": 3, "seed": 7, "of": 10}
    assert fetch("maps", tmp_path / "maps", limit=3, seed=7).kept == 3
    with refused("other-settings", tmp_path / "maps", usage=True) as error:
        fetch("maps", tmp_path / "maps", limit=4, seed=7)
    assert "--limit 3 --seed 7" in error.value.what


def test_a_kill_at_any_moment_leaves_nothing_half_done_and_the_same_call_ends_it(
    archive: Path, tmp_path: Path, contents: "Contents", killed_after: "KilledAfter"
) -> None:
    fetch("maps", tmp_path / "whole", source=str(archive))
    whole = contents(tmp_path / "whole") | {"provenance.json": b""}
    changes = 0
    while True:
        dest = tmp_path / f"killed{changes}"
        died = killed_after(lambda dest=dest: fetch("maps", dest, source=str(archive)), changes)  # type: ignore[misc]
        if dest.exists():
            assert files_in(dest).items() >= files_in(tmp_path / "whole").items()
        fetch("maps", dest, source=str(archive))
        assert contents(dest) | {"provenance.json": b""} == whole
        assert not dest.with_name(dest.name + ".partial").exists()
        if not died:
            return
        changes += 3  # every third moment is enough, and quick


def interrupt_after_four(archive: Path, dest: Path) -> None:
    """Ctrl-C when four pictures lie in the unfinished work."""

    class Cut(Reporter):
        def advance(self, units: int = 1, **figures: float) -> None:
            if len(list(dest.with_name(f"{dest.name}.partial").rglob("*.jpg"))) == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("maps", dest, source=str(archive), report=Cut())


def test_what_was_unpacked_before_an_interruption_is_not_unpacked_again(archive: Path, tmp_path: Path) -> None:
    interrupt_after_four(archive, tmp_path / "maps")
    assert not (tmp_path / "maps").exists()
    summary = fetch("maps", tmp_path / "maps", source=str(archive))
    assert (summary.written, summary.kept) == (6, 4)


def test_unfinished_work_from_another_archive_is_not_mixed_in(archive: Path, tmp_path: Path) -> None:
    interrupt_after_four(archive, tmp_path / "maps")
    other = tmp_path / "other" / "maps" / "train"
    other.mkdir(parents=True)
    (other / "1.jpg").write_bytes(bytes(len(PAIRS["maps/train/1.jpg"])))
    summary = fetch("maps", tmp_path / "maps", source=str(other.parent))
    assert (summary.written, summary.kept) == (1, 0)
    assert files_in(tmp_path / "maps") == {"train/1.jpg": bytes(401)}


def test_what_a_kill_left_of_another_archive_is_not_mixed_in(
    archive: Path, tmp_path: Path, killed_after: "KilledAfter"
) -> None:
    other = tmp_path / "other" / "maps" / "train"
    other.mkdir(parents=True)
    (other / "9.jpg").write_bytes(b"x")
    changes = 0
    while killed_after(partial(fetch, "maps", dest := tmp_path / str(changes), source=str(archive)), changes):
        if not (dest / "provenance.json").exists():  # else it was complete
            fetch("maps", dest, source=str(other.parent))
            assert files_in(dest) == {"train/9.jpg": b"x"}, f"after {changes} changes"
        changes += 3  # every third moment is enough, and quick
    assert changes > 9


def test_a_hostile_archive_writes_nothing_at_all(tmp_path: Path, contents: "Contents", refused: "Refused") -> None:
    path = tmp_path / "maps.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("maps/train/1.jpg", b"x")
        archive.writestr("../evil.jpg", b"x")
    before = contents(tmp_path)
    with refused("path-leads-out", path):
        fetch("maps", tmp_path / "maps", source=str(path))
    assert contents(tmp_path) == before


def test_a_bomb_is_refused_until_its_limits_are_raised(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "maps.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("maps/train/1.jpg", bytes(65 << 20))
    with refused("archive-bomb", path) as error:
        fetch("maps", tmp_path / "maps", source=str(path))
    assert "--unpack-limit" in error.value.to_do
    assert fetch("maps", tmp_path / "maps", source=str(path), unpack_limit=20).written == 1


def test_a_link_in_the_archive_is_left_out_and_reported(tmp_path: Path) -> None:
    folder = tmp_path / "packed" / "maps" / "train"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(b"x")
    (folder / "2.jpg").symlink_to("1.jpg")
    summary = fetch("maps", tmp_path / "maps", source=str(tmp_path / "packed"))
    assert summary.written == 1
    assert "2.jpg" in summary.skipped[0].where


@pytest.mark.parametrize("name", ["image%20(10).png", "side view.png", "größe.png", "62271369-ehrf%C3%BCrchtig.png"])
def test_odd_names_stay_as_they_are(tmp_path: Path, name: str) -> None:
    for folder in ("images", "masks"):
        (tmp_path / "car-segmentation" / folder).mkdir(parents=True)
        (tmp_path / "car-segmentation" / folder / name).write_bytes(b"x")
    fetch("cars", tmp_path / "cars", source=str(tmp_path / "car-segmentation"))
    assert set(files_in(tmp_path / "cars")) == {f"photos/{name}", f"labels/{name}"}


@pytest.mark.parametrize(
    ("name", "source", "code", "words"),
    [
        ("cars", "mirror", "unknown-source", "kaggle, PATH"),
        ("maps", "nowhere.zip", "missing-path", "mirror, kaggle, PATH"),
        ("synth-cars", "mirror", "needless-option", "Leave it out"),
    ],
)
def test_a_source_that_a_set_does_not_have_is_a_usage_error(
    tmp_path: Path, name: str, source: str, code: str, words: str, refused: "Refused"
) -> None:
    with refused(code, f"--from {source}", usage=True) as error:
        fetch(name, tmp_path / "x", source=source)
    assert words in error.value.to_do
    assert list(tmp_path.iterdir()) == []


def test_a_style_is_for_drawn_cars_only(archive: Path, tmp_path: Path, refused: "Refused") -> None:
    with refused("needless-option", "--style street", usage=True):
        fetch("maps", tmp_path / "maps", source=str(archive), style="street")


@pytest.fixture
def address(archive: Path, serve: "Serve") -> Iterator[str]:
    """Where a small server gives the archive."""
    with serve(partial(http.server.SimpleHTTPRequestHandler, directory=str(archive.parent))) as server:
        yield f"{server}/{archive.name}"


def mine(folder: Path, address: str, more: str = "") -> Path:
    path = folder / "mine.toml"
    path.write_text(
        f"""[scans]
        title = "Scans"
        holds = "pairs"
        layout = [{{ from = "train/*", to = "train" }}]
        mirror = {{ url = "{address}"{more} }}"""
    )
    return path


def test_a_mirror_is_asked_unless_told_otherwise_and_its_archive_is_gone_afterwards(
    address: str, tmp_path: Path
) -> None:
    summary = fetch("scans", tmp_path / "scans", catalog=mine(tmp_path, address))
    assert summary.written == 5
    source = read_json(tmp_path / "scans" / "provenance.json")["source"]
    assert (source["via"], source["address"]) == ("mirror", address)
    assert source["version"]  # the date that the server gives
    assert not (tmp_path / "scans" / DOWNLOADS).exists()


def test_a_finished_download_is_not_fetched_again_when_unpacking_failed(
    address: str, tmp_path: Path, refused: "Refused"
) -> None:
    catalog = mine(tmp_path, address)
    catalog.write_text(catalog.read_text().replace("train/*", "other/*"))
    with refused("other-data-set") as error:
        fetch("scans", tmp_path / "scans", catalog=catalog)
    assert "other/*" in error.value.what
    (tmp_path / "maps.tar.gz").unlink()
    catalog.write_text(catalog.read_text().replace("other/*", "train/*"))
    assert fetch("scans", tmp_path / "scans", catalog=catalog).written == 5


def test_a_download_that_is_damaged_is_fetched_anew_by_the_same_call(
    address: str, archive: Path, tmp_path: Path, refused: "Refused"
) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-100])
    with refused("damaged-file") as error:
        fetch("scans", tmp_path / "scans", catalog=mine(tmp_path, address))
    assert "was deleted" in error.value.to_do
    archive.write_bytes(whole)
    assert fetch("scans", tmp_path / "scans", catalog=mine(tmp_path, address)).written == 5


def test_a_sample_with_annotations_says_to_go_on_without_the_photos_that_it_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "Car-Parts-Segmentation-master" / "trainingset"
    (folder / "JPEGImages").mkdir(parents=True)
    (folder / "annotations.json").write_text("{}")
    for number in range(4):
        (folder / "JPEGImages" / f"train{number}.jpg").write_bytes(b"x")
    summary = fetch("car-parts", tmp_path / "two", source=str(folder.parent), limit=2)
    assert summary.written == 3
    assert summary.next.endswith(" --keep-going")
    assert fetch("car-parts", tmp_path / "two", limit=2).next == summary.next
    assert not fetch("car-parts", tmp_path / "all", source=str(folder.parent)).next.endswith("--keep-going")


@pytest.mark.usefixtures("promised")
def test_an_archive_with_fewer_pictures_than_promised_is_refused_or_a_sample(
    archive: Path, tmp_path: Path, refused: "Refused"
) -> None:
    dest = tmp_path / "maps"
    for limit in (None, 11):
        with refused("incomplete-data-set", archive) as error:
            fetch("maps", dest, source=str(archive), limit=limit)
        assert "5 of the 6 pictures in train that maps has" in error.value.what
        assert "--limit 10" in error.value.to_do
        assert "\n" not in str(error.value)
        assert not dest.exists()
    assert fetch("maps", dest, source=str(archive), limit=10).written == 10


def test_a_number_of_pictures_that_is_only_reported_by_others_is_only_noted(
    archive: Path, tmp_path: Path, promised: None, notes: "Notes"
) -> None:
    more = tmp_path / "packed" / "maps" / "train" / "9.jpg"
    more.write_bytes(b"x")
    assert fetch("maps", tmp_path / "maps", source=str(tmp_path / "packed"), report=notes).written == 11
    assert [
        note for note in notes.lines if note.endswith("holds 0 of the 2 pictures in test that maps is said to have.")
    ]


@pytest.mark.usefixtures("archive")
def test_an_empty_picture_is_an_error_even_in_a_sample(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "packed" / "maps" / "val" / "3.jpg").write_bytes(b"")
    with tarfile.open(tmp_path / "anew.tar", "w") as tar:
        tar.add(tmp_path / "packed" / "maps", "maps")
    for source in ("packed", "anew.tar"):
        with refused("empty-file", tmp_path / source) as error:
            fetch("maps", tmp_path / "maps", source=str(tmp_path / source), limit=1)
        assert error.value.what.startswith("holds 1 empty picture (0 bytes)")
        assert error.value.what.endswith("maps/val/3.jpg")


@pytest.mark.real_data
def test_real_car_parts_come_from_the_layout_of_their_repository(real_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Car-Parts-Segmentation-master"
    for part in ("trainingset", "testset"):
        (folder / part / "JPEGImages").mkdir(parents=True)
        shutil.copyfile(real_data / "car-parts" / part / "annotations.json", folder / part / "annotations.json")
        for photo in sorted((real_data / "car-parts" / part / "JPEGImages").iterdir())[:5]:
            shutil.copyfile(photo, folder / part / "JPEGImages" / photo.name)
    summary = fetch("car-parts", tmp_path / "cars", source=str(folder))
    assert summary.written == 12
    assert (tmp_path / "cars" / "labels" / "annotations.json").is_file()
    assert len(list((tmp_path / "cars" / "photos").iterdir())) == 5
    assert "--palette cars" in summary.next
