"""The wire format of protobuf is read field by field, and no length is believed."""

import pytest

from p2p_gan.models.protobuf import each_field


def fields(data: bytes) -> list[tuple[int, int | bytes]]:
    return [
        (number, value if isinstance(value, int) else bytes(value)) for number, value in each_field(memoryview(data))
    ]


def test_numbers_texts_and_fixed_fields_are_read_in_their_order() -> None:
    data = b"\x08\x96\x01" + b"\x12\x07testing" + b"\x1d\x00\x00\x80?" + b"\x21" + b"\x01" * 8
    assert fields(data) == [(1, 150), (2, b"testing"), (3, b"\x00\x00\x80?"), (4, b"\x01" * 8)]
    assert fields(b"") == []


@pytest.mark.parametrize(
    "data",
    [b"\x08", b"\x12\x07test", b"\x12\xff\xff\xff\xff\x0f", b"\x08" + b"\xff" * 11, b"\x0b", b"\x1d\x00", b"\x02\x00"],
    ids=["no value", "cut text", "long text", "endless number", "a group", "cut number", "field 0"],
)
def test_what_is_cut_or_foreign_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"a (number|field)"):
        fields(data)
