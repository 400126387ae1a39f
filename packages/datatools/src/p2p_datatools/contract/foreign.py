"""Data that others wrote, read without trust: whatever is of another kind than it must be is one line that says where.

Nothing here may know a format, beyond that TOML is text.
"""

import errno
import math
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError

_LONGEST = 200  # characters of a decoder's own words
_LONGEST_VALUE = 40  # characters of a value in an error
_DEEPEST = 50  # levels of tables and lists in TOML, below what Python's recursion takes wherever it is read or shown
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


def refuse_without_memory(error: Exception) -> None:
    """Raise MemoryError for an error by which a library says that there was none: it is not the file's fault."""
    words = str(error)
    if (isinstance(error, OSError) and error.errno == errno.ENOMEM) or "Insufficient memory" in words:  # OpenCV
        raise MemoryError(decoder_words(error)) from error


def decoder_words(error: BaseException) -> str:
    """What a decoder says, in one short line; the name of its error when it says nothing."""
    words = _ADDRESS.sub("", " ".join(str(error).split())).strip() or type(error).__name__
    if isinstance(error, KeyError):
        words = f"KeyError({words})"
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

    def read_number(self, value: Any, name: str) -> float:
        """A finite number, an int or a float."""
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_WHOLE:
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        raise self.refuse(value, name, "a number")

    def read_text(self, value: Any, name: str) -> str:
        """A text that can be written as UTF-8, which one with half of a surrogate pair cannot."""
        if not isinstance(value, str) or not _is_whole_text(value):
            raise self.refuse(value, name, "a text")
        return value

    def read_word(self, value: Any, name: str) -> str:
        """A text, or a whole number as one, as people write names that are numbers."""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(self.read_whole(value, name, least=-MOST_WHOLE))
        return self.read_text(value, name)

    def read_list(self, value: Any, name: str) -> list[Any]:
        """A list."""
        if not isinstance(value, list | tuple):  # a record that waits to be written may still hold a tuple
            raise self.refuse(value, name, "a list")
        return list(value)

    def read_table(self, value: Any, name: str) -> dict[str, Any]:
        """A table (an object of JSON), whose keys are texts as `read_text` gives them."""
        if not isinstance(value, dict) or not all(isinstance(key, str) and _is_whole_text(key) for key in value):
            raise self.refuse(value, name, "a table")
        return value

    def refuse(self, value: Any, name: str, wanted: str) -> P2PError:
        """The error for a value that is not what is wanted."""
        what, code = f"{name} is not {wanted}: {show_value(value)}", self.code
        return P2PError(self.where, what, self.to_do, code=code)


def is_digits(text: str) -> bool:
    """Whether a text is a whole number in at most 18 digits 0 to 9, which `int` reads; longer ones it may refuse."""
    return len(text) <= 18 and text.isascii() and text.isdigit()


def show_value(value: Any) -> str:
    """A foreign value in a few words, however long, deep or odd it is."""
    if isinstance(value, dict | list | tuple):
        return "it is a table" if isinstance(value, dict) else "it is a list"
    if isinstance(value, int) and value.bit_length() > 120:  # Python refuses to write out 5,000 digits
        return "it has too many digits"
    shown = ascii(value)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}..."


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


def _is_whole_text(text: str) -> bool:
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
