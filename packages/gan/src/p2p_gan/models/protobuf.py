"""Reads the wire format of protobuf, in which ONNX files are: the fields of a message, one after the other.

Nothing here may copy what a field holds, know what it means, or trust a length.
"""

from collections.abc import Iterator

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # the wire types (https://protobuf.dev/programming-guides/encoding)
_LONGEST_VARINT = 10  # bytes of 7 bits each, for 64 bits


def each_field(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field: a whole number, or the bytes of a text, a message or packed numbers.

    Raises ValueError where the message is cut or is not protobuf.
    """
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in (_EIGHT, _FOUR):
            length = 8 if kind == _EIGHT else 4
        else:
            raise ValueError(f"a field has the wire type {kind}")
        if not number or length > end - at:
            raise ValueError("a field is longer than its message")
        yield number, message[at : at + length]
        at += length


def encode_field(number: int, value: int | bytes | memoryview) -> bytes:
    """One field, of a whole number from 0 or of bytes."""
    if isinstance(value, int):
        return _encode_varint(number << 3 | _VARINT) + _encode_varint(value)
    return _encode_varint(number << 3 | _BYTES) + _encode_varint(len(value)) + bytes(value)


def _encode_varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A whole number, 7 bits in each byte, the lowest first; and where the next field goes on."""
    value = 0
    for step in range(_LONGEST_VARINT):
        if at + step >= len(message):
            raise ValueError("a number is cut off")
        byte = message[at + step]
        value |= (byte & 0x7F) << (7 * step)
        if byte < 0x80:
            return value, at + step + 1
    raise ValueError("a number has too many bytes")
