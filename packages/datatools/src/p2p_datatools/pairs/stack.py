"""A half of several pictures: their channels one after the other, such as a mask and edges, matched by one B.

Nothing here may write a file, or blend the colours of a mask when the pictures beside it are resized.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.pairs.halves import refuse_unequal
from p2p_datatools.contract.pairs.manifest import Half, HalfPart, part_name
from p2p_datatools.contract.partners.matched import MatchedFiles
from p2p_datatools.contract.partners.pair_lists import is_list
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import colorize, size_of
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.resize import fit_to, resize_mask
from p2p_datatools.contract.pictures.sizes import Fit, Size, is_same_shape
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.pairs.match import match_pictures
from p2p_datatools.pairs.side import Side, other_shape

PartFiles = Mapping[Path, tuple[Path, ...]]
"""For each picture of the first folder those of the others that belong to it, in the order of the folders."""


@dataclass(frozen=True)
class StackedSide(Side):
    """Several folders that become one half; `parts` are these, of which the first is `folder`."""

    parts: tuple[Side, ...] = ()
    partners: PartFiles = field(default_factory=dict, compare=False)

    @property
    def is_exact(self) -> bool:
        """Whether all parts are masks."""
        return self.half.exact is True

    @property
    def plain_parts(self) -> tuple[Side, ...]:
        """The parts that are not masks."""
        return tuple(part for part in self.parts if part.palette is None)

    def files_of(self, file: Path) -> tuple[Path, ...]:
        """The files that the half is made of, for that of the first part."""
        return file, *self.partners[file]

    def read(self, file: Path) -> tuple[Array, Gaps | None]:
        """The channels of all parts (height, width, channels), masks in colours, and where any has no data.

        A mask of another size of the same shape is scaled to the first picture that is none.
        """
        files = self.files_of(file)
        read = [part.read(each) for part, each in zip(self.parts, files, strict=True)]
        sizes = [size_of(pixels) for pixels, _ in read]
        wanted = next((own for own, part in zip(sizes, self.parts, strict=True) if part.palette is None), sizes[0])
        planes, gaps = list[Array](), None
        for part, each, own, (pixels, missing) in zip(self.parts, files, sizes, read, strict=True):
            if own != wanted and part.palette is not None:
                if not is_same_shape(own, wanted):
                    raise other_shape((each, files[sizes.index(wanted)]), own, wanted)
                pixels = resize_mask(pixels, wanted)
            refuse_unequal(pixels, read[sizes.index(wanted)][0], where=str(each))
            colors = pixels if part.palette is None else colorize(pixels, part.palette)
            planes.append(colors if colors.ndim == 3 else colors[..., None])
            if missing is not None:
                gaps = missing if gaps is None else gaps | missing
        return np.concatenate(planes, axis=2), gaps

    def finish(self, values: Array, size: Size | None, fit: Fit) -> Array:
        """The half at `size`, if there is one, the masks among its channels exact."""
        return fit_to(values, size, fit, exact=self.half.exact) if size else values

    def sources(self, key: str, file: Path) -> dict[str, str]:
        """The files that the half is made of, as a, a2 and so on, and their hashes."""
        found: dict[str, str] = {}
        for number, (part, each) in enumerate(zip(self.parts, self.files_of(file), strict=True), start=1):
            name = key if number == 1 else f"{key}{number}"
            found |= part.sources(name, each)
        return found


def stack(sides: Sequence[Side], partners: PartFiles, word: str) -> StackedSide:
    """The half, called `word`, of the pictures of several folders; raises P2PError if they are of several types."""
    first = sides[0]
    for side in sides[1:]:
        if side.half.dtype != first.half.dtype:
            what = (
                f"has pictures of {side.half.dtype}, but {first.folder} of {first.half.dtype}, and channels of one "
                "half have one type and range"
            )
            raise P2PError(side.folder, what, "Convert one of them to the type of the other.", code="mixed-forms")
    names = list[str]()
    for side in sides:
        name = part_name(side.folder)
        candidates = chain([name], (f"{name}_{n}" for n in count(2)))
        names.append(next(each for each in candidates if each not in names))
    parts = tuple(
        HalfPart(name, "mask" if side.palette else side.half.kind, side.half.channels, side.palette)
        for name, side in zip(names, sides, strict=True)
    )
    channels = sum(part.channels for part in parts)
    half = Half(word, "picture", channels, first.half.dtype, first.half.range, parts)
    over_white, drawn = first.over_white, first.drawn
    own = tuple(replace(side, over_white=over_white, drawn=drawn) for side in sides)
    common = first.folder, None, half, first.options, first.nodata, over_white, drawn
    return StackedSide(*common, parts=own, partners=partners)


def match_parts(
    firsts: MatchedFiles, more: Sequence[Path], b: Path, *, match: str, report: Reporter
) -> tuple[MatchedFiles, PartFiles, list[Skip]]:
    """(the matched pairs for which each further folder has a picture, those pictures, what has none).

    A picture belongs to the B that it would be paired with. Raises UsageError for a list, which has two columns.
    """
    if is_list(match):
        what, to_do = "lists two files a line, but A is of several folders", "Rename the files, or use an expression."
        raise UsageError(f"--match {match}", what, to_do, code="options-conflict")
    found: list[dict[Path, Path]] = []
    skipped = list[Skip]()
    for folder in more:
        matched, alone = match_pictures(folder, b, match=match, report=report)
        found.append({of_b: of_a for of_a, of_b in matched.values()})
        skipped += [skip for skip in alone if Path(skip.where).is_relative_to(folder)]
    partners: dict[Path, tuple[Path, ...]] = {}
    whole = set[str]()
    for name in firsts:
        first, of_b = firsts[name]
        missing = [folder for folder, here in zip(more, found, strict=True) if of_b not in here]
        if missing:
            to_do = "Add its picture there, or remove this one."
            skipped.append(Skip(str(first), f"has no partner in {missing[0]}", to_do, "no-partner"))
            continue
        whole.add(name)
        partners[first] = tuple(here[of_b] for here in found)
    if not whole:
        what = f"has no name in common with {' and '.join(map(str, more))}"
        raise P2PError(firsts.folders[0], what, "A name is the path below the folder.", code="no-common-name")
    return firsts.only(whole.__contains__), partners, skipped
