"""Decides where each file of an archive is placed, and which files belong to a sample.

Nothing here may read or write a file; it works on names alone.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import SUFFIXES, is_picture_name
from p2p_datatools.contract.files.unread_kinds import is_archive
from p2p_datatools.contract.words import plural
from p2p_datatools.sources.catalog import CatalogEntry, Rule
from p2p_datatools.sources.unpack import Member

_HALVES = ("photos", "labels")


@dataclass(frozen=True)
class PlacedFile:
    """A file of the archive and its path below the destination."""

    file: str
    member: Member


def arrange(entry: CatalogEntry, members: Sequence[Member], where: str) -> list[PlacedFile]:
    """The files that the catalogue describes, in the archive's order.

    Raises P2PError when there are none, when the archive holds the set twice, or two files would have the same name.
    """
    roots: dict[str, list[PlacedFile]] = defaultdict(list)
    for member in _inside(entry, members):
        for rule in entry.layout:
            root = _root(member.name, rule)
            if root is not None:
                roots[root].append(PlacedFile(_place(member.name, rule), member))
                break
    if not roots:
        looked_for = ", ".join("/".join(rule.source) for rule in entry.layout)
        what = f"holds none of {looked_for}, as {entry.name} should"
        to_do = _say_archives(members) or "Is it the archive of another set?"
        raise P2PError(where, what, to_do, code="other-data-set")
    if len(roots) > 1:
        found = " and in ".join(root or "." for root in sorted(roots)[:3])
        what = f"holds {entry.name} more than once, in {found}"
        raise P2PError(where, what, "Give one folder.", code="several-data-sets")
    (placed,) = roots.values()
    _refuse_clashes(placed, where)
    return placed


def _inside(entry: CatalogEntry, members: Sequence[Member]) -> Sequence[Member]:
    """Those in the entry's own folder, where the archive has one."""
    if not entry.inside:
        return members
    return [member for member in members if entry.inside in member.name.split("/")[:-1]] or members


def _say_archives(members: Sequence[Member]) -> str:
    """What to do where archives are in what was given, as in a folder of downloads; empty where none is."""
    inner = [member.name for member in members if is_archive(member.name)]
    if not inner:
        return ""
    others = f" (or one of {len(inner) - 1} more)" if len(inner) > 1 else ""
    return f"Give the archive in it, {inner[0]}{others}, with --from; out of an archive unpack it first."


def _root(name: str, rule: Rule) -> str | None:
    """The folders of the archive above what the rule matches; None if it does not match this file."""
    parts = name.split("/")
    if parts[0] == "__MACOSX" or parts[-1].startswith("."):
        return None
    if not rule.names_a_file and PurePosixPath(name).suffix.lower() not in SUFFIXES:
        return None
    first = len(parts) - len(rule.source)
    if first < 0 or not all(fnmatchcase(*pair) for pair in zip(parts[first:], rule.source, strict=True)):
        return None
    return "/".join(parts[:first])


def _place(name: str, rule: Rule) -> str:
    return rule.to if rule.names_a_file else f"{rule.to}/{PurePosixPath(name).name}"


def _refuse_clashes(placed: Sequence[PlacedFile], where: str) -> None:
    first: dict[str, str] = {}
    for each in placed:
        if each.file in first:
            both = f"{first[each.file]} and {each.member.name}"
            what = f"{both} would both become {each.file}"
            raise P2PError(where, what, "Pack it again with one of them.", code="same-name")
        first[each.file] = each.member.name


def draw_sample(placed: Sequence[PlacedFile], limit: int | None, seed: int) -> tuple[list[PlacedFile], int]:
    """`limit` pictures of the set, with their labels and all files that are not pictures; and how many there are.

    The order is that of a hash of seed and name, so that a larger sample holds every smaller one of the same seed.
    """
    pictures = {each.file: _name(each.file) for each in placed if is_picture_name(each.file)}
    photos = {name for file, name in pictures.items() if "labels" not in file.split("/")} or set(pictures.values())
    if limit is None or limit >= len(photos):
        return list(placed), len(photos)
    chosen = set(sorted(photos, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())[:limit])
    return [each for each in placed if pictures.get(each.file) in chosen or each.file not in pictures], len(photos)


def refuse_empty(placed: Sequence[PlacedFile], where: str) -> None:
    """Raise P2PError when there are pictures of 0 bytes."""
    empty = [each.member.name for each in placed if is_picture_name(each.file) and not each.member.size]
    if empty:
        what = f"holds {plural(len(empty), 'empty picture')} (0 bytes), such as {empty[0]}"
        to_do = "Was the disk full when it was packed or unpacked? Fetch it again."
        raise P2PError(where, what, to_do, code="empty-file")


def missing_pictures(entry: CatalogEntry, placed: Sequence[PlacedFile]) -> tuple[list[str], list[str]]:
    """Where there are fewer pictures than the catalogue says, in words; and where its count is unverified."""
    there = Counter(each.file.rpartition("/")[0] for each in placed if is_picture_name(each.file))
    lacking = [folder for folder, count in entry.counts if there[folder] < count]
    words = {folder: f"{there[folder]} of the {count} pictures in {folder}" for folder, count in entry.counts}
    return (
        [words[folder] for folder in lacking if folder not in entry.unsure],
        [words[folder] for folder in lacking if folder in entry.unsure],
    )


def _name(file: str) -> str:
    """What a photo and its labels have in common."""
    return "/".join(part for part in PurePosixPath(file).with_suffix("").parts if part not in _HALVES)
