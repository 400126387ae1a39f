"""The one assembler: pictures of two folders, partners by name, become side-by-side A|B pictures with a manifest.

Nothing here may decide on a split, paint a mask, or hold more than one pair's pixels at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from p2p_datatools.assembler import Assembler
from p2p_datatools.contract.destination import Destination, Skip, refuse
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.fit import Fit
from p2p_datatools.contract.images import Size
from p2p_datatools.contract.manifest import HEADER, Pair, PairFolder, is_manifested, read_manifest, write_manifest
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.pairing import MADE_BY, Job, job_of, side_of
from p2p_datatools.partners import Files, partners


@dataclass(frozen=True)
class PairSummary:
    """What `pair` did: `built` in this call, `kept` from an earlier one; sizes are those of one half, by area."""

    built: int
    kept: int
    skipped: tuple[Skip, ...]
    dest: Path
    halves: tuple[str, str]
    smallest: Size
    largest: Size


def pair(
    a: Path,
    b: Path,
    dest: Path,
    *,
    halves: tuple[str, str] | None = None,
    size: Size | None = None,
    fit: Fit = "stretch",
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> PairSummary:
    """Write one lossless PNG for every name that A and B share, A left and B right, into DEST/all, and the manifest.

    Either folder may be a mask folder (it has a palette.toml). `halves` are the words for A and B, such as
    ("mask", "photo"); by default they are those, or ("a", "b") where none is a mask folder. Without `size` the pictures
    keep their own, and the two of a pair must agree. On a DEST made with the same settings new pairs are added as not
    yet split, unchanged ones are kept; a picture of DEST that is gone is built again in its place.

    Raises P2PError, and writes no DEST, when a name lacks its partner or a picture is broken, unless `keep_going`:
    then those are in `skipped`, and in DEST/skipped.jsonl. Raises UsageError when DEST holds anything else.
    """
    job = job_of(side_of(a), side_of(b), halves, size, fit)
    _refuse_inside(dest, (a, b))
    with Destination(dest, marker=HEADER, recipe=job.recipe()) as destination:
        old = _old_pairs(dest, job)
        matched, skipped = partners(a, b)
        assembler = Assembler(job, destination, old, wanted=old.keys() | matched.keys())
        counts = {"built": 0, "kept": 0}
        for name, files in report.track(matched.items(), "pairing", len(matched)):
            outcome = assembler.bring(name, files)
            if isinstance(outcome, Skip):
                skipped.append(outcome)
            else:
                counts[outcome] += 1
        pairs = assembler.pairs()
        if not keep_going or not pairs:
            refuse(skipped, destination)
        _commit(destination, job, pairs, skipped)
    sizes = sorted((each.size for each in pairs.values()), key=lambda size: size.width * size.height)
    words = (job.halves[0].name, job.halves[1].name)
    return PairSummary(**counts, skipped=tuple(skipped), dest=dest, halves=words, smallest=sizes[0], largest=sizes[-1])


def _refuse_inside(dest: Path, folders: Files) -> None:
    if folders[0].resolve() == folders[1].resolve():
        raise UsageError(f"{folders[0]}: is given as A and as B. Name two folders.")
    for folder in folders:
        if dest.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"{dest}: lies in {folder}, whose pictures it would join. Choose a place outside.")


def _old_pairs(dest: Path, job: Job) -> dict[str, Pair]:
    """The pairs DEST has already, by name; a DEST that was made in another way is refused."""
    if not is_manifested(dest):
        return {}
    folder = read_manifest(dest)
    if folder.provenance.get("by") != MADE_BY:
        raise UsageError(f"{dest}: holds pairs that '{MADE_BY}' did not make. Choose another destination.")
    made = {**folder.provenance, "halves": (folder.a, folder.b), "palette": folder.palette}
    wanted = {**job.settings(), "halves": job.halves, "palette": job.palette}
    differing = ", ".join(key for key, value in wanted.items() if made.get(key) != value)
    if differing:
        raise UsageError(f"{dest}: was made with another {differing}. Repeat that, or choose another destination.")
    return {each.name: each for each in folder.pairs}


def _commit(destination: Destination, job: Job, pairs: dict[str, Pair], skipped: Sequence[Skip]) -> None:
    provenance = {"by": MADE_BY, **job.settings()}
    folder = PairFolder(destination.dest, *job.halves, job.palette, tuple(pairs.values()), provenance)
    destination.commit(lambda at: write_manifest(folder, at=at), skipped=skipped)
