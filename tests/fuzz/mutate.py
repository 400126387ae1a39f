"""Changes small valid files into files that nobody meant: values of other kinds, missing parts, wrong bytes.

Nothing here may know who reads a file. It is our own and no library's, because a mutation must know JSON, TOML, PNG and
safetensors from within to get past their parsers, and because 200,000 inputs take minutes with it.
"""

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

Tree = dict[str, bytes]
"""The files of one input by their paths."""

HERE = b"@THE-FOLDER@"
"""Stands in an input for the path of the folder into which it is written, which records of ours may hold."""

_MARK = "\ue000"  # around the number of a raw token, so that text which JSON cannot hold can stand in a value's place
_DEEP = 100_000
_JSON_TOKENS = (
    "null",
    "[]",
    "{}",
    '""',
    "-1",
    "0",
    "1",
    "2.5",
    "true",
    "false",
    "1e400",
    "-1e400",
    "1e-400",
    "Infinity",
    "-Infinity",
    "NaN",
    "1" + "0" * 400,
    "9" * 5000,
    "9223372036854775808",
    "-9223372036854775809",
    "4294967296",
    "65536",
    "1e18",
    '"\u00b2"',
    '"\\ud800"',
    '"\\u0000"',
    '"\u0661"',
    '"1e400"',
    '"nan"',
    '"../x"',
    '"/etc/passwd"',
    '"%00"',
    '"[::1"',
    '"http://["',
    '"-"',
    '"{}"',
    '"\\u001b[31m"',
    "[" * _DEEP,
    "[" * 500 + "]" * 500,
    '{"a":' * _DEEP,
    "[" * 5000 + "]" * 5000,
    "[null]",
    "[[]]",
    "[{}]",
    '[""]',
    "[1]",
    "[-1,-1]",
    '{"":null}',
    '{"x":1}',
    "[NaN,NaN]",
    '["a","a"]',
    "[[1,2],[3]]",
    '"' + "n" * 300 + '"',
    '"' + "\u00fc" * 200 + '"',
    '"' + "x" * 100_000 + '"',
)
_TOML_TOKENS = (
    "[]",
    "{}",
    '""',
    "-1",
    "0",
    "inf",
    "-inf",
    "nan",
    "true",
    "1e400",
    "1" + "0" * 400,
    "9" * 5000,
    "0x" + "f" * 6000,
    "9223372036854775808",
    '"\u00b2"',
    '"\\u0000"',
    '"../x"',
    "[" * _DEEP,
    "[" * 400 + "]" * 400,
    "[[]]",
    "[{}]",
    "{a=" * 2000,
    "1979-05-27",
    "07:32:00",
    "1979-05-27T07:32:00Z",
    '"' + "n" * 300 + '"',
    '["a","a"]',
    "[0,0,0]",
    "{x=inf}",
    "[nan,nan,nan]",
    '"\u001b[31m"',
    '"\\u001b[31m"',
    "256",
    "2.5",
    "'''",
    '"""',
    "a.b",
    "\u00b2",
    "\ud7ff",
)
_WORDS = (
    "",
    "-1",
    "0",
    "1e400",
    "-1e400",
    "inf",
    "-inf",
    "nan",
    "1" + "0" * 400,
    "9" * 5000,
    "\u00b2",
    "\u0661",
    "x",
    "None",
    "2147483648",
    "9223372036854775808",
    "1e18",
    "65536",
    "1_0",
    " ",
    "\t",
    "\x00",
    "\x1b[31m",
    "../x",
    "/etc/passwd",
    "n" * 300,
    "\u00fc" * 200,
    "[" * 10_000,
    "{" * 10_000,
    "- " * 3000,
    "&a [*a]",
    "!!python/object:os.system",
    "<a>" * 3000,
    "<!DOCTYPE x>",
    "&x;",
    "&#0;",
    '"',
    "'",
    ",",
    ";",
    ":",
    "#",
    "#zzzzzz",
    "256,0,0",
    "1,2",
    "\ufeff",
    "\u2028",
    "\r",
    "\n",
)
_BYTES = (
    b"\xff" * 4,
    b"\0" * 4,
    b"\x7f\xff\xff\xff",
    b"\0\0\xff\xff",
    b"\x80\0\0\0",
    b"\xff" * 8,
    b"\0" * 16,
    b"\x80" + b"\0" * 7,
    b"9" * 30,
    b"-1",
    b"inf",
    b"nan",
    b"17 size=-5\n",
    b"30 size=99999999999999999\n",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b"\n",
    b"\r\n",
    b"\0",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b"<",
    b">",
)
_TOKEN = re.compile(r'"[^"\n]*"|[-+]?\d+(?:\.\d+)?|[\w.#-]+|[\[\]{},:;=<>]')
_TOML_VALUE = re.compile(r'(?<==)\s*[^\s,\]}][^,\]}\n]*|"[^"\n]*"|[-+]?\d+(?:\.\d+)?')
_ODD_NAMES = (
    "b" * 250 + ".png",
    "\u00fc" * 100 + ".json",
    "a b'c$(x).png",
    "a\nb.png",
    "a\x1b[31m.txt",
    "-x.png",
    "CON.png",
)


