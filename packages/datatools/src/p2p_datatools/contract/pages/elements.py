"""Pieces of a page as text: paragraphs, tables, pictures, sections, and the page that holds them.

Nothing here may take text for markup: what is not made here is escaped.
"""

import base64
import hashlib
import html
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.images import Photo, encode_jpeg, size_of
from p2p_datatools.contract.pictures.resize import resize_photo, scale_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import printable

SIGN = '<meta name="generator" content="p2p">'
"""By which a page of ours is known, near its beginning."""

_SMALL = 160  # narrower pictures are enlarged with visible pixels
_LARGE = 60_000  # bytes of a PNG above which a page holds a JPEG
_QUALITY = 92  # of that


class Markup(str):
    """Text that is HTML already, and is not escaped again."""

    __slots__ = ()


Cell = str | Markup
Line = Sequence[Cell]


class Section(NamedTuple):
    """A part of a page that its navigation names; `key` is the address within the page."""

    key: str
    title: str
    parts: Sequence[Markup]


def escape_text(text: object) -> Markup:
    """The text as HTML, unless it is that already."""
    return text if isinstance(text, Markup) else Markup(html.escape(printable(str(text), keep="\n")))


def join_parts(parts: Iterable[str]) -> Markup:
    """The parts one after another, without those that are empty."""
    return Markup("\n".join(escape_text(each) for each in parts if each))


def make_element(tag: str, *parts: object, **attributes: object) -> Markup:
    """An element with its parts; `class_` stands for class, and an attribute that is None or False is left out."""
    words = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html.escape(printable(str(value)))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{tag}{words}>{''.join(escape_text(each) for each in parts)}</{tag}>")


def make_paragraph(text: object, kind: str | None = None) -> Markup:
    """A paragraph; `kind` is note or trouble."""
    return make_element("p", text, class_=kind)


def make_details(summary: object, *parts: object) -> Markup:
    """A section that is closed at first, and open in print."""
    return make_element("details", make_element("summary", summary), *parts)


def make_table(heads: Line, lines: Iterable[Line], *, last: Line | None = None, caption: str = "") -> Markup:
    """A table whose first column names its rows; `last` is a row that is not one of the others."""
    head = make_element("tr", *(make_element("th", cell, scope="col") for cell in heads))
    rows = [make_element("tr", *_cells(line)) for line in lines]
    rows += [make_element("tr", *_cells(last), class_="other")] if last else []
    titled = [make_element("caption", caption)] if caption else []
    table = make_element("table", *titled, make_element("thead", head), make_element("tbody", *rows))
    # What scrolls can be reached by the keyboard, and then needs a name.
    name = caption or " ".join(str(each) for each in heads if each)
    return make_element("div", table, class_="scroll", tabindex="0", role="region", aria_label=name)


def _cells(line: Line) -> list[Markup]:
    first, *others = line
    return [make_element("th", first, scope="row"), *(make_element("td", cell) for cell in others)]


def make_facts(facts: Iterable[tuple[str, object]]) -> Markup:
    """Names with their values, without those that are empty."""
    rows = [
        make_element("div", make_element("dt", name), make_element("dd", value)) for name, value in facts if str(value)
    ]
    return make_element("dl", *rows) if rows else Markup("")


def make_commands(commands: Iterable[tuple[str, str]]) -> Markup:
    """Commands, each with what it does; a click selects one."""
    rows = (
        make_element("div", make_element("p", what), make_element("pre", make_element("code", line)))
        for what, line in commands
    )
    return make_element("div", *rows, class_="commands")


def embed_picture(data: bytes, about: str, *, width: int, height: int, lazy: bool = False) -> Markup:
    """A PNG or JPEG inside the page; it can be enlarged by a click or a key.

    One of thousands is `lazy`: it is decoded when it comes into view.
    """
    kind = "png" if data[:4] == b"\x89PNG" else "jpeg"
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    small = "small" if width < _SMALL else None
    late = {"loading": "lazy", "decoding": "async"} if lazy else {}
    picture = make_element("img", src=source, alt=about, width=width, height=height, class_=small, **late)
    picture = Markup(picture.removesuffix("</img>"))
    return make_element("button", picture, class_="zoom", type="button")


def embed_pixels(pixels: Photo, about: str, box: Size) -> Markup:
    """Pixels (h, w, 3) inside the page, shrunk into the `box`: as PNG, or as JPEG where that would be large."""
    own = size_of(pixels)
    size = scale_to(own, box, cover=False) if own.width > box.width or own.height > box.height else own
    shown = np.ascontiguousarray(resize_photo(pixels, size))
    data = b"".join(png.encode(shown))
    data = encode_jpeg(shown, _QUALITY) if len(data) > _LARGE else data
    return embed_picture(data, about, width=size.width, height=size.height)


@cache
def _beside(name: str) -> str:
    """A file beside this module: the style or the script of the pages."""
    return Path(__file__).with_name(name).read_text("utf-8").strip()


def _policy(scripts: Sequence[str]) -> str:
    """What a browser may do with a page: show its own pictures and style, run its own scripts, and fetch nothing.

    The scripts are known by their hashes, so that a name which got past the escapes would still not run.
    """
    digests = (base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts)
    known = " ".join(f"'sha256-{each}'" for each in digests)
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {known}"


def assemble_page(
    title: str, head: Sequence[Markup], sections: Sequence[Section], *, style: str = "", script: str = ""
) -> bytes:
    """The page in UTF-8: its `head`, links to its sections, and these; `style` and `script` are of this page alone."""
    scripts = [each for each in (_beside("page.mjs"), script.strip()) if each]
    known = [each for each in sections if any(each.parts)]
    links = [make_element("a", each.title, href=f"#{each.key}") for each in known]
    main = [
        make_element(
            "section",
            make_element("h2", each.title, id=f"{each.key}-title"),
            join_parts(each.parts),
            id=each.key,
            aria_labelledby=f"{each.key}-title",
        )
        for each in known
    ]
    run = "".join(f'<script type="module">{each}</script>' for each in scripts)
    rules = f"{_beside('page.css')}\n{style}".strip()
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"{SIGN}"
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape_text(title)}</title><style>{rules}</style></head>\n<body>"
        f"{make_element('header', *head)}\n{make_element('nav', *links, aria_label='Sections')}\n"
        f"{make_element('main', join_parts(main))}\n"
        f"{run}</body></html>\n"
    ).encode()
