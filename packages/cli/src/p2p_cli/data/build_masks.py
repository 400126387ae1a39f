"""`p2p data build-masks`: its options, the call, and its result as text.

Nothing here may read labels or paint.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import click

from p2p_cli import options
from p2p_cli.data.photo_masks import build_from_photos
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_datatools.masks.build import MaskSummary


_MOST_SHOWN = 40


class LabelOptions(TypedDict):
    """The options about labels, by the names of the command's arguments; with --model there are none."""

    photos: Path | None
    match: str
    label_format: str
    mapping: tuple[str, ...]
    order: Literal["palette", "annotation"]
    tolerance: int
    snapped: Path | None
    strict: bool
    empty: Literal["auto", "background", "error"]


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
    metavar="NAME|FILE",
    help="The classes and their colours: cars, scenes, facades, or a TOML file; needed unless --model has it.",
)
@options.photos_option("The photos of the labels, unless in a folder images beside them; masks take their names.")
@options.match_option
@options.label_format_option("The format of LABELS, of those below; auto detects it and prints it.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FROM=TO",
    help="Map a label name, a glob of names, a number, #rrggbb or transparent to a class, background, unpainted or "
    "ignore; ids=palette takes numbers as the ids of a built-in palette, boxes=rectangles fills boxes, rings=holes "
    "cuts out inner outlines; may be repeated.",
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
    type=options.WholeNumber(0),
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
@click.option("--strict", is_flag=True, help="Refuse a picture for one faulty region; else that is left out.")
@click.option(
    "--empty",
    type=click.Choice(("auto", "background", "error")),
    default="auto",
    show_default=True,
    help="What pictures become that LABELS list without objects: background, even if there are no others, or an error; "
    "auto is background if others have objects.",
)
@click.option(
    "--model",
    type=options.PLACE,
    metavar="SEGMENTER",
    help="Find the classes in photos without labels by a model from photo to mask; LABELS are then these photos.",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="SHARE",
    help="With --model: a pixel that it is less sure of is ignored.",
)
@options.read_options
@options.keep_going_option
@options.json_option
def command(
    labels: Path,
    dest: Path,
    palette_name: str | None,
    model: Path | None,
    min_confidence: float | None,
    read: "ReadOptions",
    keep_going: bool,
    as_json: bool,
    **of_labels: Unpack[LabelOptions],
) -> int:
    """Build colour-coded masks from labels.

    LABELS is a label file, or a folder of label files or label pictures, of one of the formats below, or one file or
    folder for each split. Classes are painted in the palette's order, so that a wheel is never hidden by its car;
    blended colours go to a class found beside them. DEST receives one indexed PNG per photo, palette.toml and
    masks.jsonl, and left_out.jsonl if there are regions that cannot be painted.

    With --model, LABELS are photos, and a model that 'p2p train PAIRS SEGMENTER --preset segment' has trained finds the
    classes. DEST then also receives a picture of its confidence for each mask, and doubt.jsonl, which lists the masks,
    those first that it is least sure of: look at these, and correct or delete them.

    \b
    Examples:
      p2p data build-masks photos/annotations.json masks --palette cars --photos photos
      p2p data build-masks labels masks --palette cars --map 8=body
      p2p data build-masks camvid/masks masks --palette scenes --map 11=ignore
      p2p data build-masks labels masks --palette facades --snapped where.png
      p2p data build-masks labels masks --palette facades --map '#ffffff=ignore'
      p2p data build-masks photos masks --model segmenter --min-confidence 0.8
    """
    if model is not None:
        _refuse_label_options()
        confidence = min_confidence or 0.0
        return build_from_photos(
            labels, dest, model, confidence, palette_name, read, keep_going=keep_going, as_json=as_json
        )
    if palette_name is None or min_confidence is not None:
        raise _without_model(palette_name, min_confidence)
    summary = _build(labels, dest, palette_name, of_labels, read, keep_going=keep_going)
    if as_json:
        render.say_json(summary)
    else:
        _say(summary)
    _remark(summary)
    code = render.say_skipped(summary.skipped, dest)
    if not as_json:
        rest = ["--keep-going"] if summary.photos_without_labels else []  # which pairs cannot be made of
        render.hint(next_command("data", "pair", dest, summary.photos or "PHOTOS", "PAIRS", *rest))
    return code


def _build(
    labels: Path, dest: Path, palette_name: str, given: LabelOptions, read: "ReadOptions", *, keep_going: bool
) -> "MaskSummary":
    from p2p_datatools.contract.palette import load_palette
    from p2p_datatools.masks.build import PaintOptions, SnapOptions, build_masks
    from p2p_datatools.masks.class_mapping import parse_mapping

    palette, snapping = load_palette(palette_name), SnapOptions(given["tolerance"], given["snapped"])
    return build_masks(
        labels,
        dest,
        palette=palette,
        photos=given["photos"],
        format=given["label_format"],
        mapping=parse_mapping(given["mapping"], palette),
        how=PaintOptions(
            given["order"], snapping, match=given["match"], read=read, strict=given["strict"], empty=given["empty"]
        ),
        keep_going=keep_going,
        report=render.reporter(),
    )


def _without_model(palette_name: str | None, min_confidence: float | None) -> UsageError:
    if palette_name is None:
        what, to_do = "is missing: it says which classes there are", "Give cars, scenes, facades, or a TOML file."
        return UsageError("--palette", what, to_do, code="missing-option")
    what = "is how sure a model has to be, but the masks are built from labels"
    return UsageError(
        f"--min-confidence {min_confidence:g}", what, "Leave it out, or add --model.", code="needless-option"
    )


def _refuse_label_options() -> None:
    """Raise UsageError for the first option about labels beside --model, which needs none."""
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name)) is click.core.ParameterSource.COMMANDLINE
        if given and option.name in LabelOptions.__annotations__:
            what = "is about labels, but with --model the masks are found in photos"
            raise UsageError(option.opts[0], what, "Leave one of them out.", code="options-conflict")


