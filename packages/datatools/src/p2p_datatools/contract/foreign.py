"""Data that others wrote, read without trust: whatever is of another kind than it must be is one line that says where.

Nothing here may know a format, beyond that TOML is text.
"""

import errno
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.words import parser_words, plural

_LONGEST = 200  # characters of a decoder's own words
_LONGEST_VALUE = 40  # characters of a value in an error
_MOST_SHOWN = 3  # values of a list or table that is written out in an error
_DEEPEST = 50  # levels of tables and lists in TOML, below what Python's recursion takes wherever it is read or shown
_DEEPEST_NUMBER = 3  # lists around a number that are named in an error
MOST_WHOLE = 2**53
"""The largest whole number that data may hold by default: larger ones are not exact as floats, as JSON has them."""


@contextmanager
def catch_decoder(
    where: Path | str, what: str, to_do: str, *, code: str = "damaged-file", kind: type[P2PError] = P2PError
) -> Iterator[None]:
    """Raise an error of `kind` for whatever the block raises; errors of our own and missing memory stay as they are.

    Decoders raise what they like on data that nobody foresaw: an IndexError, a struct.error, an OverflowError. What
    the block does of our own must not be able to fail otherwise, or a mistake of ours would look like the file's.
    """
    try:
        yield
    except (P2PError, MemoryError):
        raise
    except Exception as error:
        refuse_without_memory(error)
        raise kind(where, f"{what} ({decoder_words(error)})", to_do, code=code) from error


_ADDRESS = re.compile(r"\s?<[\w.]+ object at 0x[0-9a-fA-F]+>")  # Python's words for a stream, other each time
_NO_MEMORY = ("Insufficient memory", "bad_alloc", "bad allocation")  # of OpenCV, and of C++ in OpenVINO


def refuse_without_memory(error: Exception) -> None:
    """Raise MemoryError for an error by which a library says that there was none: it is not the file's fault."""
    words = str(error)
    if (isinstance(error, OSError) and error.errno == errno.ENOMEM) or any(each in words for each in _NO_MEMORY):
        raise MemoryError(decoder_words(error)) from error


def decoder_words(error: BaseException) -> str:
    """What a decoder says, in one short line; the name of its error when it says nothing."""
    words = _ADDRESS.sub("", " ".join(parser_words(error).split())).strip() or type(error).__name__
    if isinstance(error, KeyError):
        words = f"{words} is missing"
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


@dataclass(frozen=True)
class ForeignPlace:
    """The file or line at `where`, out of which values are read; one of another kind is an error that says `to_do`.

    `name` in its methods is what the value is called there. All raise P2PError of `code`.
    """

    where: Path | str
    to_do: str
    code: str = "damaged-file"

    def read_whole(self, value: Any, name: str, *, least: int = 0, most: int = MOST_WHOLE) -> int:
        """A whole number within the bounds: an int, or a float that is one. No text, truth value, NaN or infinity."""
        is_whole = isinstance(value, float) and value.is_integer()  # which neither NaN nor infinity is
        if not (is_whole or isinstance(value, int)) or isinstance(value, bool):
            raise self.refuse(value, name, "a whole number")
        if not least <= value <= most:
            raise self.refuse(value, name, f"a whole number from {least} to {most}")
        return int(value)

    def read_number(self, value: Any, name: str, *, most: float | None = None, from_text: bool = False) -> float:
        """A finite number, at most `most` away from 0: an int, a float, or with `from_text` a text that is one."""
        found, wanted = _number_of(value, from_text=from_text), "a number"
        if found is None:
            raise self.refuse(value, name, wanted)
        if most is not None:
            wanted = f"a number from -{most:g} to {most:g}"
        # A float has no largest value by itself, beyond that infinity is none.
        farthest = most if most is not None else MOST_WHOLE if isinstance(found, int) else sys.float_info.max
        if not -farthest <= found <= farthest:  # which NaN is not, either
            raise self.refuse(value, name, wanted)
        return found

    def refuse_numbers(self, values: Any, name: str, wanted: str, *, least: float, most: float) -> P2PError:
        """The error for lists of numbers that are not what is `wanted`: it names the first that is none or too large.

        Where each is a number within the bounds, their count is what is wrong.
        """
        count, what, code = 0, "", self.code
        for key, value in _leaves(values, name):
            found = _number_of(value, from_text=True)
            if found is None or not least <= found <= most:
                also = "" if key == name else f" {name}"
                what = f"{key} is {show_value(value, alone=False)}, but{also} must be {wanted}"
                break
            count += 1
        what = what or f"{name} must be {wanted}, but has {plural(count, 'number')}"
        return P2PError(self.where, what, self.to_do, code=code)

    def read_text(self, value: Any, name: str) -> str:
        """A text that can be written as UTF-8, which one with half of a surrogate pair cannot."""
        if not isinstance(value, str) or not is_utf8(value):
            raise self.refuse(value, name, "a text in UTF-8" if isinstance(value, str) else "a text")
        return value

    def read_word(self, value: Any, name: str) -> str:
        """A text, or a whole number as one, as people write names that are numbers."""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(self.read_whole(value, name, least=-MOST_WHOLE))
        return self.read_text(value, name)

    def read_list(self, value: Any, name: str, *, may_lack: bool = False) -> list[Any]:
        """A list; with `may_lack` None is an empty one."""
        if value is None and may_lack:
            return []
        if not isinstance(value, list | tuple):  # a record that waits to be written may still hold a tuple
            raise self.refuse(value, name, "a list")
        return list(value)

    def read_table(self, value: Any, name: str) -> dict[str, Any]:
        """A table (an object of JSON), whose keys are texts as `read_text` gives them."""
        if not isinstance(value, dict) or not _are_texts(value):
            raise self.refuse(value, name, "a table")
        return value

    def read_texts(self, value: Any, name: str) -> dict[str, str]:
        """A table of texts."""
        table = self.read_table(value, name)
        if not _are_texts(table.values()):
            return {key: self.read_text(each, f"{key} in {name}") for key, each in table.items()}
        return dict(table)

    def read_counts(self, value: Any, name: str) -> dict[str, int]:
        """A table of whole numbers."""
        return {key: self.read_whole(each, f"{key} in {name}") for key, each in self.read_table(value, name).items()}

    def read_two(self, value: Any, name: str) -> tuple[int, int]:
        """Two whole numbers, such as a size or a place; raises ValueError for a list of more or fewer."""
        one, other = self.read_list(value, name)
        return self.read_whole(one, f"a number of {name}"), self.read_whole(other, f"a number of {name}")

    def refuse(self, value: Any, name: str, wanted: str) -> P2PError:
        """The error for a value that is not what is wanted."""
        what, code = f"{name} is not {wanted}: {show_value(value)}", self.code
        return P2PError(self.where, what, self.to_do, code=code)


