"""Pairs that show the same: equal pixels, one photo with two masks; and equal masks, which show nothing."""

from pathlib import Path

from p2p_datatools.contract.pairs.alike import find_alike
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, HalfKind, PairFolder
from p2p_datatools.contract.pictures.sizes import Size


def folder_of_pairs(*hashes: tuple[str, str, str], kinds: tuple[HalfKind, HalfKind] = ("mask", "photo")) -> PairFolder:
    """Pairs called 0, 1, ... of the hash of their pixels, and of the files of their halves."""
    pairs = tuple(
        Pair(str(number), f"all/{number}.png", "all", Size(4, 4), pixels, None, {"a_sha256": a, "b_sha256": b})
        for number, (pixels, a, b) in enumerate(hashes)
    )
    return PairFolder(Path("pairs"), Half("mask", kinds[0]), Half("photo", kinds[1]), None, pairs)


def found(folder: PairFolder) -> list[tuple[str, str]]:
    return [(same.what, " ".join(pair.name for pair in same.pairs)) for same in find_alike(folder)]


def test_pairs_of_equal_pixels_are_found() -> None:
    folder = folder_of_pairs(("1", "a", "p"), ("2", "b", "q"), ("1", "c", "r"), ("1", "d", "s"))
    assert found(folder) == [("the same pixels as", "0 2 3")]


def test_one_photo_with_two_masks_is_found_and_one_mask_of_two_photos_is_not() -> None:
    assert found(folder_of_pairs(("1", "a", "p"), ("2", "b", "p"))) == [("the same photo as", "0 1")]
    assert found(folder_of_pairs(("1", "a", "p"), ("2", "a", "q"))) == []


def test_a_half_of_unknown_kind_counts_only_where_few_pairs_share_it() -> None:
    few = folder_of_pairs(
        *((str(n), "empty" if n < 3 else f"a{n}", f"b{n}") for n in range(40)), kinds=("picture",) * 2
    )
    many = folder_of_pairs(
        *((str(n), "empty" if n < 9 else f"a{n}", f"b{n}") for n in range(40)), kinds=("picture",) * 2
    )
    assert found(few) == [("the same mask as", "0 1 2")]
    assert found(many) == []


def test_a_half_of_unknown_kind_counts_where_each_is_in_as_many_pairs_as_a_clear_photo_of_many_hazy_ones_is() -> None:
    clear = [(f"{n} {k}", f"hazy {n} {k}", f"clear {n}") for n in range(6) for k in range(40)]
    same = found(folder_of_pairs(*clear, kinds=("picture",) * 2))
    assert [len(names.split()) for what, names in same] == [40] * 6
    assert {what for what, _ in same} == {"the same photo as"}
    two = [(f"{n}", f"day {n}", f"night {n % 2}") for n in range(80)]
    assert found(folder_of_pairs(*two, kinds=("picture",) * 2)) == []


def test_a_few_inputs_of_many_pairs_each_are_kinds_and_no_copies() -> None:
    def share(files: int) -> list[tuple[str, str]]:
        pairs = [(f"{n} {k}", f"template {n}", f"photo {n} {k}") for n in range(files) for k in range(30)]
        return found(folder_of_pairs(*pairs, kinds=("picture",) * 2))

    assert share(6) == []
    assert len(share(20)) == 20


def test_pairs_without_hashes_show_nothing() -> None:
    assert found(folder_of_pairs(("", "", ""), ("", "", ""))) == []
