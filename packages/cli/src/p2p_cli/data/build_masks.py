"""`p2p data build-masks`: its options, the call, and its result as text.

Nothing here may read labels or paint.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from p2p_cli import options
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_datatools.contract.pictures.pages import Exif
    from p2p_datatools.masks.build import MaskSummary


_MOST_SHOWN = 40


def _formats() -> tuple[str, ...]:
    from p2p_datatools.labels.read import format_names

    return format_names()


class WithFormats(click.Command):
    """A command whose help ends with the label formats, a line each, out of their table."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table."""
        from p2p_datatools.labels.read import FORMATS

        with formatter.section("Formats"):
            formatter.write_dl([(name, f"{each.title}: {each.signs}") for name, each in FORMATS.items()])


@click.command(cls=WithFormats)
@click.argument("labels", type=options.PLACE)
@click.argument("dest", type=options.PLACE)
@click.option(
    "--palette",
    "palette_name",
    required=True,
    metavar="NAME|FILE",
    help="The classes and their colours: cars, scenes, facades, or a TOML file.",
)
@click.option(
    "--photos",
    type=options.FOLDER,
    metavar="DIR",
    help="The photos of the labels, unless in a folder images beside them; masks take their names.",
)
@options.match_option
@click.option(
    "--format",
    "label_format",
    type=options.LateChoice(_formats),
    default="auto",
    show_default=True,
    help="The format of LABELS; auto detects it and prints it.",
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FROM=TO",
    help="Map a label name, a glob of names, a number, #rrggbb or transparent to a class, background, unpainted or "
    "ignore; ids=palette takes numbers as the ids of a built-in palette, boxes=rectangles fills boxes.",
)
@click.option(
    "--order",
    type=click.Choice(("palette", "annotation")),
    default="palette",
    show_default=True,
    help="What covers what: the later class of the palette, or what the labelling tool shows on top.",
)
@click.option(
    "--tolerance",
    type=click.IntRange(0),
    default=32,
    show_default=True,
    metavar="N",
    help="How far in RGB a colour may be from that of its class.",
)
@click.option(
    "--snapped",
    type=options.PLACE,
    metavar="FILE.png",
    help="Draw the label pictures with the most blended colours, and where they were changed to a class's.",
)
@options.page_option
@options.exif_option
@options.keep_going_option
@options.json_option
def command(
    labels: Path,
    dest: Path,
    palette_name: str,
    photos: Path | None,
    match: str,
    label_format: str,
    mapping: tuple[str, ...],
    order: Literal["palette", "annotation"],
    tolerance: int,
    snapped: Path | None,
    page: int | None,
    exif: "Exif",
    keep_going: bool,
    as_json: bool,
) -> int:
    """Build colour-coded masks from labels.

    LABELS is a label file, or a folder of label files or label pictures, of one of the formats below, or one file or
    folder for each split. Classes are
    painted in the palette's order, so that a wheel is never hidden by its car; blended colours go to a class found
    beside them. DEST receives one indexed PNG per photo, palette.toml and masks.jsonl.

    \b
    Examples:
      p2p data build-masks photos/annotations.json masks --palette cars --photos photos
      p2p data build-masks labels masks --palette cars --map 8=body
      p2p data build-masks camvid/masks masks --palette scenes --map 11=ignore
      p2p data build-masks labels masks --palette facades --snapped where.png
      p2p data build-masks labels masks --palette facades --map '#ffffff=ignore'
    """
    from p2p_cli import render
    from p2p_datatools.contract.palette import load_palette
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_datatools.masks.build import PaintOptions, build_masks
    from p2p_datatools.masks.class_mapping import parse_mapping
    from p2p_datatools.masks.snap import SnapOptions

    palette = load_palette(palette_name)
    summary = build_masks(
        labels,
        dest,
        palette=palette,
        photos=photos,
        format=label_format,
        mapping=parse_mapping(mapping, palette),
        how=PaintOptions(order, SnapOptions(tolerance, snapped), match=match, read=ReadOptions(page, exif)),
        keep_going=keep_going,
        report=render.reporter(),
    )
    if as_json:
        render.say(options.to_json(summary))
    else:
        _say(summary)
    if summary.unseen:
        render.remark(f"classes without pixels: {', '.join(summary.unseen)}")
    render.skips(summary.skipped, dest)
    return 1 if summary.skipped else 0


def _say(summary: "MaskSummary") -> None:
    from p2p_cli import render

    render.say(f"{summary.format}: {plural(summary.built, 'mask')} built in {summary.dest}, {summary.kept} kept.")
    none = summary.built + summary.kept - sum(summary.splits.values())
    render.given_splits(summary.splits, f"{plural(none, 'mask has', 'masks have')} none" if none > 0 else "")
    if summary.decisions:
        _say_decisions(summary)
    total = sum(summary.areas.values()) or 1
    render.table(("class", "share of pixels"), [(name, f"{area / total:.2%}") for name, area in summary.areas.items()])
    if summary.snapped:
        near, blended = f"{summary.snapped / total:.2%}", f"{summary.blended / total:.2%}"
        most = f", most in {summary.most_blended}" if summary.most_blended else ""
        render.say(f"{near} of the pixels did not have a class's exact colour; {blended} were near no class{most}.")
    if summary.reordered:
        pictures = plural(summary.reordered, "picture")
        render.say(
            f"In {pictures} more than 1% of the pixels would have another class if what was drawn last lay on top, "
            f"most in {summary.most_reordered}: --order annotation paints so, --order palette (the default) does not."
        )
    if summary.photos_without_labels:
        render.remark(f"{plural(summary.photos_without_labels, 'photo has', 'photos have')} no labels.")


def _say_decisions(summary: "MaskSummary") -> None:
    """What each number or colour was taken for; of very many the common ones, for --json has all."""
    from p2p_cli import render

    rows = [
        (
            each.value if each.label == each.value else f"{each.value} ({each.label})",
            each.becomes,
            f"{each.share:.2%}",
            each.decided_by,
        )
        for each in summary.decisions[:_MOST_SHOWN]
    ]
    render.table(("number or colour", "class", "share of pixels", "decided by"), rows)
    if len(summary.decisions) > _MOST_SHOWN:
        render.remark(f"{len(summary.decisions) - _MOST_SHOWN} rarer numbers or colours are in --json.")
