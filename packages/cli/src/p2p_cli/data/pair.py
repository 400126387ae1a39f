"""`p2p data pair`: its options, the call, and its result as text.

Nothing here may join pictures.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command, train_lines
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.sizes import FITS, Fit, Size
from p2p_datatools.contract.words import path_word, plural

if TYPE_CHECKING:
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_datatools.pairs.build import PairSummary


@click.command()
@click.argument("folders", metavar="A... B", type=options.FOLDER, nargs=-1, required=True)
@click.argument("dest", type=options.PLACE)
@click.option("--halves", metavar="A,B", help="Names of the halves; by default mask,photo for a mask folder.")
@click.option(
    "--size",
    type=options.SizeType(native=True),
    default="native",
    show_default=True,
    metavar="native|N|WxH",
    help="The size of each half.",
)
@click.option(
    "--fit", type=options.WordChoice(FITS), default="stretch", show_default=True, help="How to reach that size."
)
@options.match_option
@click.option(
    "--nodata",
    metavar="VALUE|none",
    help="The value, or several as -9999,-32768, that mean no data in halves of more than 8 bits, or none; by default "
    "GDAL's tag says it, and NaN.",
)
@click.option(
    "--plain-numbers", is_flag=True, help="Pair pictures of a few small numbers as they are: they are not classes."
)
@click.option("--jobs", type=options.WholeNumber(1), metavar="N", help="Threads; by default one per core.")
@click.option("--shard", metavar="I/N", help="Pair the I-th of N shares, into DEST.I-of-N, for 'p2p data merge'.")
@options.read_options
@options.keep_going_option
@options.json_option
def command(
    folders: tuple[Path, ...],
    dest: Path,
    halves: str | None,
    size: Size | str,
    fit: Fit,
    match: str,
    nodata: str | None,
    plain_numbers: bool,
    jobs: int | None,
    shard: str | None,
    read: "ReadOptions",
    keep_going: bool,
    as_json: bool,
) -> int:
    """Join the pictures of A and B into A|B pairs.

    A is usually a mask folder and B its photos; pictures belong together when their paths below the folders, without
    suffix, are equal. Splits that their folders say (train/, valid/, test/, train2017/, ...) are kept, and one folder
    that holds trainA/ and trainB/, source/ and target/, or 1_A.png and 1_B.png, is given twice; --halves with the words
    of its folders says which is A. DEST receives one lossless PNG per pair, A left and B right, and a manifest with the
    hash of each. Arrays (NPY, TIFF) of floats or of many channels become two TIFFs per pair. A mask
    of another size than its photo is scaled to it if its shape is the same, up to a pixel; two shapes are refused,
    with --size, too.

    Of several folders before B, the pictures of one name are the channels of A together, masks in their colours: a
    mask and edges, say. They have one type, such as 8 bits, and lie as TIFF where they are not 1 or 3 channels.

    \b
    Examples:
      p2p data pair masks photos pairs
      p2p data pair depth rgb pairs --match '(\\d+)$' --halves depth,photo
      p2p data pair dem photos pairs --halves dem,photo --nodata -9999
      p2p data pair masks photos pairs --shard 3/8
      p2p data pair horses horses pairs
      p2p data pair masks edges photos pairs
    """
    from p2p_datatools.contract.pictures.nodata import parse_nodata
    from p2p_datatools.pairs.build import PairOptions, pair
    from p2p_datatools.pairs.shards import parse_shard

    *a, b = _at_least_two(folders)
    share = parse_shard(shard) if shard else None
    ways = PairOptions(match, jobs, share, read, parse_nodata(nodata), plain_numbers)
    summary = pair(
        a,
        b,
        dest,
        halves=options.parse_halves(halves) if halves else None,
        size=size if isinstance(size, Size) else None,
        fit=fit,
        ways=ways,
        keep_going=keep_going,
        report=render.reporter(),
    )
    _show(summary, dest if shard else None, as_json=as_json)
    return 1 if summary.skipped else 0


def _at_least_two(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    if len(folders) < 2:
        what = "is one folder, but a pair is of two: A, B, and the folder for the pairs"
        raise UsageError(folders[0], what, "Write p2p data pair A B DEST.", code="missing-argument")
    return folders


def _show(summary: "PairSummary", whole: Path | None, *, as_json: bool) -> None:
    """What was paired and left out, and what to run next; `whole` as for `_next_lines`."""
    if as_json:
        render.say_json(summary)
    else:
        say_summary(summary)
        for line in _next_lines(summary, whole):
            render.hint(line)
    render.say_skipped(summary.skipped, summary.dest)


def _next_lines(summary: "PairSummary", whole: Path | None) -> list[str]:
    """The command that follows; of a shard that for all of them, which become the `whole`."""
    if whole:
        place = path_word(whole)
        return [f"next  p2p data merge {place}.*-of-* {place}   # once all shards are there"]
    if summary.unsplit or not summary.splits.get("train"):
        return [next_command("data", "split", summary.dest)]
    lines = train_lines(summary.dest, summary.splits["train"])
    if missing := [name for name in ("val", "test") if not summary.splits.get(name)]:
        split = next_command("data", "split", summary.dest).removeprefix("next  ")
        lines.append(f"      or {split}, which draws {' and '.join(missing)} from train")
    return lines


def say_summary(summary: "PairSummary") -> None:
    """What was paired, in lines."""
    sizes = str(summary.smallest)
    if summary.smallest != summary.largest:
        sizes += f" to {summary.largest}"
    joined = "|".join(summary.halves)
    render.say(f"{plural(summary.built, 'pair')} {joined} in {summary.dest} ({sizes}), {summary.kept:,} kept.")
    none = plural(summary.unsplit, "pair has", "pairs have")
    render.say_given_splits(summary.splits, f"{none} none yet" if summary.unsplit else "")
    if summary.scaled:
        render.say(
            f"{plural(summary.scaled, 'mask was', 'masks were')} of another size than the photo, and scaled to it."
        )
    if set(summary.forms) != {"3 x uint8"}:
        parts = zip(summary.halves, summary.forms, summary.ranges, strict=True)
        render.say("channels and type: " + ", ".join(_form(*part) for part in parts))
    for name, form, filled in zip(summary.halves, summary.forms, summary.filled, strict=True):
        if filled:
            kept = "kept as they are" if form.endswith("uint8") else "filled with the smallest value of their picture"
            render.say(f"{plural(filled, 'pixel')} of {name} without data: {kept}; losses and scores leave them out.")


def _form(name: str, form: str, values: tuple[float, float]) -> str:
    """A half's channels and type, and the range of its values where its type alone does not tell it."""
    if form.endswith("uint8"):
        return f"{name}: {form}"
    low, high = values
    bits = f" ({int(high + 1).bit_length() - 1} bits)" if form.endswith("uint16") and not low else ""
    return f"{name}: {form}, values {low:.6g} to {high:.6g}{bits}"
