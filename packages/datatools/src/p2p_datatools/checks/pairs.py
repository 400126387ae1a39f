"""Checks a pair folder, with or without a manifest; what is wrong becomes values.

Nothing here may correct anything or decide what is shown.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import tee
from pathlib import Path
from typing import NamedTuple

import numpy as np

from p2p_datatools.checks.looker import Looker
from p2p_datatools.checks.masks.files import read_half
from p2p_datatools.checks.masks.mask_set import MaskLook, MaskSetCheck, look_at_mask
from p2p_datatools.checks.photos import PhotoCheck, PhotoLook, look_at_photo
from p2p_datatools.checks.repeats import Repeats
from p2p_datatools.checks.twins import PairTwins
from p2p_datatools.checks.values import PictureValues, ValueCheck, measure_values
from p2p_datatools.contract.errors import CheckResult, Finding, P2PError, finding_of
from p2p_datatools.contract.files.listing import LeftOut, picture_names
from p2p_datatools.contract.pairs.alike import find_alike
from p2p_datatools.contract.pairs.fit.halves import HalvesFit, PairEdges
from p2p_datatools.contract.pairs.fit.swaps import SwapCheck, describe_half
from p2p_datatools.contract.pairs.halves import (
    StoredHalves,
    how_to_renew,
    read_nodata,
    read_stored,
    refuse_changed,
    refuse_missing_pair,
)
from p2p_datatools.contract.pairs.lines import FILLED, Pair
from p2p_datatools.contract.pairs.manifest import (
    HEADER,
    PAIR_LINES,
    Half,
    PairFolder,
    has_manifest,
    has_shards,
    split_order,
)
from p2p_datatools.contract.pairs.opening import open_pairs, refuse_untrainable
from p2p_datatools.contract.pairs.seam import refuse_drawn
from p2p_datatools.contract.pictures.header import decoded_bytes, open_picture, photo_size
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command, plural
from p2p_datatools.likeness.signature import PictureSignature

_MOST = 1000  # pairs of which it is told whether their halves belong together


def check_pairs(path: Path, known: PairFolder | None = None, *, report: Reporter = QUIET) -> CheckResult:
    """Check that every pair exists, is undamaged, agrees with the manifest, and is in one split only.

    `known` are the pairs of a folder without a manifest, where it has been opened.
    """
    try:
        folder = known or open_pairs(path)
    except P2PError as error:
        return CheckResult("pairs", 0, (finding_of(error, path),))
    return CheckResult("pairs", len(folder.pairs), (*_untrainable(folder), *_findings(folder, report)))


def _untrainable(folder: PairFolder) -> Iterator[Finding]:
    if folder.foreign and not has_manifest(folder.path):
        try:
            refuse_untrainable(folder)
        except P2PError as error:
            yield finding_of(error, folder.path)


def _findings(folder: PairFolder, report: Reporter) -> Iterator[Finding]:
    check, look = _PairsCheck(folder), Looker("pairs", len(folder.pairs), report)
    pairs, to_look_at = tee(folder.pairs)  # each is read from the manifest once for both
    looked = look.at(partial(_look_at_pair, folder=folder, look=look, twins=check.twins, fit=check.fit), to_look_at)
    for place, (pair, seen) in enumerate(zip(pairs, looked, strict=True)):
        yield from seen.findings
        check.add(place, pair, seen)
    yield from check.findings(report)
    yield from _same_photo(folder)
    yield from check.twins.findings(report)
    yield from check.find_unrecorded()
    yield from check.find_sizes()
    if not has_shards(folder.path):
        yield from _find_unlisted(folder)


class _PairsCheck:
    """What all pairs tell together: of each hashes and figures are held, and in temporary files that of its photo."""

    def __init__(self, folder: PairFolder) -> None:
        words, names = (folder.a.name, folder.b.name), [pair.name for pair in folder.pairs]
        self.fit, self.twins = HalvesFit(folder.path, words, names, most=_MOST), PairTwins(folder)
        self._folder, self._repeats, self._sizes = folder, Repeats(), Counter[Size]()
        self._halves, self._swaps = (_HalfCheck(folder, folder.a), _HalfCheck(folder, folder.b)), SwapCheck(words)
        mend = "'p2p data repair', before they are paired again,"
        self._masks = MaskSetCheck(folder.path, folder.palette, mend) if folder.palette else None
        self._mask_file = -1 if folder.b.kind == "mask" != folder.a.kind else 0
        self._unrecorded = list[str]()

    def add(self, place: int, pair: Pair, seen: "_PairRecord") -> None:
        """Note what was seen of the pair at a place among all."""
        file = self._folder.path / pair.file  # one for all that keep it
        if seen.size:
            self._sizes[seen.size] += 1
        if FILLED in pair.sources and pair.nodata is None:
            self._unrecorded.append(pair.file)
        self._repeats.add(place, seen.digest)
        self.twins.add(place, seen.signature, seen.digest)
        for half, told in zip(self._halves, seen.halves, strict=False):
            half.add(file, told)
        if self._masks and seen.mask:
            self._masks.add(self._folder.path / pair.half_files[self._mask_file], seen.mask)
        if seen.halves:
            self._swaps.add(file, *(half.description for half in seen.halves))
        self.fit.add(pair.file, seen.edges)

    def findings(self, report: Reporter) -> Iterator[Finding]:
        """What the halves of all pairs tell, and pairs of the same pixels."""
        for half in self._halves:
            yield from half.findings()
        yield from self._swaps.findings()
        yield from self.fit.findings()
        yield from self._masks.findings(report) if self._masks else ()
        for same in self._repeats.groups():
            yield from _same_pixels(self._folder, [self._folder.pairs[place] for place in same])

    def find_unrecorded(self) -> Iterator[Finding]:
        """Pairs that were filled by a version that did not record where."""
        if self._unrecorded:
            number = plural(len(self._unrecorded), "pair has", "pairs have")
            what = f"{number} pixels without data, and nothing says where they are; the first is {self._unrecorded[0]}"
            to_do = "Training and scores count them as any other; pair into a new folder to have them left out."
            yield Finding(str(self._folder.path), what, to_do, "nodata-unrecorded", "warning")

    def find_sizes(self) -> Iterator[Finding]:
        """Where pairs of another tool have several sizes."""
        if self._folder.foreign and len(self._sizes) > 1:
            common, _ = self._sizes.most_common(1)[0]
            what = f"its pictures have {len(self._sizes)} sizes, {common} the most common"
            to_do = "Training resizes them; say how with --fit."
            yield Finding(str(self._folder.path), what, to_do, "sizes-differ", "warning")


class _HalfRecord(NamedTuple):
    """What is kept of a half."""

    values: PictureValues
    look: PhotoLook
    description: tuple[float, ...]


class _PairRecord(NamedTuple):
    """What is kept of a pair: size and hash of its picture, and what was seen in it, if it could be read."""

    findings: tuple[Finding, ...]
    size: Size | None = None
    digest: str = ""
    halves: tuple[_HalfRecord, ...] = ()
    mask: MaskLook | None = None
    signature: PictureSignature | None = None
    edges: PairEdges | None = None


class _HalfCheck:
    """What one of the halves of all pairs tells; of a mask nothing."""

    def __init__(self, folder: PairFolder, half: Half) -> None:
        self._is_mask, name = half.kind == "mask", f"its halves {half.name}"
        self._values = ValueCheck(folder.path, name, half.range)
        are_photos = half.kind == "photo"
        self._photos = PhotoCheck(folder.path, f"halves {half.name}", f"its half {half.name} ", photos=are_photos)

    def add(self, file: Path, half: _HalfRecord) -> None:
        """Note what was measured of the half of a pair."""
        if self._is_mask:
            return
        self._values.add(file, half.values)
        self._photos.add(file, half.look)

    def findings(self) -> Iterator[Finding]:
        """What was found."""
        if not self._is_mask:
            yield from self._values.findings()
            yield from () if self._values.are_few else self._photos.findings(sizes=False)


def _look_at_pair(pair: Pair, folder: PairFolder, look: Looker, twins: PairTwins, fit: HalvesFit) -> _PairRecord:
    with ExitStack() as stack:
        read = _read(folder, pair, look, stack)
        if isinstance(read, Finding):
            is_odd = read.code == "odd-width"
            return _PairRecord((read,), photo_size(folder.path / pair.file) if is_odd else None)
        half, file = size_of(read.a), folder.path / pair.file
        halves = tuple(
            _HalfRecord(measure_values(file, each), look_at_photo(each), describe_half(each))
            for each in (read.a, read.b)
        )
        mask, wrong = _mask_half(folder, pair, read)
        findings = (*_pair(folder, pair, read), *wrong)
        size = Size(2 * half.width, half.height)
        edges = None if mask else fit.look(pair.name, read.a, read.b)  # a mask has its own
        return _PairRecord(findings, size, read.hash, halves, mask, twins.describe(read.a, read.b), edges)


def _mask_half(folder: PairFolder, pair: Pair, read: StoredHalves) -> tuple[MaskLook | None, list[Finding]]:
    """The look at the half that is a mask, beside the other if that is a photo, and what is wrong with its colours.

    Places count from the left of the file, which begins with A where both share it.
    """
    shown, wrong = None, list[Finding]()
    share = pair.shard is None and len(pair.half_files) == 1
    a = folder.a, read.a, pair.half_files[0], 0
    b = folder.b, read.b, pair.half_files[-1], size_of(read.a).width if share else 0
    for (half, pixels, file, left), (other, photo, _, _) in ((a, b), (b, a)):
        if folder.palette and half.kind == "mask":
            mask, found = read_half(folder.path / file, half.name, pixels, folder.palette, left=left)
            wrong += found
            if mask is not None and shown is None:
                shown = look_at_mask(mask, folder.palette, None if other.kind == "mask" else photo).move(left)
    return shown, wrong


def _weight(folder: PairFolder, pair: Pair) -> int:
    """The memory that a pair of a manifest takes: its halves, and the picture that they share."""
    return 2 * pair.size.width * pair.size.height * folder.pixel_bytes


def _read(folder: PairFolder, pair: Pair, look: Looker, stack: ExitStack) -> StoredHalves | Finding:
    """Read a pair in the room of `look` that it takes, which is given back when the `stack` ends."""
    try:
        refuse_missing_pair(folder, pair)
        if pair.hash:
            stack.enter_context(look.room(_weight(folder, pair)))
            return read_stored(folder, pair)
        picture = stack.enter_context(open_picture(folder.path / pair.file))
        refuse_drawn(picture)
        stack.enter_context(look.room(2 * decoded_bytes(picture)))
        return read_stored(folder, pair, picture=picture)
    except P2PError as error:
        files = [folder.path / each for each in pair.files]
        return finding_of(error, next((file for file in files if error.where == str(file)), files[0]))


def _pair(folder: PairFolder, pair: Pair, read: StoredHalves) -> Iterator[Finding]:
    file = folder.path / pair.file
    try:
        refuse_changed(folder, pair, read)
    except P2PError as error:
        yield finding_of(error, file)
    try:
        read_nodata(folder, pair)
    except P2PError as error:
        yield finding_of(error, folder.path / pair.nodata_file)
    if np.array_equal(read.a, read.b):
        what = f"its halves {folder.a.name} and {folder.b.name} have the same pixels: there is nothing to learn"
        to_do = "Pair again, and give the folder of each half; a copy of one may lie where the other was to be."
        yield Finding(str(file), what, to_do, "halves-equal", "warning")
    size = size_of(read.a)
    if pair.hash and size != pair.size:
        what = f"its halves are {size}, but the manifest says {pair.size}"
        yield Finding(str(file), what, how_to_renew(folder), "size-differs", "error")


def _same_pixels(folder: PairFolder, same: list[Pair]) -> Iterator[Finding]:
    first, *others = sorted(same, key=lambda pair: (split_order(pair.split), pair.name))
    for pair in others:
        file, what = str(folder.path / pair.file), f"has the same pixels as {first.file}"
        if pair.split != first.split:
            yield _leak(folder, pair, first, what)
        else:
            to_do = f"{_leave_out(folder)}, unless it is meant to count twice."
            yield Finding(file, what, to_do, "duplicate", "warning")


def _same_photo(folder: PairFolder) -> Iterator[Finding]:
    """Pairs of different splits that have one photo and different masks, or one picture as a half."""
    for same in find_alike(folder):
        first, *others = sorted(same.pairs, key=lambda pair: (split_order(pair.split), pair.name))
        for pair in others:
            if pair.split != first.split and pair.hash != first.hash:
                yield _leak(folder, pair, first, f"has {same.what} {first.file}")


def _leak(folder: PairFolder, pair: Pair, first: Pair, what: str) -> Finding:
    what = f"{what}, so that {pair.split} holds what {first.split} holds"
    to_do = f"Bring them together with {p2p_command('data split', folder.path)}. Or: {_leave_out(folder)}."
    return Finding(str(folder.path / pair.file), what, to_do, "leak", "error")


def _leave_out(folder: PairFolder) -> str:
    if not folder.foreign:
        return "Remove one of them from A and B and pair into a new folder"
    if has_manifest(folder.path):
        return f"Remove one of them with {HEADER} and {PAIR_LINES} and split again"
    return "Remove one of them"


def find_left_out(others: LeftOut) -> Iterator[Finding]:
    """Files of kinds that are not read, as one warning."""
    if others.kinds:
        to_do = f"{others.advice}, if they are meant to be used."
        are = "is" if others.count == 1 else "are"
        yield Finding(str(others.folder), f"has {others}, which {are} not read", to_do, "other-kinds", "warning")


def _find_unlisted(folder: PairFolder) -> Iterator[Finding]:
    others = LeftOut(folder.path)
    listed = {file for pair in folder.pairs for file in pair.files}
    for file in picture_names(folder.path, others=others):
        if file not in listed and has_manifest(folder.path):
            what = "is not in the manifest, so p2p does not use it"
            to_do = (
                f"Remove it, or add it with {p2p_command('data split', folder.path)}."
                if folder.foreign
                else "Remove it."
            )
            yield Finding(str(folder.path / file), what, to_do, "unlisted", "warning")
    yield from find_left_out(others)
