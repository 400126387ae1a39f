"""Where pictures are from goes with them, from the record of the fetched set into the pairs."""

import json
from pathlib import Path

import pytest
from PIL import Image

from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.origin import read_origins
from p2p_datatools.pairs.build import pair

RECORD = {"title": "Cars", "licence": "CC0", "citation": "Somebody 2020", "terms": "", "palette": "cars"}
TOLD = {"title": "Cars", "licence": "CC0", "citation": "Somebody 2020"}


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    """A data set with its record: photos and masks of one picture."""
    for name in ("photos", "masks"):
        (tmp_path / "set" / name).mkdir(parents=True)
        Image.new("RGB", (8, 8), (90, 120, 150)).save(tmp_path / "set" / name / "a.png")
    (tmp_path / "set" / "provenance.json").write_text(json.dumps(RECORD | {"files": {"photos/a.png": {}}}))
    return tmp_path / "set"


def test_a_folder_is_of_the_set_whose_record_lists_files_of_it(fetched: Path) -> None:
    assert read_origins([fetched / "photos"]) == [TOLD]
    assert read_origins([fetched, fetched / "photos"]) == [TOLD]
    assert read_origins([fetched / "masks"]) == []  # somebody else's, beside it


def test_a_link_to_elsewhere_is_not_of_the_set_that_it_lies_in(fetched: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (fetched / "links").symlink_to(tmp_path / "own")
    assert read_origins([fetched / "links"]) == []


def test_a_damaged_record_says_nothing(fetched: Path) -> None:
    (fetched / "provenance.json").write_text("{")
    assert read_origins([fetched / "photos"]) == []


def test_pairs_know_the_sets_of_both_halves_and_the_same_command_again_keeps_them(
    fetched: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        pair(fetched / "masks", fetched / "photos", tmp_path / "pairs")
        assert read_json(tmp_path / "pairs" / "pairs.json")["provenance"]["sources"] == [TOLD]
