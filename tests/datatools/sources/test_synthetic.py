"""Drawn cars come to a folder with a note of what was drawn."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.files.atomic import read_json, write_json
from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.sources.data_set import fetch, fetch_synth
from p2p_datatools.synth import draw_car_picture

if TYPE_CHECKING:
    from conftest import Contents, Deaths, Refused


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_drawn_cars_come_as_photos_and_as_labels_with_ids_0_to_4(tmp_path: Path) -> None:
    summary = fetch_synth(tmp_path / "cars", limit=3, seed=5, size=Size(80, 48))
    assert (summary.written, summary.kept) == (3, 0)
    drawing = draw_car_picture(2, seed=5, size=(80, 48))
    assert (read_photo(tmp_path / "cars/photos" / f"{drawing.name}.png") == drawing.photo).all()
    with Image.open(tmp_path / "cars/labels" / f"{drawing.name}.png") as labels:
        assert labels.mode == "L"
        assert (np.asarray(labels) == drawing.labels).all()
    assert len(names(tmp_path / "cars")) == 2 * 3 + 1


def test_the_note_says_what_was_drawn_and_under_which_licence(tmp_path: Path) -> None:
    fetch("synth-cars", tmp_path / "cars", limit=1, style="street")
    note = read_json(tmp_path / "cars" / "provenance.json")
    assert (note["name"], note["style"], note["seed"], note["count"]) == ("synth-cars", "street", 0, 1)
    assert note["palette"] == "cars"  # else build-masks asks what the numbers of the labels mean
    assert "CC0" in note["licence"]
    assert note["version"]


def test_the_same_call_again_does_nothing_and_a_larger_limit_adds(tmp_path: Path) -> None:
    dest = tmp_path / "cars"
    fetch_synth(dest, limit=2)
    before = {name: (dest / name).stat().st_mtime_ns for name in names(dest)}
    again = fetch_synth(dest, limit=2)
    assert (again.written, again.kept) == (0, 2)
    assert before == {name: (dest / name).stat().st_mtime_ns for name in names(dest)}
    more = fetch_synth(dest, limit=4)
    assert (more.written, more.kept) == (2, 2)
    assert read_json(dest / "provenance.json")["count"] == 4
    fetch_synth(tmp_path / "at_once", limit=4)
    assert names(dest) == names(tmp_path / "at_once")


def test_a_smaller_limit_removes_nothing(tmp_path: Path) -> None:
    fetch_synth(tmp_path / "cars", limit=3)
    assert fetch_synth(tmp_path / "cars", limit=1).kept == 3
    assert read_json(tmp_path / "cars" / "provenance.json")["count"] == 3


def test_interrupted_drawing_goes_on_and_a_smaller_limit_then_leaves_nothing_over(tmp_path: Path) -> None:
    class Cut(Reporter):
        def advance(self, units: int = 1, **figures: float) -> None:
            if len(list((tmp_path / "cars.partial" / "labels").iterdir())) == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_synth(tmp_path / "cars", limit=5, report=Cut())
    assert not (tmp_path / "cars").exists()
    stamp = (tmp_path / "cars.partial" / "photos" / "car-0000.png").stat().st_mtime_ns
    fetch_synth(tmp_path / "cars", limit=2)
    assert (tmp_path / "cars" / "photos" / "car-0000.png").stat().st_mtime_ns == stamp
    assert len(names(tmp_path / "cars")) == 2 * 2 + 1


def test_what_a_kill_left_beyond_a_smaller_limit_is_not_in_the_result(
    tmp_path: Path, deaths: "Deaths", contents: "Contents"
) -> None:
    for limit in (1, 3):
        fetch_synth(tmp_path / f"at_once{limit}" / "cars", limit=limit)
    dest = tmp_path / "killed" / "cars"
    states = deaths(partial(fetch_synth, dest, limit=3), dest.parent)
    for changes in states:
        limit = 3 if dest.exists() else 1  # where it exists all three are in it
        fetch_synth(dest, limit=limit)
        assert contents(dest.parent) == contents(tmp_path / f"at_once{limit}"), f"after {changes} changes"
    assert states.changes > 9


def test_a_kill_at_any_moment_of_adding_leaves_what_the_same_call_completes(
    tmp_path: Path, deaths: "Deaths", contents: "Contents"
) -> None:
    fetch_synth(tmp_path / "base" / "cars", limit=2)
    (tmp_path / "base" / "cars" / "labels" / "car-0001.png").unlink()
    fetch_synth(tmp_path / "at_once" / "cars", limit=3)
    place = tmp_path / "base"
    states = deaths(partial(fetch_synth, place / "cars", limit=3), place)
    whole = contents(tmp_path / "at_once")
    for changes in states:
        fetch_synth(place / "cars", limit=3)
        assert contents(place) == whole, f"after {changes} changes"
    assert states.changes > 15


def test_a_drawing_that_was_deleted_is_drawn_again(tmp_path: Path, contents: "Contents", refused: "Refused") -> None:
    fetch_synth(tmp_path / "cars", limit=3)
    before = contents(tmp_path)
    for file in ("photos/car-0001.png", "labels/car-0002.png"):
        (tmp_path / "cars" / file).unlink()
    again = fetch_synth(tmp_path / "cars", limit=1)
    assert (again.written, again.kept) == (2, 1)
    assert contents(tmp_path) == before
    (tmp_path / "cars" / "photos" / "car-0001.png").unlink()
    path = tmp_path / "cars" / "provenance.json"
    write_json(path, read_json(path) | {"version": "0.0.1"})
    with refused("other-settings", tmp_path / "cars", usage=True):
        fetch_synth(tmp_path / "cars", limit=3)


def test_a_picture_of_the_user_s_own_in_the_place_of_a_drawing_is_not_overwritten(
    tmp_path: Path, refused: "Refused"
) -> None:
    fetch_synth(tmp_path / "cars", limit=1)
    mine = tmp_path / "cars" / "photos" / "car-0001.png"
    mine.write_text("mine")
    with refused("pictures-failed", tmp_path / "cars") as error:
        fetch_synth(tmp_path / "cars", limit=2)
    assert [(part.code, part.where) for part in error.value.parts] == [("file-in-the-way", "car-0001")]
    assert mine.read_text() == "mine"


def test_cars_of_another_series_and_other_things_are_refused(tmp_path: Path, refused: "Refused") -> None:
    fetch_synth(tmp_path / "cars", limit=1)
    with refused("other-settings", tmp_path / "cars", usage=True) as error:
        fetch_synth(tmp_path / "cars", limit=1, seed=1)
    assert "seed 0" in error.value.what
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("x")
    with refused("destination-taken", tmp_path / "mine", usage=True):
        fetch_synth(tmp_path / "mine", limit=1)


def test_another_version_is_not_mixed_in_but_what_is_there_may_be_used(tmp_path: Path, refused: "Refused") -> None:
    fetch_synth(tmp_path / "cars", limit=1)
    path = tmp_path / "cars" / "provenance.json"
    write_json(path, read_json(path) | {"version": "0.0.1"})
    assert fetch_synth(tmp_path / "cars", limit=1).kept == 1
    with refused("other-settings", tmp_path / "cars", usage=True) as error:
        fetch_synth(tmp_path / "cars", limit=2)
    assert "version 0.0.1" in error.value.what


def test_unknown_names_styles_and_limits_are_usage_errors(tmp_path: Path, refused: "Refused") -> None:
    with refused("unknown-data-set", "synth-cats", usage=True) as error:
        fetch("synth-cats", tmp_path / "cars")
    assert "synth-cars" in error.value.to_do
    with refused("impossible-setting", "style=baroque", usage=True) as error:
        fetch("synth-cars", tmp_path / "cars", style="baroque")
    assert "studio, street" in error.value.to_do
    with refused("impossible-setting", "limit=0", usage=True):
        fetch("synth-cars", tmp_path / "cars", limit=0)
    assert not (tmp_path / "cars").exists()