def mutate(tree: Tree, random: Random) -> Tree:
    """The same files with one to three changes."""
    changed = dict(tree)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        name = random.choice([*changed])
        if len(tree) > 1 and random.random() < 0.02:
            _move(changed, name, random)
            continue
        by_kind = _BY_SUFFIX.get(_suffix(name))
        if by_kind and len(changed[name]) > 12 and random.random() < 0.75:
            changed[name] = by_kind(changed[name], random)
        else:
            changed[name] = _other_bytes(changed[name], random)
    return changed


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _move(tree: Tree, name: str, random: Random) -> None:
    """Delete a file, or call it otherwise."""
    data = tree.pop(name)
    if random.random() < 0.6 or not tree:
        folder = name.rpartition("/")[0]
        odd = random.choice(_ODD_NAMES)
        tree[f"{folder}/{odd}" if folder else odd] = data


def _other_bytes(data: bytes, random: Random) -> bytes:
    found = bytearray(data or b"x")
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(found)) if random.random() < 0.6 else random.randrange(min(len(found), 200))
        kind = random.random()
        if kind < 0.35:
            found[place] = random.randrange(256)
        elif kind < 0.5:
            del found[place : place + random.randint(1, 60)]
        elif kind < 0.62:
            del found[place:]
        elif kind < 0.8:
            piece = random.choice(_BYTES)
            found[place : place + len(piece)] = piece
        elif kind < 0.92:
            found[place:place] = random.choice(_BYTES)
        else:
            found[place:place] = found[place : place + random.randint(1, 80)] * random.randint(1, 30)
        found = found or bytearray(b"\0")
    return bytes(found)


def _json(data: bytes, random: Random) -> bytes:
    """JSON with a value replaced, removed, doubled or exchanged."""
    try:
        value = [json.loads(data)]
    except (ValueError, RecursionError):
        return _other_bytes(data, random)
    raw: list[str] = []
    for _ in range(random.choice((1, 1, 2))):
        _change_value(value, raw, random)
    text = json.dumps(value[0])
    for number, token in enumerate(raw):
        text = text.replace(json.dumps(f"{_MARK}{number}{_MARK}"), token)
    if random.random() < 0.05 and "{" in text:  # a key twice
        text = text.replace("{", random.choice(('{"id":1,"id":2,', '{"name":"a","name":[],')), 1)
    return text.encode("utf-8", "surrogatepass")


def _change_value(value: Any, raw: list[str], random: Random) -> None:
    places: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        keys = list(each) if isinstance(each, dict) else range(len(each))
        places += [(each, key) for key in keys]
        waiting += [each[key] for key in keys if isinstance(each[key], dict | list)]
    within, key = random.choice(places)
    kind = random.random()
    if kind < 0.7:
        raw.append(random.choice(_JSON_TOKENS))
        within[key] = f"{_MARK}{len(raw) - 1}{_MARK}"
    elif kind < 0.8:
        del within[key]
        if within is value:
            value.append(None)
    elif kind < 0.9:
        other, place = random.choice(places)
        within[key] = json.loads(json.dumps(other[place]))
    elif isinstance(within, dict):
        name = random.choice(("", "x", "\ud800", "\u00b2", "-1", "n" * 300, "../x", "1e400"))
        within[name] = within.pop(key) if random.random() < 0.5 else within[key]
    else:
        within += [json.loads(json.dumps(within[key]))] * random.choice((1, 2, 50))
        if within is value:
            del value[1:]


