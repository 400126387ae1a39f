"""Builds a pair folder: pictures of two folders, matched by name, become side-by-side A|B pictures with a manifest.

Nothing here may decide on a split, paint a mask, or hold more than one pair's pixels at a time.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from pathlib import Path
from typing import Any

from p2p_datatools.contract.differences import differences
from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.destination import Destination, refuse, refuse_dest_inside, stamp_records
from p2p_datatools.contract.files.listing import LeftOut
from p2p_datatools.contract.files.work import Summary
from p2p_datatools.contract.matching import BY_STEM
from p2p_datatools.contract.origin import read_origins
from p2p_datatools.contract.pairs.alike import note_alike
from p2p_datatools.contract.pairs.lines import FILLED, NamedPairs, Pair, by_name
from p2p_datatools.contract.pairs.manifest import (
    HEADER,
    PAIR_LINES,
    UNSPLIT,
    PairFolder,
    has_manifest,
    holds_built_pairs,
    read_manifest,
    write_manifest,
)
from p2p_datatools.contract.pairs.name_parts import note_divided_parts
from p2p_datatools.contract.partners.matched import MatchedFiles
from p2p_datatools.contract.pictures.ground import judge_places, spread
from p2p_datatools.contract.pictures.images import say_over_white
from p2p_datatools.contract.pictures.nodata import Nodata, list_numbers, range_of
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Fit, Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import name_first, p2p_command
from p2p_datatools.pairs.assemble import NamedFiles, PairWork, is_crowd
from p2p_datatools.pairs.given import GivenSplits, note_siblings
from p2p_datatools.pairs.inputs import match_inputs, recipe_of
from p2p_datatools.pairs.orientation import refuse_turned
from p2p_datatools.pairs.recipe import MADE_BY, RANGES, SCALED, PairRecipe
from p2p_datatools.pairs.scale_notes import note_scales
from p2p_datatools.pairs.shards import Shard
from p2p_datatools.pairs.side import say_drawn


@dataclass(frozen=True)
class PairSummary:
    """What `pair` did: `built` in this call, `kept` from an earlier one; sizes are those of one half, by area.

    `scaled` pairs have a mask that was scaled from another size of the same shape; `forms` are channels and type of
    each half, `left_out` files of A and of B that are not read. `ranges` are those of the values of each half, and
    `filled` its pixels without data in all pairs, which losses and scores leave out. `splits` counts the pairs in
    `dest` by the split that the sources gave them, and `unsplit` those without any split.
    """

    built: int
    kept: int
    skipped: tuple[Skip, ...]
    dest: Path
    halves: tuple[str, str]
    smallest: Size
    largest: Size
    scaled: int
    forms: tuple[str, str]
    splits: dict[str, int]
    unsplit: int
    left_out: tuple[LeftOut, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()
    filled: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class PairOptions:
    """How pairs are matched and made, beside size and fit; `jobs` is the number of threads, None for one per core.

    `read` says which page of files with several is read, and whether EXIF turns pictures; `nodata` which value means no
    data in halves of more than 8 bits. With `plain_numbers` halves of a few small numbers are paired as they are. A
    `shard` is one share of the pairs, in a folder of its own beside DEST, for `merge`.
    """

    match: str = BY_STEM
    jobs: int | None = None
    shard: Shard | None = None
    read: ReadOptions = AS_USUAL
    nodata: Nodata = "tag"
    plain_numbers: bool = False


def pair(
    a: Path | str | Sequence[Path | str],
    b: Path | str,
    dest: Path | str,
    *,
    halves: tuple[str, str] | None = None,
    size: Size | None = None,
    fit: Fit = "stretch",
    ways: PairOptions = PairOptions(),
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> PairSummary:
    """Write one lossless pair for every name that A and B share, A left and B right, into DEST, and the manifest.

    New pairs get the splits that folders, the record of masks or lists in A and B say, and lie in DEST/train, DEST/val
    and DEST/test; others lie in DEST/all. One folder that holds trainA/ and trainB/ is given as A and as B. A may be
    several folders: their pictures, matched by the B of each, are the channels of one half together. `halves` are the
    names of A and B, by default ("mask", "photo"), or ("a", "b") where none is a mask folder. Without `size` the
    pictures keep their own; both of a pair must have one shape, and one size unless one of them is a mask. On a DEST
    of the same settings new pairs are added, unchanged ones kept, and missing pictures are built again.

    Raises P2PError, and writes no DEST, when a name lacks its partner or a picture is broken, unless `keep_going`:
    then those are in `skipped`, and in DEST/skipped.jsonl. Raises UsageError when DEST holds anything else.
    """
    of_a = (Path(a),) if isinstance(a, Path | str) else tuple(map(Path, a))
    b, dest = Path(b), ways.shard.part_of(Path(dest)) if ways.shard else Path(dest)
    refuse_dest_inside(dest, *of_a, b)
    _refuse_pairs((*of_a, b))
    stamps, known = stamp_records(dest, HEADER, PAIR_LINES), read_manifest(dest) if has_manifest(dest) else None
    inputs, skipped, others = match_inputs(of_a, b, match=ways.match, halves=halves or (), report=report)
    matched, given = inputs.matched, GivenSplits(inputs.matched.folders, inputs.matched, report)
    if not (given.any or of_a[1:]):
        note_siblings(matched, ways.match, halves or (), report)
    job = recipe_of(inputs, known, words=halves, size=size, fit=fit, read=ways.read, nodata=ways.nodata)
    job = replace(job, by_place=judge_places([matched[name] for name in spread([*matched])], ways.read, report))
    settings = job.settings() | ({"shard": str(ways.shard)} if ways.shard else {})
    old = _old_pairs(dest, job, known, settings)
    crowded = is_crowd(len(matched) + sum(name not in matched for name in old))
    matched, skipped = ways.shard.share(matched, skipped) if ways.shard else (matched, skipped)
    # --nodata is often added when some pairs are made: the sources of each pair tell it.
    recipe = {key: value for key, value in (job.recipe() | settings).items() if key != "nodata"}
    with Destination(dest, marker=HEADER, recipe=recipe, stamps=stamps, cheap=True) as destination:
        work = PairWork(job, destination, old, matched, given, crowded=crowded)
        done = work.run(starmap(NamedFiles, matched.items()), "pairing", len(matched), threads=ways.jobs, report=report)
        skipped += done.skipped
        work.note_rest(report)
        with report.tell("adding up"):
            _refuse_together(job, work, matched, plain=ways.plain_numbers or known is not None, report=report)
        if not keep_going or not (ways.shard or work.names()):
            _refuse_at_once(skipped)
            refuse(skipped, destination)
        with report.tell("writing the manifest"):
            sizes = _commit(destination, job, work, settings | _merged_parts(known) | _origins((*of_a, b)), skipped)
    _say(job, work, dest, sizes, report)
    return _sum_up(dest, job, done, skipped, sizes, others)


def _refuse_together(job: PairRecipe, work: PairWork, matched: MatchedFiles, *, plain: bool, report: Reporter) -> None:
    """Note, or refuse, what all pairs tell together; with `plain` numbers as of classes are pictures."""
    lines = work.destination.done.values()
    note_scales(job, lines, report)
    if not plain:
        _refuse_numbers(job, work)
    refuse_turned(matched, lines)


def _say(job: PairRecipe, work: PairWork, dest: Path, sizes: "_Sizes", report: Reporter) -> None:
    """What a user should know of the pairs that were written."""
    say_over_white([*job.a.over_white, *job.b.over_white], report)
    say_drawn((job.a, job.b), report)
    job.a.say_packed(report)
    job.b.say_packed(report)
    work.note_misfits(report)
    if sizes.splits:
        made = read_manifest(dest)
        note_alike(made, report)
        note_divided_parts(made, {}, report)


def _merged_parts(known: PairFolder | None) -> dict[str, Any]:
    return {"merged": known.provenance["merged"]} if known and "merged" in known.provenance else {}


def _origins(folders: Sequence[Path]) -> dict[str, Any]:
    """The data sets that the folders are parts of, where a record beside them says so."""
    found = read_origins(folders)
    return {"sources": found} if found else {}


def _sum_up(
    dest: Path, job: PairRecipe, done: Summary, skipped: Sequence[Skip], sizes: "_Sizes", others: Sequence[LeftOut]
) -> PairSummary:
    forms = [f"{half.channels} x {half.dtype}" for half in job.halves]
    return PairSummary(
        built=done.made,
        kept=done.resumed + done.kept,
        skipped=tuple(skipped),
        dest=dest,
        halves=(job.halves[0].name, job.halves[1].name),
        smallest=sizes.smallest,
        largest=sizes.largest,
        scaled=sizes.scaled,
        forms=(forms[0], forms[1]),
        splits=dict(sizes.splits),
        unsplit=sizes.unsplit,
        left_out=tuple(others),
        ranges=sizes.ranges,
        filled=(sizes.filled[0], sizes.filled[1]),
    )


def _refuse_pairs(folders: Sequence[Path]) -> None:
    for folder in folders:
        if holds_built_pairs(folder):
            what = "holds A|B pairs already, and not single pictures"
            apart = p2p_command("data halves", folder, "DEST")
            to_do = f"Give the folder of single pictures, or take the pairs apart with {apart}."
            raise P2PError(folder, what, to_do, code="pairs-as-half")


def _old_pairs(dest: Path, job: PairRecipe, known: PairFolder | None, settings: dict[str, Any]) -> Mapping[str, Pair]:
    """The pairs that DEST has already, by name; a DEST that was made in another way is refused."""
    if known is None:
        return {}
    if known.provenance.get("by") != MADE_BY:
        raise UsageError(
            dest, f"holds pairs that '{MADE_BY}' did not make", "Choose another destination.", code="destination-taken"
        )
    made = {**known.provenance, "halves": (known.a, known.b), "palette": known.palette}
    wanted = {**job.a.options.settings(), "nodata": None, **settings, "halves": job.halves, "palette": job.palette}
    if differing := differences(made, wanted):
        what, to_do = f"was made with {differing}", "Use the same settings, or choose another destination."
        raise UsageError(dest, what, to_do, code="other-settings")
    return by_name(known.pairs)


def _refuse_numbers(job: PairRecipe, work: PairWork) -> None:
    """Raise P2PError when a half that is not a mask holds nothing but what class numbers look like."""
    for place, side in enumerate((job.a, job.b, *job.a.plain_parts)):
        numbers = work.class_numbers(place)
        if side.palette is None and not side.half.parts and numbers:
            command = p2p_command("data build-masks --palette NAME", side.folder, "MASKS")
            to_do = (
                f"If they are, build masks of them first with {command}; to pair them as pictures, add --plain-numbers."
            )
            what = f"its pictures hold nothing but the numbers {list_numbers(numbers)}, as class numbers do"
            raise P2PError(side.folder, what, to_do, code="class-numbers")


def _refuse_at_once(skipped: Sequence[Skip]) -> None:
    """Raise one P2PError where pictures fail for what may be no data, or their places, since one answer is for all."""
    for code in ("nodata-suspected", "other-place"):
        found = [skip for skip in skipped if skip.code == code]
        if found:
            first = found[0]
            where = name_first(first.where, len(found), "picture")
            raise P2PError(where, first.what, first.to_do, code=code)


class _Sizes:
    """The sizes and ranges of all pairs, how many masks were scaled, pixels without data, and splits."""

    def __init__(self, ranges: tuple[tuple[float, float], tuple[float, float]]) -> None:
        self.smallest, self.largest, self.scaled = Size(0, 0), Size(0, 0), 0
        self.filled, self.ranges = [0, 0], ranges
        self.splits: Counter[str] = Counter()
        self.unsplit = 0

    def note(self, pair: Pair) -> Pair:
        """Count a pair, and return it."""
        area = pair.size.width * pair.size.height
        if self.smallest == (0, 0) or area < self.smallest.width * self.smallest.height:
            self.smallest = pair.size
        if area > self.largest.width * self.largest.height:
            self.largest = pair.size
        self.scaled += SCALED in pair.sources
        self.unsplit += pair.split == UNSPLIT
        if pair.given_split:
            self.splits[pair.split] += 1
        if FILLED in pair.sources:
            _, of_a, _, of_b = pair.sources[FILLED].split()
            self.filled = [self.filled[0] + int(of_a), self.filled[1] + int(of_b)]
        return pair


def _commit(
    destination: Destination, job: PairRecipe, work: PairWork, settings: dict[str, Any], skipped: Sequence[Skip]
) -> _Sizes:
    """Write the manifest, and count what it holds."""
    a, b = (
        half
        if half.dtype in RANGES
        else replace(half, range=range_of(half.dtype, *work.needs_ranges(place, half.range)))
        for place, half in enumerate(job.halves)
    )
    sizes = _Sizes((a.range, b.range))
    pairs = NamedPairs([*work.present()], lambda name: sizes.note(work.record_of(name)))
    folder = PairFolder(destination.dest, a, b, job.palette, pairs, {"by": MADE_BY, **settings})
    destination.commit(lambda at: write_manifest(folder, at=at), skipped=skipped)
    return sizes
