"""Finds pictures that are nearly others: in another split, where they are leaks, or in the same folder.

Nothing here may read a file; it is handed the pictures of a check one after the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from p2p_datatools.contract.errors import Finding
from p2p_datatools.contract.files.listing import stem_of
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import HELD_OUT, PairFolder
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import p2p_command, plural
from p2p_datatools.likeness.components import Components
from p2p_datatools.likeness.find import FEW_COPIES, Link, find_links
from p2p_datatools.likeness.pairs import NOTHING, PhotoHalf, has_photo
from p2p_datatools.likeness.signature import PictureSignature, describe
from p2p_datatools.likeness.store import SignatureStore

_KIND = {"twin": "shows nearly what {} shows", "part": "shows a part of {}", "copy": "is a copy of {}, by its name"}
_MOST = 2  # a chain of more than one in so many pictures


class PairTwins:
    """The pairs of a folder as `check` reads them: near-twins across splits are errors."""

    def __init__(self, folder: PairFolder) -> None:
        self._folder = folder
        self._half = PhotoHalf(folder) if has_photo(folder) else None
        self._signatures = SignatureStore(expected=len(folder.pairs) if self._half else 0)
        self._hashes: dict[int, str] = {}

    def describe(self, a: Array, b: Array) -> PictureSignature | None:
        """What is kept of a pair; None where no half is a photo."""
        return None if self._half is None else self._half.describe(a, b)

    def add(self, place: int, signature: PictureSignature | None, hash_: str) -> None:
        """Note the pair of this place in the folder; those before it that were not added are like nothing."""
        if signature is not None:
            self._fill(place)
            self._signatures.append(signature)
            self._hashes[place] = hash_

    def _fill(self, count: int) -> None:
        """What could not be read is like nothing."""
        for _ in range(count - len(self._signatures)):
            self._signatures.append(NOTHING)

    def findings(self, report: Reporter) -> Iterator[Finding]:
        """What was found: an error for each pair held out, a warning for all that stand beside others in a walk."""
        if self._half is None or not self._folder.pairs:
            return
        linked = self._link_pairs(report)
        twins = [each for each in linked if each.link.kind != "neighbour"]
        sets = Components(len(self._folder.pairs))
        for each in twins:
            sets.unite(each.link.first, each.link.second)
        leaks, walked = list[_LinkedPairs](), list[_LinkedPairs]()
        for each in twins:
            if each.leaking_splits:
                in_walk = each.link.sequence and sets.size(each.link.first) > FEW_COPIES
                (walked if in_walk else leaks).append(each)
        chained = max(map(sets.size, range(len(self._folder.pairs))))
        if walked and chained * _MOST > len(self._folder.pairs):
            yield self._throughout(chained)
            walked = []
        yield from self._leaks(leaks)
        if inside := [(each.one.file, each.other.file) for each in twins if not each.leaking_splits]:
            yield _count_twice(self._folder.path, inside)
        beside = [each for each in linked if each.link.kind == "neighbour"] + walked
        yield from self._beside([each for each in beside if "train" in each.leaking_splits])

    def _link_pairs(self, report: Reporter) -> "list[_LinkedPairs]":
        """The pairs that are nearly others, without those of equal pixels, which another part of the check reports."""
        pairs = self._folder.pairs
        self._fill(len(pairs))
        links = find_links(self._signatures, [pair.name for pair in pairs], report=report)
        links = [link for link in links if not self._are_equal(link)]
        # Each pair is read once: drawings are linked to many others.
        known = {place: pairs[place] for place in sorted({end for link in links for end in link[:2]})}
        return [_LinkedPairs(link, known[link.first], known[link.second]) for link in links]

    def _beside(self, linked: "Sequence[_LinkedPairs]") -> Iterator[Finding]:
        if linked:
            held_out, trained = linked[0].in_order
            what = (
                f"{plural(len(linked), 'pair stands', 'pairs stand')} beside a training pair in a walk or a minute; "
                f"the first is {held_out.file}, beside {trained.file}"
            )
            to_do = f"A few at the ends of a walk do no harm; of many, {self._again()}."
            yield Finding(str(self._folder.path), what, to_do, "neighbour-leak", "warning", figure=float(len(linked)))

    def _leaks(self, linked: "Iterable[_LinkedPairs]") -> Iterator[Finding]:
        seen: set[str] = set()
        for each in linked:
            link, (held_out, trained) = each.link, each.in_order
            if held_out.name in seen:
                continue
            seen.add(held_out.name)
            ways = ((link.inverted, ", as a negative"), (link.turned, ", turned"), (link.mirrored, ", mirrored"))
            what = _KIND[link.kind].format(trained.file) + "".join(words for is_so, words in ways if is_so)
            what = f"{what}, so that {held_out.split} holds what {trained.split} holds"
            to_do = (
                f"{p2p_command('data split', self._folder.path)} brings both to {held_out.split}; or {self._again()}."
            )
            if link.kind == "part":  # which moves nothing, as a walk could go on from it
                to_do = f"If that must not be, {self._again()}."
            file = str(self._folder.path / held_out.file)
            yield Finding(file, what, to_do, "near-leak", "error", figure=round(link.correlation, 3) or None)

    def _throughout(self, count: int) -> Finding:
        what = (
            f"{count} of {plural(len(self._folder.pairs), 'pair')} are each nearly the next, also of other "
            "splits, as drawings of one kind, pictures of a fixed camera or of one walk are"
        )
        to_do = f"If they are copies, {self._again()}; else scores say little of pictures of another kind."
        return Finding(str(self._folder.path), what, to_do, "alike-throughout", "warning", figure=float(count))

    def _are_equal(self, link: Link) -> bool:
        """Whether the pixels are the same."""
        hashes = [self._hashes.get(number) for number in link[:2]]
        return hashes[0] is not None and hashes[0] == hashes[1]

    def _again(self) -> str:
        return f"draw all anew with {p2p_command('data split --again', self._folder.path)}"


def describe_photo(pixels: Array) -> PictureSignature | None:
    """What is kept of a photo, if it has 8 bits and three channels."""
    return describe(np.asarray(pixels, np.uint8)) if pixels.dtype == np.uint8 and pixels.shape[2:] == (3,) else None


class PhotoTwins:
    """The photos of a folder as `check` reads them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._signatures = SignatureStore()
        self._digests = list[bytes]()

    def add(self, file: Path, signature: PictureSignature, digest: str) -> None:
        """Note a photo and the hash of its pixels: equal ones are found by another part of the check."""
        self._files.append(file)
        self._signatures.append(signature)
        self._digests.append(bytes.fromhex(digest))

    def findings(self, report: Reporter) -> Iterator[Finding]:
        """What was found, as one hint."""
        if len(self._files) < 2:
            return
        names = [stem_of(file, self._folder) for file in self._files]
        links = [link for link in find_links(self._signatures, names, report=report) if link.kind == "twin"]
        links = [link for link in links if self._digests[link.first] != self._digests[link.second]]
        if links:
            yield _count_twice(self._folder, [(self._name(link.first), self._name(link.second)) for link in links])

    def _name(self, number: int) -> str:
        return self._files[number].relative_to(self._folder).as_posix()


class _LinkedPairs(NamedTuple):
    """Two pairs that are nearly the same, and how."""

    link: Link
    one: Pair
    other: Pair

    @property
    def leaking_splits(self) -> set[str]:
        """The splits of two pairs that should not resemble each other; none where they may."""
        splits = {self.one.split, self.other.split}
        return splits if len(splits) > 1 and splits & set(HELD_OUT) else set()

    @property
    def in_order(self) -> tuple[Pair, Pair]:
        """The one that is held out, rather for the test, and the other."""
        one, other = self.one, self.other
        order = (*HELD_OUT, one.split, other.split)
        return (one, other) if order.index(one.split) < order.index(other.split) else (other, one)


def _count_twice(folder: Path, files: Sequence[tuple[str, str]]) -> Finding:
    one, other = files[0]
    count = len({other for _, other in files})
    what = f"{plural(count, 'picture is', 'pictures are')} nearly others here; the first is {other}, like {one}"
    to_do = "Remove those that are not meant to count twice; 'p2p data split' keeps them together."
    return Finding(str(folder), what, to_do, "near-duplicate", "hint", figure=float(count))
