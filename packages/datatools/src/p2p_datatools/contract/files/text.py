"""Reads text that others wrote: UTF-8, or UTF-16 and UTF-32 by their mark; of another encoding it says which it may be.

Nothing here may decode what no mark and no declaration tells: a guess is for the error message alone.
"""

import codecs
import re

from p2p_datatools.contract.errors import P2PError

# The longer marks first: that of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 1 << 16  # bytes around the first that is not UTF-8; characters of a table
_HIGH = re.compile(rb"[\x80-\xff]+")
_QUOTED = re.compile(r'"[^"]*"?')  # of a long cell the end may lie beyond what is looked at


def decode_text(data: bytes, where: object) -> str:
    """The text that bytes are; raises P2PError when they are not UTF-8 and have no mark of another encoding."""
    encoding = find_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise other_encoding(data, where, error) from error


def find_encoding(data: bytes) -> str:
    """The encoding that the mark at the beginning of text tells; without one UTF-8."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")


def other_encoding(data: bytes, where: object, error: Exception) -> P2PError:
    """The error that a file of text is not UTF-8, with what it looks like."""
    guesses = guess_encodings(data)
    if not guesses:
        what, to_do = f"cannot be read as text: {error}", "Fetch or export it again, or save it as UTF-8."
        return P2PError(where, what, to_do, code="not-text")
    to_do = f"Convert it with iconv -f {guesses[0]} -t UTF-8 {where} > NEW, or save it as UTF-8 in an editor."
    return P2PError(where, f"is not UTF-8 (it looks like {' or '.join(guesses)})", to_do, code="not-utf8")


def find_delimiter(text: str) -> str:
    """What separates the cells of CSV: of comma, semicolon and tab that which most lines have outside of quotes.

    A spreadsheet writes semicolons where the comma is the decimal point. Of two that all lines have, that which is more
    often in the first counts, which may be a heading.
    """
    lines = _QUOTED.sub("", text[:_LOOKED_AT]).splitlines() or [""]
    return max(",;\t", key=lambda sign: (sum(sign in line for line in lines), lines[0].count(sign)))


def guess_encodings(data: bytes) -> tuple[str, ...]:
    """Names of encodings, as iconv knows them, that bytes which are not UTF-8 may have; the likeliest first."""
    if find_encoding(data) != "utf-8":
        return ()  # it is damaged
    if 0 in data[:_LOOKED_AT]:
        return _guess_wide(data[:64])
    first = _HIGH.search(data)
    start = max(0, first.start() - 1) if first else 0
    sample = data[start : start + _LOOKED_AT]
    runs = [run.group() for run in _HIGH.finditer(sample)]
    if not runs or _binary(sample):
        return ()
    if _is_latin(runs):
        return ("WINDOWS-1252",)
    if _decodes(sample, "shift_jis") and _is_japanese(sample):
        return ("SHIFT_JIS",)
    if guesses := _guess_pairs(sample, runs):
        return guesses
    if _decodes(sample, "big5") and _is_big5(sample):
        return ("BIG5",)
    if _is_cyrillic(runs):
        return ("WINDOWS-1251",)
    if _decodes(sample, "gb18030") and all(len(run) > 1 for run in runs):
        return ("GB18030",)
    return ()


def _guess_wide(head: bytes) -> tuple[str, ...]:
    """The order of bytes of UTF-16: of ASCII letters every second byte is 0, and no other is."""
    zeros = [head[::2].count(0), head[1::2].count(0)]
    if min(zeros) > 0 or not 8 * max(zeros) > len(head) >= 8:
        return ()
    return ("UTF-16LE" if zeros[1] else "UTF-16BE",)


def _guess_pairs(sample: bytes, runs: list[bytes]) -> tuple[str, ...]:
    """What text may be of which all letters are two bytes from A1 on: Chinese, Korean, or Russian words of even length.

    The first byte of most Chinese letters is one of B0 to D7, that of Korean ones one of B0 to C8.
    """
    firsts, letters = [each for run in runs for each in run[::2]], b"".join(runs)
    if min(letters) < 0xA1 or any(len(run) % 2 for run in runs):
        return ()
    common = sum(0xB0 <= each <= 0xD7 for each in firsts) / len(firsts)
    if common > 0.7 and _decodes(sample, "gb18030"):
        is_hangul = all(0xB0 <= each <= 0xC8 for each in firsts)
        return ("GB18030", "EUC-KR") if is_hangul and _decodes(sample, "euc-kr") else ("GB18030",)
    return ("WINDOWS-1251",) if _is_cyrillic(runs) else ()


def _is_latin(runs: list[bytes]) -> bool:
    """Whether there are single letters, or two, among letters of ASCII, where other scripts have words or pairs."""
    letters = b"".join(runs)
    return min(letters) >= 0xA0 and 0xFF not in letters and len(letters) < 2 * len(runs)


def _binary(sample: bytes) -> bool:
    return bool(re.search(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]", sample))


def _decodes(sample: bytes, encoding: str) -> bool:
    # The sample may end within a letter.
    return any(_is_whole(sample[: len(sample) - cut], encoding) for cut in range(3) if len(sample) > 2 * cut)


def _is_whole(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_japanese(sample: bytes) -> bool:
    """Whether Shift-JIS gives kana of full width, or kanji out of bytes that no other encoding begins with."""
    text = [letter for letter in sample.decode("shift_jis", "replace") if ord(letter) > 127]
    kana = sum("\u3040" <= letter <= "\u30ff" for letter in text)
    half = sum("\uff61" <= letter <= "\uff9f" for letter in text)
    kanji = sum("\u4e00" <= letter <= "\u9fff" for letter in text)
    return 4 * half < len(text) and (kana > 0 or kanji == len(text)) and kana + kanji > half


def _is_big5(sample: bytes) -> bool:
    text = [letter for letter in sample.decode("big5", "replace") if ord(letter) > 127]
    # Of the letters in use, the first byte is one of A4 to C6.
    common = all(0xA4 <= letter.encode("big5", "replace")[0] <= 0xC6 for letter in text)
    return bool(text) and common and all("\u4e00" <= letter <= "\u9fff" for letter in text)


def _is_cyrillic(runs: list[bytes]) -> bool:
    """Whether there are words of letters alone, where Latin text has single ones among its ASCII letters."""
    letters = b"".join(runs)
    return len(letters) > 2 * len(runs) and all(each >= 0xC0 or each in (0xA8, 0xB8) for each in letters)