def _number_of(value: Any, *, from_text: bool) -> float | None:
    """The number that a value is, which may be NaN or infinity; None for what is none, such as a truth value."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not from_text or not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _leaves(values: Any, name: str, deep: int = 0) -> Iterator[tuple[str, Any]]:
    """What lies in lists within lists, each with the way to it, such as points[3][1]; too deep a list is a leaf."""
    if not isinstance(values, list | tuple) or deep > _DEEPEST_NUMBER:
        yield name, values
        return
    for count, each in enumerate(values):
        yield from _leaves(each, f"{name}[{count}]", deep + 1)


def is_digits(text: str) -> bool:
    """Whether a text is a whole number in at most 18 digits 0 to 9, which `int` reads; longer ones it may refuse."""
    return len(text) <= 18 and text.isascii() and text.isdigit()


def show_value(value: Any, *, alone: bool = True) -> str:
    """A foreign value in a few words, however long, deep or odd it is; not `alone` they follow 'is'."""
    words = "a table" if isinstance(value, dict) else "a list" if isinstance(value, list | tuple) else ""
    if isinstance(value, int) and value.bit_length() > 120:  # Python refuses to write out 5,000 digits
        return "it has too many digits" if alone else "a number of too many digits"
    shown = f"it is {words}" if alone else words
    if not words or (len(value) <= _MOST_SHOWN and not _holds_more(value)):
        shown = ascii(value)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}..."


def _holds_more(value: Any) -> bool:
    """Whether a list or table holds others, or numbers that cannot be written out."""
    inside = [*value, *value.values()] if isinstance(value, dict) else value
    return any(
        isinstance(each, dict | list | tuple) or (isinstance(each, int) and each.bit_length() > 120) for each in inside
    )


def parse_toml(text: str, where: Path | str, *, to_do: str = "Correct that line.") -> dict[str, Any]:
    """The tables in TOML text; raises P2PError for whatever is wrong with it, such as too many levels."""
    with catch_decoder(where, "is not TOML", to_do, code="bad-toml"):
        try:
            found = tomllib.loads(text)
        except RecursionError:
            raise ValueError(f"tables and lists lie more than {_DEEPEST} levels deep") from None
        if is_deeper(found, _DEEPEST):
            raise ValueError(f"tables and lists lie more than {_DEEPEST} levels deep")
        return found


def _are_texts(values: Iterable[Any]) -> bool:
    """Whether all are texts in UTF-8, which a manifest asks of millions."""
    try:
        return is_utf8("".join(values))
    except TypeError:
        return False


def is_utf8(text: str) -> bool:
    """Whether a text is valid UTF-8, which halves of surrogate pairs are not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_deeper(value: Any, levels: int) -> bool:
    """Whether tables and lists lie in one another for more than so many levels."""
    level, found = [value], 0
    while level and found <= levels:
        level = [
            each
            for within in level
            if isinstance(within, dict | list)
            for each in (within.values() if isinstance(within, dict) else within)
        ]
        found += 1
    return found > levels
