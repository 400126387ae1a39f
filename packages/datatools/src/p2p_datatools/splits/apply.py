"""Splits a pair folder: carries a plan out by moving files, or in another tool's folder in the manifest alone.

Nothing here may look at a picture to decide; files move only after the plan is written durably beside them.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import atomic, catch_write_error, json_line, read_json, sync_folder, write_json
from p2p_datatools.contract.files.destination import hold_in_place, move_file, remove_empty_folders
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.pairs.halves import halve, refuse_missing_pair
from p2p_datatools.contract.pairs.lines import NODATA_FOLDER, Pair, pair_from_json
from p2p_datatools.contract.pairs.manifest import (
    HEADER,
    PLAN,
    UNSPLIT,
    PairFolder,
    has_manifest,
    header_of,
    read_manifest,
    with_pairs,
    write_manifest,
)
from p2p_datatools.contract.pairs.opening import read_foreign, refuse_part, refuse_photos, refuse_untrainable
from p2p_datatools.contract.pairs.seam import refuse_drawn
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.images import hash_pixels, read_photo, size_of
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.splits.groups import LeakCount
from p2p_datatools.splits.plan import plan_split, with_plan

_AGAIN = "drawn_again"  # in the provenance of another tool's folder


@dataclass(frozen=True)
class SplitSummary:
    """What `split` did: `moved` pairs were assigned to a split by this call, `kept` ones had one.

    `counts` holds how many pairs each split has; `groups` how many groups the names form, 0 without grouping;
    `completed` says that an interrupted call's plan was carried out first; files of a `foreign` folder never move.
    `leaks` say for test and val how many of their pairs resemble a training pair, where pictures were compared.
    """

    counts: dict[str, int]
    moved: int
    kept: int
    groups: int
    completed: bool
    foreign: bool
    leaks: tuple[LeakCount, ...] = ()


def split(
    pairs: Path | str,
    *,
    val: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    group_by: str | None = None,
    as_pairs: bool = False,
    again: bool = False,
    dry_run: bool = False,
    report: Reporter = QUIET,
) -> SplitSummary:
    """Assign every pair without a split to one: of n pairs in total, val and test get n * share, rounded half up.

    Pairs that have a split keep it and count. Who goes where follows from the SHA-256 of the seed and a pair's name (or
    its group), not from the order of files. `group_by` is "similar", the default where a half is a photo, "none", or a
    regular expression whose first group, or whole match, in a pair's name is its group; groups stay whole, so val and
    test come as near as whole groups can. All pairs are read to find those that are similar (near-duplicates, crops,
    mirror images, copies by their names, frames of a walk), and each class of masks gets into each split if it can.
    What is similar across groups of a regular expression goes together, too.

    A val or test that the sources gave is complete as it is; one that they did not give is drawn from the others, and
    from the training pairs they gave. Pairs of equal pixels, or of one photo, always are in one split: where they were
    given different ones, or have been split before, those that are trained on join those that are tested on. `again`
    draws all pairs anew, whatever split they have or were given.

    Files move to train/, val/ and test/; after a kill at any moment the same call completes the work. A folder of
    another tool gets a manifest, and no picture moves; it is refused when its pictures look like photos or masks, but
    for `as_pairs`, which says that they are pairs. `dry_run` changes nothing. Raises UsageError for impossible
    shares or expressions, P2PError when no training pair would be left, the folder is damaged, or another process
    is writing in it.
    """
    _check_shares(val, test)
    path = Path(pairs)
    # A folder that is missing is not made for its lock.
    with contextlib.nullcontext() if dry_run or not path.is_dir() else hold_in_place(path):
        folder, given, completed = _open(path, dry_run, report, as_pairs=as_pairs)
        shares = {"val": val, "test": test}
        plan = plan_split(folder, given, shares, seed=seed, group_by=group_by, again=again, report=report)
        with report.tell("moving pairs"):
            if not dry_run and folder.foreign:
                _write_foreign(plan.result, again=again)
            elif not dry_run and plan.planned:
                _write_plan(folder, plan.planned)
                _carry_out(folder, plan.planned)
        kept = len(folder.pairs) - plan.moved
        return SplitSummary(plan.counts, plan.moved, kept, plan.groups, completed, folder.foreign, plan.leaks)


def _write_foreign(folder: PairFolder, *, again: bool) -> None:
    """Write the manifest of another tool's folder.

    Once they were drawn `again`, the splits are not those of its folders any more, and new pairs are drawn, too. That
    is written first where there is a manifest, lest a kill leaves the new splits without it.
    """
    if again:
        folder = replace(folder, provenance={**folder.provenance, _AGAIN: True})
        if has_manifest(folder.path):
            write_json(folder.path / HEADER, header_of(folder))
    write_manifest(folder)


def _check_shares(val: float, test: float) -> None:
    for name, share in (("val", val), ("test", test)):
        if not 0 <= share < 1:
            to_do = "Give a number from 0 to below 1, such as 0.1."
            raise UsageError(f"{name} {share}", "is not a share", to_do, code="impossible-setting")
    if val + test >= 1:
        to_do = "Give shares whose sum is less than 1."
        raise UsageError(f"val {val} and test {test}", "leave nothing to train on", to_do, code="impossible-setting")


def _open(path: Path, dry_run: bool, report: Reporter, *, as_pairs: bool) -> tuple[PairFolder, frozenset[str], bool]:
    """The folder as it stands, the splits it was given, and whether an interrupted call's plan was completed first."""
    with report.tell("reading the manifest"):
        known = read_manifest(path, mid_split=True) if has_manifest(path) else None
    if known is None or known.foreign:
        return *_open_foreign(path, known, report, as_pairs=as_pairs), False
    completed = (path / PLAN).exists()
    if completed:
        planned = _read_plan(path)
        known = _foresee(known, planned) if dry_run else _carry_out(known, planned)
    return known, frozenset(pair.given_split for pair in known.pairs if pair.given_split), completed


