"""Series are told apart by their looks, however many there are."""

from itertools import combinations

from p2p_datatools.contract.curves import look_of

COUNT = 60


def channels(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


def test_no_two_series_have_the_same_colour_on_white_or_on_a_dark_ground() -> None:
    for name in ("color", "on_dark"):
        colors = [getattr(look_of(place), name) for place in range(10 * COUNT)]
        assert len(set(colors)) == len(colors)


def test_series_of_nearly_the_same_colour_have_other_dashes() -> None:
    looks = [look_of(place) for place in range(COUNT)]
    for one, other in combinations(looks, 2):
        differs = max(abs(a - b) for a, b in zip(channels(one.color), channels(other.color), strict=True))
        assert differs >= 20 or one.dashes != other.dashes, (one, other)


def test_every_colour_can_be_seen_on_its_ground() -> None:
    for place in range(COUNT):
        look = look_of(place)
        assert min(channels(look.color)) < 160  # not pale on white
        assert max(channels(look.on_dark)) > 150  # not dark on dark
