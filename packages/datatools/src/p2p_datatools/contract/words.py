"""Words of messages: numbers with their nouns, and text out of files made harmless for a terminal or a shell.

Nothing here may know what a message is about.
"""

import json
import re
import shlex
import unicodedata
from collections.abc import Iterable

# Zero-width joiners, which belong to words of Persian and of India, and to emoji.
_JOINERS = "\u200c\u200d"
_DIGITS = re.compile(r"Exceeds the limit \((\d+) digits\) for integer string conversion: value has (\d+) digits.*")


def plural(count: int, one: str, several: str = "") -> str:
    """`1 picture` or `2 pictures`; `several` is for words whose plural takes more than an s: `2,000 masks have`."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def name_first(first: object, count: int, noun: str = "") -> str:
    """The first of `count`, and how many others there are: `a.png`, `a.png (and 2 more)`."""
    others = plural(count - 1, f"more {noun}") if noun else f"{count - 1} more"
    return f"{first} (and {others})" if count > 1 else str(first)


def duration_text(seconds: float) -> str:
    """A duration in at most two units: 45 s, 12 min, 3 h 20 min, 2.2 days."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    return f"{minutes // 60} h {minutes % 60} min" if hours < 48 else f"{hours / 24:.1f} days"


def first_line(error: BaseException) -> str:
    """What an error of another library says first, or its kind, as a part of a sentence."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def parser_words(error: BaseException) -> str:
    """What a parser of Python says, without its advice to programmers about numbers of thousands of digits."""
    return _DIGITS.sub(r"a whole number of \2 digits, more than the \1 that are read", str(error))


def is_printable(text: str) -> bool:
    """Whether all characters can be shown as they are, spaces of every width included, and none moves the cursor."""
    return text.isprintable() or all(map(_is_plain, text))


def printable(text: str, *, keep: str = "") -> str:
    """The text with what a terminal could obey, such as an escape sequence, as the escapes of JSON: `\\u001b`.

    `keep` are characters that stay as they are, such as line ends.
    """
    if text.isprintable():
        return text
    return "".join(each if each in keep or _is_plain(each) else json.dumps(each)[1:-1] for each in text)


def shell_word(text: str) -> str:
    """The text as one word of a command line: in quotes where a shell would read anything else in it.

    What cannot be printed becomes `?`, which in a glob such as those of `--map` stands for any character; bytes of a
    file's name that are not text here, as all letters but those of ASCII are with LC_ALL=C, become numbers in `$'...'`.
    """
    if any(map(_is_byte, text)):
        return _exact_word(text)
    plain = "".join(each if _is_plain(each) else "?" for each in text)
    return plain if re.fullmatch(r"[\w@%+:,./=-]+", plain) and not plain.startswith("-") else shlex.quote(plain)


def path_word(path: object) -> str:
    """A path as one word of a command line, which is not an option even if it begins with a dash.

    What cannot be printed, such as a line end, is there by its number: `?` would be another path.
    """
    text = str(path)
    return _typed_word(f"./{text}" if text.startswith("-") else text)


def shell_line(words: Iterable[str]) -> str:
    """Words of a command, as they were typed, as a line that can be typed."""
    return " ".join(map(_typed_word, words))


def p2p_command(words: str, *places: object) -> str:
    """A command in a sentence: in quotes, or, where a place has quotes of its own, without."""
    parts = [path_word(place) for place in places]
    line = " ".join(["p2p", words, *parts])
    return f"'{line}'" if parts == [str(place) for place in places] else line


def _typed_word(text: str) -> str:
    return shell_word(text) if is_printable(text) else _exact_word(text)


def _exact_word(text: str) -> str:
    return f"$'{''.join(map(_escape, text))}'"


def _is_byte(character: str) -> bool:
    """Whether it stands for a byte that could not be decoded (`surrogateescape`)."""
    return "\udc80" <= character <= "\udcff"


def _escape(character: str) -> str:
    """A character between `$'` and `'`."""
    if _is_byte(character):
        return f"\\{ord(character) - 0xDC00:03o}"
    if not _is_plain(character):
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return f"\\{character}" if character in "\\'" else character


def _is_plain(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs" or character in _JOINERS
