"""Shares of a pairing: every name in one, by its name alone."""

import pytest

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.shards import Shard, parse_shard


def test_every_name_belongs_to_one_share_and_the_shares_are_about_equal() -> None:
    names = [f"car-{number}" for number in range(900)]
    shares = [[name for name in names if Shard(number, 3).has(name)] for number in (1, 2, 3)]
    assert sorted(name for share in shares for name in share) == sorted(names)
    assert all(250 < len(share) < 350 for share in shares)


def test_a_share_is_read_from_words() -> None:
    assert parse_shard(" 2/8 ") == Shard(2, 8)


@pytest.mark.parametrize("words", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3"])
def test_a_share_that_cannot_be_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match="is not I/N"):
        parse_shard(words)
