"""`p2p data export`: its options, the call, and its result as text.

Nothing here may know the file format of another tool.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import plural, shell_word

if TYPE_CHECKING:
    from p2p_datatools.exports.build import MaskExportSummary


def _formats() -> tuple[str, ...]:
    from p2p_datatools.exports.pair_formats import PAIR_FORMATS
    from p2p_datatools.exports.table import export_names

    return (*export_names(), *PAIR_FORMATS)


@click.command()
@click.argument("source", metavar="MASKS|PAIRS", type=options.FOLDER)
@click.argument("dest", type=options.PLACE)
@click.option(
    "--format", "kind", type=options.LateChoice(_formats), required=True, help="The tool that will read DEST."
)
@options.photos_option("The photos of the masks, which the labels name.")
@options.keep_going_option
@options.json_option
def command(source: Path, dest: Path, kind: str, photos: Path | None, keep_going: bool, as_json: bool) -> int:
    """Export masks or pairs in the formats of other tools.

    With webdataset, huggingface and fiftyone a pair folder is written in the layout of that library: shards of tar, an
    ImageFolder, or photos and class numbers. 'p2p train' takes shards, too.

    The other formats are labels of masks: MASKS is a mask folder, and DEST receives the files that the tool reads, and
    export.jsonl; photos are named, not copied. Outlines run along the edges of pixels, so that 'p2p data build-masks'
    gives every pixel back, and pycocotools does, too. The first class of the palette is left out if it is called
    background or the like; what is ignored becomes the label 'ignore'.

    \b
    Examples:
      p2p data export masks coco --format coco --photos photos
      p2p data export masks yolo --format yolo --photos photos
      p2p data build-masks coco/annotations.json again --palette masks/palette.toml
      p2p data check again --against masks
      p2p data export pairs shards --format webdataset
    """
    from p2p_datatools.exports.pair_formats import PAIR_FORMATS

    if kind in PAIR_FORMATS:
        return _export_pairs(source, dest, kind, photos, keep_going=keep_going, as_json=as_json)
    from p2p_datatools.contract.pairs.manifest import holds_built_pairs
    from p2p_datatools.exports.build import export_masks

    if holds_built_pairs(source):
        what = f"holds pairs, but {kind} is a format of masks"
        raise UsageError(source, what, f"Choose {', '.join(PAIR_FORMATS)}.", code="unfit-format")
    summary = export_masks(source, dest, format=kind, photos=photos, keep_going=keep_going, report=render.reporter())
    if as_json:
        render.say_json(summary)
    else:
        _say(summary, source, photos)
    return render.say_skipped(summary.skipped, dest)


def _export_pairs(pairs: Path, dest: Path, kind: str, photos: Path | None, *, keep_going: bool, as_json: bool) -> int:
    from p2p_datatools.contract.mask_folder import MASK_LINES
    from p2p_datatools.exports.pairs import export_pairs

    if photos is not None:
        what = f"belongs to masks, but {kind} is a format of pairs, which have their photos"
        raise UsageError("--photos", what, "Leave it out.", code="needless-option")
    if (pairs / MASK_LINES).is_file():
        what, to_do = f"is a mask folder, but {kind} is a format of pairs", "Join it with its photos: 'p2p data pair'."
        raise UsageError(pairs, what, to_do, code="unfit-format")
    summary = export_pairs(pairs, dest, format=kind, keep_going=keep_going, report=render.reporter())
    if as_json:
        render.say_json(summary)
    else:
        counts = ", ".join(f"{split} {count}" for split, count in summary.splits.items() if count)
        total = plural(sum(summary.splits.values()), "pair")
        render.say(f"{kind}: {total} in {dest} ({counts}); {summary.made:,} written now, {summary.kept:,} kept.")
        for line in _lines_to_load(kind, dest):
            render.hint(line)
    return render.say_skipped(summary.skipped, dest)


def _lines_to_load(kind: str, dest: Path) -> list[str]:
    """How the library loads what was written, and what to run next."""
    if kind == "webdataset":
        shards = f"sorted(glob.glob({str(dest / 'train-*.tar')!r}))"
        load = f"webdataset.WebDataset({shards}, shardshuffle=False).decode('pil').to_tuple('a.png', 'b.png', 'json')"
        return [f"load  {load}", next_command("train", dest, "RUN")]
    if kind == "huggingface":
        return [f"load  datasets.load_dataset('imagefolder', data_dir={str(dest)!r})"]
    return [
        f"load  fiftyone.Dataset.from_dir({str(dest / 'train')!r}, fiftyone.types.ImageSegmentationDirectory)",
        "      mask_targets.json has the classes by their numbers, for dataset.default_mask_targets",
    ]


def _say(summary: "MaskExportSummary", masks: Path, photos: Path | None) -> None:
    made, shapes = plural(summary.made, "mask"), plural(summary.shapes, "region")
    render.say(f"{summary.format}: {made} exported to {summary.dest}, {summary.kept:,} kept; {shapes} in all.")
    if summary.ignored:
        label = "void" if summary.format == "voc" else summary.ignored_label
        render.say(f"{plural(summary.ignored, 'ignored pixel is', 'ignored pixels are')} labelled '{label}'.")
    if summary.photos:
        render.say(f"photos  the tool looks for them in {summary.photos}; none was copied")
    where = photos or ("PHOTOS" if summary.needs_photos else None)
    words = ["p2p", "data", "build-masks", str(summary.labels), "AGAIN", "--palette", str(masks / "palette.toml")]
    words += ["--photos", str(where)] if where else []
    words += [] if summary.shapes else ["--empty", "background"]
    words += [word for label, to in summary.mapping.items() for word in ("--map", f"{label}={to}")]
    render.say(f"back  {' '.join(map(shell_word, words))}")