def _json_lines(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    place = random.randrange(len(lines))
    kind = random.random()
    if kind < 0.85:
        lines[place] = _json(lines[place], random)
    elif kind < 0.95:
        lines.insert(place, lines[random.randrange(len(lines))])
    else:
        del lines[place]
    return b"\n".join(lines)


def _by_tokens(pattern: re.Pattern[str], words: tuple[str, ...]) -> Callable[[bytes, Random], bytes]:
    def change(data: bytes, random: Random) -> bytes:
        text = data.decode("utf-8", "surrogateescape")
        found = list(pattern.finditer(text))
        if not found:
            return _other_bytes(data, random)
        match, kind = random.choice(found), random.random()
        if kind < 0.75:
            word = random.choice(words)
            if match[0].startswith('"') and pattern is _TOKEN and random.random() < 0.8:
                word = f'"{word}"'
        elif kind < 0.85:
            word = ""
        elif kind < 0.95:
            word = random.choice(found)[0]
        else:
            word = match[0] * random.choice((2, 3, 1000))
        text = text[: match.start()] + word + text[match.end() :]
        if random.random() < 0.08:
            lines = text.split("\n")
            lines.insert(random.randrange(len(lines)), random.choice(lines))
            text = "\n".join(lines)
        return text.encode("utf-8", "surrogateescape")

    return change


_toml, _words = _by_tokens(_TOML_VALUE, _TOML_TOKENS), _by_tokens(_TOKEN, _WORDS)


def _png(data: bytes, random: Random) -> bytes:
    """A PNG with other bytes in it, whose checksums are right again, so that its decoder looks at them."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(8, len(changed))
        piece = random.choice((*_BYTES[:8], bytes([random.randrange(256)])))
        changed[place : place + len(piece)] = piece
    found, place = bytearray(data[:8]), 8
    while place + 12 <= len(changed):
        length = int.from_bytes(changed[place : place + 4], "big")
        if place + 12 + length > len(changed):
            break
        part = changed[place + 4 : place + 8 + length]
        found += changed[place : place + 4] + part + struct.pack(">I", zlib.crc32(part))
        place += 12 + length
    return bytes(found + changed[place:])


def _npy(data: bytes, random: Random) -> bytes:
    """An array with another header of the right length."""
    head, _, pixels = data[10:].partition(b"\n")
    head = _words(head, random)[:60_000] + b"\n"
    return data[:8] + struct.pack("<H", len(head)) + head + pixels


def _safetensors(data: bytes, random: Random) -> bytes:
    """Tensors with another header of the right length; text in it that is JSON may be changed within."""
    (length,) = struct.unpack("<Q", data[:8]) if len(data) > 8 else (0,)
    head, rest = data[8 : 8 + length], data[8 + length :]
    try:
        value = json.loads(head)
        inner = [key for key, each in value["__metadata__"].items() if each[:1] in "{["]
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return _other_bytes(data, random)
    if inner and random.random() < 0.7:
        key = random.choice(inner)
        value["__metadata__"][key] = _json(value["__metadata__"][key].encode(), random).decode("utf-8", "replace")
        head = json.dumps(value).encode()
    else:
        head = _json(head, random)
    return struct.pack("<Q", len(head)) + head + rest


def _zip(data: bytes, random: Random) -> bytes:
    """An archive with a changed member, packed again, so that its checksums are right."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as changed:
            names = archive.namelist()
            chosen = next((name for name in names if name.endswith("data.pkl")), names[0])
            for name in names:
                content = archive.read(name)
                changed.writestr(name, _other_bytes(content, random) if name == chosen else content)
    except Exception:  # an earlier mutation broke it
        return _other_bytes(data, random)
    return out.getvalue()


_BY_SUFFIX: dict[str, Callable[[bytes, Random], bytes]] = {
    **dict.fromkeys(("json", "geojson", "vott"), _json),
    **dict.fromkeys(("jsonl", "ndjson"), _json_lines),
    "toml": _toml,
    **dict.fromkeys(("xml", "csv", "txt", "yaml", "yml", "names"), _words),
    "png": _png,
    "npy": _npy,
    "safetensors": _safetensors,
    "pth": _zip,
}
