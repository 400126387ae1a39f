"""Pictures of two scales, or of one value, in one folder are told; pictures of any other values are not."""

import pytest

from p2p_datatools.contract.pictures.scales import ScaleCheck


def check(*ends: tuple[float, float]) -> ScaleCheck:
    found = ScaleCheck()
    for number, (low, high) in enumerate(ends):
        found.add(f"{number}.tif", low, high)
    return found


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([(0, 255), (0.1, 0.9), (0, 201)], "1 picture has values up to 1 (first: 1.tif), the other 2 up to 255"),
        ([(0, 65535), (0, 255), (3, 180)], "2 pictures have values up to 255 (first: 1.tif), the other 1 up to 65535"),
        ([(0, 0), (0, 1), (0, 255)], "1 picture has values up to 1 (first: 1.tif), the other 1 up to 255"),
        ([(-0.9, 0.4), (-9000, 9500)], "1 picture has values up to 1 (first: 0.tif), the other 1 up to 9500"),  # NDVI
        ([(0, 255), (-1, 0.8)], "1 picture has values up to 1 (first: 1.tif), the other 1 up to 255"),
        ([(0, 3900), (0, 52000)], "1 picture has values up to 4095 (first: 0.tif), the other 1 up to 52000"),  # 12 bits
        ([(0, 3900), *[(0, 52000)] * 12], None),  # one is dark
        ([(0, 3900), (0, 9000), (0, 52000)], None),
        ([(-2.1, 1.9), (-0.8, 0.6)], None),  # of mean 0 and deviation 1
        ([(0, 0.9), (0, 2.5), (0, 300)], None),  # heights, of which some lie between
        ([(0, 0.1), (0, 300)], None),  # a picture of shares has larger ones
        ([(-3, 0.9), (0, 300)], None),
        ([(0, 1), (0.2, 1)], None),
        ([(0, 255), (0, 255)], None),
    ],
)
def test_pictures_of_two_known_scales_are_told_with_the_first_of_the_smaller(
    ends: list[tuple[float, float]], said: str | None
) -> None:
    found = check(*ends).mixture()
    assert found is None if said is None else found is not None and found.endswith(said)


def test_pictures_of_one_value_are_told_where_all_are() -> None:
    assert check((0, 0), (0, 0)).constant() == "hold nothing but the value 0, in 2 pictures"
    assert check((0, 0), (1, 1)).constant() is None
    assert check((0, 0), (0, 1)).constant() is None
    assert check().constant() is None
