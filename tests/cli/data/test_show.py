"""What `p2p data show` takes for names, and that it finds before it shows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pictures.images import Photo, write_png
from p2p_datatools.sheets.layout import lay_out


@pytest.fixture
def captions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What stands under the pictures of the last sheet."""
    found: list[str] = []

    def lay(tiles: list[Any], **words: Any) -> Photo:
        found[:] = [tile.caption for tile in tiles]
        return lay_out(tiles, **words)

    monkeypatch.setattr("p2p_datatools.sheets.contact.lay_out", lay)
    return found


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("a", "b", "c,d", "e"):
        pixels = np.random.default_rng(len(name)).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        write_png(tmp_path / "photos" / f"{name}.png", pixels, durable=False)
    return tmp_path / "photos"


def show(photos: Path, *words: str) -> int:
    return main(["--quiet", "data", "show", str(photos), str(photos.parent / "sheet.png"), "--force", *words])


def test_one_option_may_name_several_pictures_and_several_options_one_each(photos: Path, captions: list[str]) -> None:
    assert show(photos, "--names", "e, a.png") == 0
    assert captions == ["e", "a"]
    assert show(photos, "--names", "c,d", "--names", "b") == 0
    assert captions == ["c,d", "b"]
    assert show(photos, "--names", "x") == 2


def test_a_seed_chooses_among_all(photos: Path, captions: list[str]) -> None:
    chosen = set()
    for seed in range(6):
        assert show(photos, "--seed", str(seed), "--limit", "1") == 0
        chosen.update(captions)
    assert len(chosen) > 1


def test_what_check_finds_is_shown_and_what_cannot_be_read_too(photos: Path, captions: list[str]) -> None:
    (photos / "b.png").write_bytes(b"cut off")
    assert show(photos, "--names", "b") == 1
    assert show(photos) == 0
    assert "b: not-a-picture" in captions
    captions.clear()
    assert show(photos, "--findings") == 0
    assert captions[0] == "b: not-a-picture"
