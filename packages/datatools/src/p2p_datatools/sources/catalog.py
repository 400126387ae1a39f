"""The known data sets: what each holds, its terms, its sources and the layout of its archive.

Nothing here may reach the network or write a file; the facts stand in catalog.toml and in files of the user's own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_text
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder, parse_toml, show_value
from p2p_datatools.contract.words import path_word
from p2p_datatools.sources.secrets import show_address

_WORD = "[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"
_HOLDS = ("pairs", "photos", "photos and labels")
_NOT_TEXT = ("layout", "classes", "counts", "unsure", "kaggle", "mirror")


@dataclass(frozen=True)
class Rule:
    """Files of an archive whose path ends like `source` (parts may be globs) are placed in, or as, `to`."""

    source: tuple[str, ...]
    to: str

    @property
    def names_a_file(self) -> bool:
        """Whether the rule names one file, so that `to` is a file too."""
        return "*" not in self.source[-1]


@dataclass(frozen=True)
class ArchivePlace:
    """The source of an archive, and its bytes and SHA-256 as far as they are known."""

    address: str
    bytes: int | None = None
    sha256: str | None = None

    def fits(self, size: int, digest: str) -> bool:
        """Whether an archive of this size and hash is the known one, as far as that is known."""
        return self.bytes in (None, size) and self.sha256 in (None, digest)

    @property
    def shown(self) -> str:
        """The address as messages and records have it, without what may be a secret."""
        return show_address(self.address)

    @property
    def known(self) -> str:
        """What is known of the archive, in words."""
        facts = (f"{self.bytes} bytes" if self.bytes else "", f"the SHA-256 {self.sha256}" if self.sha256 else "")
        return " and ".join(fact for fact in facts if fact) or "neither size nor hash"


@dataclass(frozen=True)
class CatalogEntry:
    """One known data set; empty texts are unknown, and `unverified` says what of the rest is not verified.

    `counts` are pictures by folder, unverified for the folders in `unsure`. `settings` are the options of 'p2p train'
    in which the source differs from its preset for this set.
    """

    name: str
    title: str
    holds: str
    layout: tuple[Rule, ...]
    classes: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    unsure: tuple[str, ...] = ()
    pixels: str = ""
    licence: str = "unknown"
    terms: str = ""
    citation: str = ""
    home: str = ""
    palette: str = ""
    preset: str = "paper"
    settings: str = ""
    next: str = ""
    inside: str = ""
    unverified: str = ""
    kaggle: ArchivePlace | None = None
    mirror: ArchivePlace | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The values of --from for this set, of which the first is the default."""
        return tuple(word for word, place in (("mirror", self.mirror), ("kaggle", self.kaggle)) if place)

    def as_table(self) -> dict[str, Any]:
        """The entry in the form of the catalogue's file, for other programs; secrets in addresses are left out."""
        table = {key: value for key, value in vars(self).items() if value and key != "name"}
        table["layout"] = [{"from": "/".join(rule.source), "to": rule.to} for rule in self.layout]
        table["counts"] = dict(self.counts)
        for word, key in (("kaggle", "handle"), ("mirror", "url")):
            place: ArchivePlace | None = table.pop(word, None)
            if place:
                facts = {key: place.shown, "bytes": place.bytes, "sha256": place.sha256}
                table[word] = {name: value for name, value in facts.items() if value is not None}
        return table

    def next_command(self, dest: Path) -> str:
        """The command to type when the set lies in `dest`, for a shell."""
        return self.next.replace("{dest}", path_word(dest))


@cache
def _read_built_in() -> dict[str, CatalogEntry]:
    return _entries(
        resources.files("p2p_datatools.sources").joinpath("catalog.toml").read_text("utf-8"), "catalog.toml"
    )


def load_catalog(extra: Path | None = None) -> dict[str, CatalogEntry]:
    """All known data sets by name; entries of the file `extra` are added, and replace those of the same name.

    Raises P2PError, naming entry and field, when `extra` is not such a catalogue.
    """
    return _read_built_in() | (_entries(read_text(extra), str(extra)) if extra else {})


