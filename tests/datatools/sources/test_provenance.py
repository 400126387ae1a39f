"""The note says where a set is from, and by it every file can be checked."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.files.atomic import sha256_file, write_json
from p2p_datatools.contract.origin import PROVENANCE
from p2p_datatools.sources.catalog import find_entry
from p2p_datatools.sources.provenance import Origin, note, verify

if TYPE_CHECKING:
    from conftest import Refused

MAPS = find_entry("maps")


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    dest = tmp_path / "maps"
    for name in ("1.jpg", "2.jpg"):
        (dest / "train").mkdir(parents=True, exist_ok=True)
        (dest / "train" / name).write_bytes(name.encode())
    files = {
        f"train/{path.name}": {"bytes": path.stat().st_size, "sha256": sha256_file(path)}
        for path in (dest / "train").iterdir()
    }
    write_json(dest / PROVENANCE, note(MAPS, Origin("mirror", "https://example.org/maps.tar.gz"), files, None))
    return dest


def test_a_note_holds_source_date_licence_and_citation() -> None:
    content = note(MAPS, Origin("mirror", "https://example.org/x", 5, "ab", "v1"), {}, {"limit": 3, "seed": 1, "of": 9})
    assert content["source"] == {
        "via": "mirror",
        "address": "https://example.org/x",
        "bytes": 5,
        "sha256": "ab",
        "version": "v1",
    }
    assert content["fetched"].endswith("+00:00")
    assert (content["licence"], content["citation"]) == (MAPS.licence, MAPS.citation)
    assert content["sample"] == {"limit": 3, "seed": 1, "of": 9}


def test_what_is_as_it_was_fetched_is_only_counted(maps: Path) -> None:
    (maps / "masks").mkdir()  # what others put beside is theirs
    assert verify(maps, MAPS, limit=None, seed=0) == ["train/1.jpg", "train/2.jpg"]


def test_missing_and_changed_files_are_named(maps: Path, refused: "Refused") -> None:
    (maps / "train" / "1.jpg").write_bytes(b"2.jpg")
    (maps / "train" / "2.jpg").unlink()
    with refused("files-changed", maps) as raised:
        verify(maps, MAPS, limit=None, seed=0)
    assert [(part.where, part.what) for part in raised.value.parts] == [
        (f"{maps}/train/1.jpg", "was changed"),
        (f"{maps}/train/2.jpg", "is missing"),
    ]
    assert "2 of 2 files" in raised.value.what


def test_another_set_or_sample_is_not_taken_for_this_one(maps: Path, refused: "Refused") -> None:
    with refused("destination-taken", maps, usage=True) as error:
        verify(maps, find_entry("facades"), limit=None, seed=0)
    assert "maps, not facades" in error.value.what
    with refused("other-settings", maps, usage=True) as error:
        verify(maps, MAPS, limit=5, seed=0)
    assert "the whole set" in error.value.what


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "maps"}', '{"name": "maps", "files": {"a": 5}}'])
def test_a_damaged_note_says_so(maps: Path, text: str, refused: "Refused") -> None:
    (maps / PROVENANCE).write_text(text)
    with refused("damaged-json" if text == "{" else "damaged-file", maps / PROVENANCE):
        verify(maps, MAPS, limit=None, seed=0)


def test_a_note_that_leads_out_of_the_folder_is_damaged(maps: Path, refused: "Refused") -> None:
    record = {"bytes": 1, "sha256": "0" * 64}
    write_json(maps / PROVENANCE, note(MAPS, Origin("path", "x"), {"../secret": record}, None))
    with refused("damaged-file", maps / PROVENANCE):
        verify(maps, MAPS, limit=None, seed=0)