def _foresee(folder: PairFolder, planned: Mapping[str, Pair]) -> PairFolder:
    """The folder as a plan leaves it, but with the files of those that have not moved yet where they are."""
    now = {pair.name: pair.file for pair in folder.pairs if pair.name in planned}
    waiting = {name: now[name] for name, pair in planned.items() if not (folder.path / pair.file).exists()}
    return with_plan(folder, {**planned, **{name: replace(planned[name], file=waiting[name]) for name in waiting}})


def _write_plan(folder: PairFolder, planned: Mapping[str, Pair]) -> None:
    """Write the plan durably, after checking that no file is missing or in the way."""
    for pair in folder.pairs:
        if pair.name in planned:
            refuse_missing_pair(folder, pair)
    for file, to in _moves(folder, planned):
        if to != file and (folder.path / to).exists():
            what = "exists, but is not in the manifest"
            raise P2PError(folder.path / to, what, "Move it elsewhere.", code="file-in-the-way")
    with atomic(folder.path / PLAN) as plan:
        between = b'{"pairs": [\n'
        for pair in planned.values():
            plan.write(between + json_line(pair.to_json()))
            between = b","
        plan.write(b"]}\n")


def _read_plan(path: Path) -> dict[str, Pair]:
    with catch_decoder(path / PLAN, "is damaged", "Pair into a new folder."):
        pairs = [pair_from_json(line, path / PLAN) for line in read_json(path / PLAN)["pairs"]]
    return {pair.name: pair for pair in pairs}


def _carry_out(folder: PairFolder, planned: Mapping[str, Pair]) -> PairFolder:
    """Move the files, commit the manifest, delete the plan; any part of it may have been done before."""
    touched: set[Path] = set()
    with catch_write_error(folder.path):
        for file, to in _moves(folder, planned):
            if to != file:
                _move(folder.path / file, folder.path / to)
                touched |= {folder.path / parent for each in (file, to) for parent in PurePosixPath(each).parents}
        for place in touched:
            sync_folder(place)
        result = with_plan(folder, planned)
        write_manifest(result)
        for place in (folder.path / UNSPLIT, folder.path / NODATA_FOLDER):
            remove_empty_folders(place)
        (folder.path / PLAN).unlink()
        for torn in folder.path.glob(".*.tmp"):  # a kill left them
            torn.unlink()
    sync_folder(folder.path)
    return result


def _moves(folder: PairFolder, planned: Mapping[str, Pair]) -> Iterator[tuple[str, str]]:
    """From where to where the files of the planned pairs go."""
    for pair in folder.pairs:
        if pair.name in planned:
            yield from zip(pair.files, planned[pair.name].files, strict=True)


def _move(source: Path, target: Path) -> None:
    if not move_file(source, target) and not target.exists():
        to_do = "Restore it, or take its line out of pairs.jsonl, and split again."
        raise P2PError(source, "does not exist", to_do, code="missing-pair")


def _open_foreign(
    path: Path, known: PairFolder | None, report: Reporter, *, as_pairs: bool
) -> tuple[PairFolder, frozenset[str]]:
    """Another tool's folder with size and hash of every picture, and its splits; new ones in train/ have none yet."""
    listed = read_foreign(path, needs_train=False)
    if known is None and not as_pairs:
        refuse_part(path)
        refuse_photos(listed)
    refuse_untrainable(listed)
    if known is None:
        for line in listed.assumed:
            report.note(line)
        known = replace(listed, pairs=(), provenance=_provenance(listed, as_pairs=as_pairs))
    before = {pair.file: pair for pair in known.pairs}
    for gone in sorted(before.keys() - {pair.file for pair in listed.pairs}):
        refuse_missing_pair(known, before[gone])
    new = [pair for pair in listed.pairs if pair.file not in before]
    splits = frozenset(pair.split for pair in listed.pairs)
    if known.provenance.get(_AGAIN) is True:
        new, splits = [replace(pair, split="train") for pair in new], frozenset({"train"})
    as_pairs = as_pairs or known.provenance.get("as_pairs") is True
    return with_pairs(known, [*known.pairs, *_measure(path, new, report, as_pairs=as_pairs)]), splits


def _provenance(listed: PairFolder, *, as_pairs: bool) -> dict[str, object]:
    said = {"as_pairs": True} if as_pairs else {}
    return {"by": "p2p data split", "assumed": list(listed.assumed), **said}


def _measure(path: Path, pairs: list[Pair], report: Reporter, *, as_pairs: bool) -> list[Pair]:
    """Pairs of another tool with their size and hash; raises P2PError that names all pictures that are not pairs."""
    found, wrong = [], []
    for pair in report.track(pairs, "reading pairs", len(pairs)):
        try:
            with open_picture(path / pair.file) as file:
                if not as_pairs:
                    refuse_drawn(file)
                picture = read_photo(file)
            half, _ = halve(picture, where=str(path / pair.file))
        except P2PError as error:
            wrong.append(error.problem)
            continue
        split = UNSPLIT if pair.split == "train" else pair.split
        found.append(replace(pair, size=size_of(half), hash=hash_pixels(picture), split=split))
    if wrong:
        what = plural(len(wrong), "picture is not a pair", "pictures are not pairs")
        raise P2PError(path, what, "Correct or remove the pictures listed.", code="pictures-failed", parts=wrong)
    return found
