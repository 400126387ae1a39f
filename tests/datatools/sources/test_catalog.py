"""The catalogue says what is known, and what is not."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.sources.catalog import CatalogEntry, find_entry, load_catalog

if TYPE_CHECKING:
    from conftest import Refused

WORDS = {"kaggle", "mirror"}


def test_the_sets_that_were_promised_are_known() -> None:
    promised = (
        "cars cars-pairs maps facades cityscapes edges2shoes edges2handbags car-parts camvid coco-photos synth-cars"
    )
    assert set(load_catalog()) == set(promised.split())


@pytest.mark.parametrize("entry", load_catalog().values(), ids=list(load_catalog()))
def test_an_entry_has_a_licence_a_citation_a_source_and_a_next_command(entry: CatalogEntry) -> None:
    assert entry.licence != "unknown"
    assert entry.citation
    assert entry.terms
    assert set(entry.sources) <= WORDS
    assert entry.sources or entry.name == "synth-cars"
    assert entry.next_command(Path("my cars")).startswith("p2p ")
    assert "'my cars" in entry.next_command(Path("my cars"))
    assert entry.mirror is None or entry.mirror.address.startswith("https://")
    if entry.palette:
        load_palette(entry.palette)


def test_what_has_no_exact_size_or_hash_says_that_it_was_not_verified() -> None:
    for entry in load_catalog().values():
        for place in (entry.kaggle, entry.mirror):
            if place and not (place.bytes and place.sha256):
                assert entry.unverified, entry.name


def test_the_presets_are_those_of_training() -> None:
    from p2p_gan.config.presets import PRESETS

    assert {entry.preset for entry in load_catalog().values()} <= set(PRESETS)


def test_a_data_set_names_its_preset_and_its_next_command_uses_it() -> None:
    fitting = {
        **{"cars": "cars", "cars-pairs": "cars", "maps": "paper-maps", "facades": "paper"},
        **{"coco-photos": "colourise", "synth-cars": "tiny"},
    }
    entries = load_catalog()
    assert {name: entries[name].preset for name in fitting} == fitting
    for entry in entries.values():
        if "p2p train" in entry.next:
            assert f"--preset {entry.preset} {entry.settings}".strip() + " " in entry.next


MINE = """
[scans]
title = "Our scans"
holds = "pairs"
layout = [{ from = "A/*", to = "train" }]
mirror = { url = "https://example.org/{name}.zip", bytes = 5 }
"""


def test_a_file_of_ones_own_adds_entries_and_replaces_those_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE + MINE.replace("[scans]", "[maps]"))
    entries = load_catalog(path)
    assert entries["scans"].mirror
    assert entries["scans"].mirror.address == "https://example.org/scans.zip"
    assert entries["maps"].title == "Our scans"
    assert "facades" in entries


def test_what_an_entry_shows_as_a_table_can_be_read_again(tmp_path: Path) -> None:
    table = find_entry("maps").as_table()
    assert table["kaggle"] == {"handle": "vikramtiwari/pix2pix-dataset"}
    built_in = Path(load_catalog.__code__.co_filename).with_name("catalog.toml")
    expected = tomllib.loads(built_in.read_text("utf-8"))["maps"]
    assert table.pop("mirror")["bytes"] == expected.pop("mirror")["bytes"]
    assert table == expected


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ('title = "Our scans"', "", "bad-catalogue", "has no title"),
        ("holds =", "hold =", "bad-catalogue", "unknown field hold"),
        ('"pairs"', '"trios"', "bad-catalogue", "holds is 'trios'"),
        ('to = "train"', 'to = "../train"', "path-leads-out", "'../train'"),
        ('"Our scans"', "5", "bad-catalogue", "title"),
        ("bytes = 5", 'bytes = "5"', "bad-catalogue", "bytes is not a whole number"),
        ("bytes = 5", 'sha256 = "5"', "bad-catalogue", "64 hex digits"),
        ("[scans]", "[scans", "bad-toml", "line 2"),
        ("{ from", "{ form", "bad-catalogue", "'from' is missing"),
    ],
)
def test_a_wrong_entry_says_where_and_what(
    tmp_path: Path, old: str, new: str, code: str, words: str, refused: "Refused"
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE.replace(old, new))
    with refused(code) as raised:
        load_catalog(path)
    assert words in raised.value.what
    assert raised.value.where == (str(path) if code == "bad-toml" else f"{path}: [scans]")


def test_an_unknown_name_lists_those_there_are(refused: "Refused") -> None:
    with refused("unknown-data-set", "boats", usage=True) as error:
        find_entry("boats")
    assert "cars, cars-pairs, maps" in error.value.to_do


@pytest.mark.parametrize(("name", "meant"), [("Maps", "maps"), ("facade", "facades"), ("cityscape", "cityscapes")])
def test_a_name_that_is_nearly_one_is_told_it(name: str, meant: str, refused: "Refused") -> None:
    with refused("unknown-data-set", name, usage=True) as error:
        find_entry(name)
    assert f"Did you mean {meant}?" in error.value.to_do


def test_an_address_is_called_so_and_its_secrets_are_not_shown(refused: "Refused") -> None:
    with refused("unknown-data-set", usage=True) as error:
        find_entry("https://user:secret@example.org/maps.tar.gz")
    assert "address" in error.value.what
    assert "secret" not in str(error.value)
