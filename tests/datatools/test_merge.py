"""Parts of a sharded pairing come together whole, or an error says what is missing."""

from pathlib import Path

import numpy as np
import pytest

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.images import write_png
from p2p_datatools.contract.manifest import Pair, read_manifest
from p2p_datatools.merge import merge
from p2p_datatools.pairs import Ways, pair
from p2p_datatools.shards import Shard

NAMES = [f"{number:02d}" for number in range(12)]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for side in ("a", "b"):
        for number, name in enumerate(NAMES):
            write_png(tmp_path / side / f"{name}.png", np.full((4, 6, 3), number, np.uint8))
    return tmp_path / "a", tmp_path / "b"


@pytest.fixture
def parts(folders: tuple[Path, Path], tmp_path: Path) -> list[Path]:
    shards = [Shard(number, 3) for number in (1, 2, 3)]
    return [pair(*folders, tmp_path / "pairs", ways=Ways(shard=shard)).dest for shard in shards]


def by_name(folder: Path) -> dict[str, Pair]:
    return {each.name: each for each in read_manifest(folder).pairs}


def test_shards_share_every_pair_and_merged_they_are_what_one_machine_makes(
    folders: tuple[Path, Path], parts: list[Path], tmp_path: Path
) -> None:
    assert sorted(name for part in parts for name in by_name(part)) == NAMES
    summary = merge(parts, tmp_path / "pairs")
    assert (summary.brought, summary.kept) == (12, 0)
    whole = pair(*folders, tmp_path / "whole").dest
    assert {name: each.hash for name, each in by_name(tmp_path / "pairs").items()} == {
        name: each.hash for name, each in by_name(whole).items()
    }
    for each in by_name(whole).values():
        assert (tmp_path / "pairs" / each.file).read_bytes() == (whole / each.file).read_bytes()


@pytest.mark.parametrize("move", [False, True])
def test_merging_again_does_nothing(parts: list[Path], tmp_path: Path, move: bool) -> None:
    merge(parts, tmp_path / "pairs", move=move)
    again = merge(parts, tmp_path / "pairs", move=move)
    assert (again.brought, again.kept) == (0, 12)
    assert all((tmp_path / "pairs" / each.file).is_file() for each in by_name(tmp_path / "pairs").values())


def test_a_missing_shard_is_an_error_and_nothing_is_written(parts: list[Path], tmp_path: Path) -> None:
    with pytest.raises((P2PError, UsageError), match="2"):
        merge([parts[0], parts[2]], tmp_path / "pairs")
    assert not (tmp_path / "pairs").exists()


def test_one_name_in_two_parts_is_an_error(folders: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = (pair(*folders, tmp_path / name).dest for name in ("first", "second"))
    with pytest.raises(P2PError, match="00"):
        merge([first, second], tmp_path / "pairs")
    assert not (tmp_path / "pairs").exists()
