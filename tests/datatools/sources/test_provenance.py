"""The note says where a set is from, and by it every file can be checked."""

from pathlib import Path

import pytest

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import sha256_file, write_json
from p2p_datatools.sources.catalog import find_entry
from p2p_datatools.sources.provenance import PROVENANCE, Origin, note, verify

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


def test_missing_and_changed_files_are_named(maps: Path) -> None:
    (maps / "train" / "1.jpg").write_bytes(b"2.jpg")
    (maps / "train" / "2.jpg").unlink()
    with pytest.raises(P2PError) as raised:
        verify(maps, MAPS, limit=None, seed=0)
    lines = str(raised.value).splitlines()
    assert lines[0] == f"{maps}/train/1.jpg: was changed."
    assert lines[1] == f"{maps}/train/2.jpg: is missing."
    assert "2 of 2 files" in lines[2]


def test_another_set_or_sample_is_not_taken_for_this_one(maps: Path) -> None:
    with pytest.raises(UsageError, match="holds maps, not facades"):
        verify(maps, find_entry("facades"), limit=None, seed=0)
    with pytest.raises(UsageError, match="holds the whole set"):
        verify(maps, MAPS, limit=5, seed=0)


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "maps"}', '{"name": "maps", "files": {"a": 5}}'])
def test_a_damaged_note_says_so(maps: Path, text: str) -> None:
    (maps / PROVENANCE).write_text(text)
    with pytest.raises(P2PError, match=PROVENANCE):
        verify(maps, MAPS, limit=None, seed=0)


def test_a_note_that_leads_out_of_the_folder_is_damaged(maps: Path) -> None:
    record = {"bytes": 1, "sha256": "0" * 64}
    write_json(maps / PROVENANCE, note(MAPS, Origin("path", "x"), {"../secret": record}, None))
    with pytest.raises(P2PError, match="damaged"):
        verify(maps, MAPS, limit=None, seed=0)
