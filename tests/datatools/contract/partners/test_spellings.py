"""Names are the same in another spelling only where no other pairs are as good."""

import pytest

from p2p_datatools.contract.partners.spellings import find_capitals, find_escaped, find_separators


@pytest.mark.parametrize(
    ("here", "there", "names"),
    [
        (["s0_0", "s0_1"], ["s0/0", "s0/1", "s0/2"], {"s0_0": "s0/0", "s0_1": "s0/1"}),
        (["x_1", "x_2"], ["x-1", "x-3"], {}),
        (["a.1", "b.2"], ["a_1", "b_2"], {"a.1": "a_1", "b.2": "b_2"}),
        (["a.1", "b.2"], ["a_1", "a-1", "b_2"], {}),  # a.1 may be a-1 as well
        (["a_1", "a-1", "b_2"], ["a.1", "b.2"], {}),
    ],
)
def test_another_separator_pairs_all_of_a_folder_in_one_way_or_none(
    here: list[str], there: list[str], names: dict[str, str]
) -> None:
    assert find_separators(here, there).names == names


def test_escapes_and_capitals_pair_names_of_which_no_other_is_spelled_alike() -> None:
    assert find_escaped(["a%20b", "c"], ["a b", "d"]).names == {"a%20b": "a b"}
    assert find_capitals(["IMG_1", "x", "X"], ["img_1", "x"]).names == {"IMG_1": "img_1"}