def _say(summary: "MaskSummary") -> None:
    render.say(f"{summary.format}: {plural(summary.built, 'mask')} built in {summary.dest}, {summary.kept:,} kept.")
    none = summary.built + summary.kept - sum(summary.splits.values())
    render.say_given_splits(summary.splits, f"{plural(none, 'mask has', 'masks have')} none" if none > 0 else "")
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
    if summary.empty:
        one, several = "picture has no objects: its mask is", "pictures have no objects: their masks are"
        render.say(f"{plural(summary.empty, one, several)} background; --empty error refuses such pictures.")
    if summary.scaled:
        masks = plural(summary.scaled, "mask was", "masks were")
        render.say(f"{masks} scaled from the size of the labels to that of the photo, {summary.first_scaled}.")
    if summary.photos_without_labels:
        render.remark(f"{plural(summary.photos_without_labels, 'photo has', 'photos have')} no labels.")


# What regions have in common that were left out for one reason, of one and of several.
_FAULTS = {
    "bad-outline": ("has points that make no outline", "have points that make no outline"),
    "bad-number": ("has a coordinate that is not a number", "have coordinates that are not numbers"),
    "no-area": ("encloses no area", "enclose no area"),
    "no-outline": ("has no outline", "have no outline"),
    "no-pixel": ("covers no pixel", "cover no pixel"),
    "region-outside": ("lies outside of its picture", "lie outside of their pictures"),
    "bad-rle": ("has runs that do not fit its picture", "have runs that do not fit their pictures"),
    "mask-size": ("has a drawn mask of another size", "have drawn masks of another size"),
    "bad-base64": ("has a drawn mask that cannot be read", "have drawn masks that cannot be read"),
    "damaged-file": ("has a damaged picture of its mask", "have damaged pictures of their masks"),
    "missing-picture": ("has its mask in a file that is missing", "have their masks in files that are missing"),
    "unknown-shape": ("has an unknown shape", "have unknown shapes"),
    "dangling-reference": ("belongs to no picture of the labels", "belong to no picture of the labels"),
    "empty-segment": ("has no pixel", "have no pixels"),
    "damaged-json": ("is damaged", "are damaged"),
    "damaged-labels": ("is damaged", "are damaged"),
}


def _remark(summary: "MaskSummary") -> None:
    """Which classes have no pixels; and how many regions were left out, of which kinds, and the first of them."""
    if summary.unseen:
        render.remark(f"classes without pixels: {', '.join(summary.unseen)}")
    if not summary.faults:
        return
    kinds = []
    for code, count in summary.faulty.items():
        one, several = _FAULTS.get(code, (f"is faulty ({code})", f"are faulty ({code})"))
        kinds.append(f"{count} {one if count == 1 else several}")
    pictures = len({fault.picture for fault in summary.faults} - {""})
    regions = plural(len(summary.faults), "region") + (f" in {plural(pictures, 'picture')}" if pictures else "")
    first = summary.faults[0]
    render.remark(
        f"{regions} {'was' if len(summary.faults) == 1 else 'were'} left out: {', '.join(kinds)}; "
        f"the first: {first.where}{f' ({first.label})' if first.label else ''}: {first.what}. "
        f"{summary.dest}/left_out.jsonl lists them; --strict refuses such pictures."
    )


def _say_decisions(summary: "MaskSummary") -> None:
    """What each number or colour was taken for; of very many the common ones, for --json has all."""
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