def find_entry(name: str, extra: Path | None = None) -> CatalogEntry:
    """The entry called `name`; raises UsageError that lists all entries when there is none."""
    entries = load_catalog(extra)
    if name not in entries:
        what, to_do = "is not a known data set", f"Choose from {', '.join(entries)}."
        if "://" in name:
            what = "is an address, and not the name of a known data set"
            to_do += " Or download it and give its folder to 'p2p data check', which says what it holds."
        elif close := get_close_matches(name.lower(), entries, n=1):
            to_do = f"Did you mean {close[0]}? {to_do}"
        raise UsageError(show_address(name), what, to_do, code="unknown-data-set")
    return entries[name]


def _entries(text: str, where: str) -> dict[str, CatalogEntry]:
    tables = parse_toml(text, where)
    return {name: _entry(name, table, f"{where}: [{name}]") for name, table in tables.items()}


def _entry(name: str, table: Any, where: str) -> CatalogEntry:
    if not isinstance(table, dict):
        raise _bad(where, "is not a table", f"An entry begins with [{name}] and has title, holds and layout.")
    _refuse_name(name, where)
    _refuse_fields(table, where)
    texts: dict[str, Any] = {key: value for key, value in table.items() if isinstance(value, str)}
    for key in table:
        if key not in texts and key not in _NOT_TEXT:
            raise _bad(where, f"{key} is not text", "Put it in quotes.")
    to_do = "Each rule of layout has from and to, each count is a number, kaggle has a handle, mirror has a url."
    at = ForeignPlace(where, to_do=to_do, code="bad-catalogue")
    with catch_decoder(where, "layout, counts, kaggle or mirror has the wrong form", to_do, code="bad-catalogue"):
        counts = at.read_table(table.get("counts", {}), "counts")
        return CatalogEntry(
            name=name,
            **(texts | {"layout": tuple(_rule(rule, where) for rule in at.read_list(table["layout"], "layout"))}),
            classes=tuple(at.read_word(each, "a class") for each in at.read_list(table.get("classes", []), "classes")),
            counts=tuple((folder, at.read_whole(count, f"counts.{folder}")) for folder, count in counts.items()),
            unsure=tuple(at.read_word(each, "unsure") for each in at.read_list(table.get("unsure", []), "unsure")),
            kaggle=_place(table.get("kaggle"), "handle", name, at),
            mirror=_place(table.get("mirror"), "url", name, at),
        )


def _bad(where: str, what: str, to_do: str) -> P2PError:
    return P2PError(where, what, to_do, code="bad-catalogue")


def _refuse_fields(table: Mapping[str, Any], where: str) -> None:
    """Raise P2PError for a field that entries do not have, one that is missing, and an unknown kind of data set."""
    allowed = [field.name for field in fields(CatalogEntry) if field.name != "name"]
    for wrong in table:
        if wrong not in allowed:
            raise _bad(where, f"has an unknown field {wrong}", f"The fields are {', '.join(allowed)}.")
    for needed in ("title", "holds", "layout"):
        if needed not in table:
            raise _bad(where, f"has no {needed}", "Add it.")
    if table["holds"] not in _HOLDS:
        raise _bad(where, f"holds is {show_value(table['holds'])}", f"It has to be one of {', '.join(_HOLDS)}.")


def _refuse_name(name: str, where: str) -> None:
    """Raise P2PError for a name that is not a word: it becomes part of addresses and of the names of downloads."""
    if not re.fullmatch(_WORD, name, re.ASCII):
        what = "has a name of other characters than letters, digits, '-', '_' and '.', or of more than 100"
        raise _bad(where, what, "Name the entry like cityscapes or car-parts.")


def _rule(table: Mapping[str, str], where: str) -> Rule:
    return Rule(tuple(table["from"].strip("/").split("/")), relative_name(table["to"].strip("/"), where))


def _place(value: Any, key: str, name: str, at: ForeignPlace) -> ArchivePlace | None:
    if value is None:
        return None
    table = at.read_table(value, "kaggle or mirror")
    size, digest = table.get("bytes"), table.get("sha256")
    if size is not None:
        size = at.read_whole(size, "bytes")
    if digest is not None and not re.fullmatch("[0-9a-f]{64}", at.read_text(digest, "sha256")):
        raise at.refuse(digest, "sha256", "64 hex digits in lower case")
    address = at.read_text(table[key], key).replace("{name}", name)
    # Both words become parts of addresses, and the second the name of a file.
    if key == "handle" and not re.fullmatch(rf"{_WORD}/{_WORD}", address, re.ASCII):
        raise at.refuse(address, "handle", "OWNER/NAME")
    return ArchivePlace(address, size, digest)
