"""`p2p data build-masks --model`: the call, and its result as text.

Nothing here may apply a model or decide what is sure enough.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_gan.inference.photo_masks import PhotoMaskSummary

_MOST_SHOWN = 5  # masks; doubt.jsonl has them all


def build_from_photos(
    photos: Path,
    dest: Path,
    model: Path,
    min_confidence: float,
    palette_name: str | None,
    read: "ReadOptions",
    *,
    keep_going: bool,
    as_json: bool,
) -> int:
    """Build masks from photos by a model, and say what became of them; returns the exit code."""
    from p2p_gan.inference.photo_masks import segment_photos

    summary = segment_photos(
        photos,
        dest,
        model,
        min_confidence=min_confidence,
        palette=options.read_palette(palette_name),
        read=read,
        keep_going=keep_going,
        device="auto",
        report=render.reporter(),
    )
    if as_json:
        render.say_json(summary)
    else:
        _say(summary, photos, min_confidence)
    return render.say_skipped(summary.skipped, dest)


def _say(summary: "PhotoMaskSummary", photos: Path, min_confidence: float) -> None:
    from p2p_datatools.contract.palette import IGNORED

    built = plural(summary.built, "mask")
    render.say(f"{built} built in {summary.dest}, {summary.kept:,} kept; mean confidence {summary.confidence:.3f}.")
    total = sum(summary.areas.values()) or 1
    shown = [(name, f"{area / total:.2%}") for name, area in summary.areas.items() if area or name != IGNORED]
    render.table(("class", "share of pixels"), shown)
    if min_confidence:
        render.say(f"Pixels of a confidence below {min_confidence:g} are ignored: losses and scores leave them out.")
    least = list(summary.doubts.items())[:_MOST_SHOWN]
    rows = [(name, f"{each.confidence:.3f}", f"{each.lowest:.3f}", f"{each.ignored:.1%}") for name, each in least]
    render.table(("least sure", "confidence", "5% of it below", "ignored"), rows)
    render.remark(
        f"A model has made these masks: look at the first in {summary.dest}/doubt.jsonl, each beside its picture in "
        "confidence/, before you rely on them."
    )
    if photos.is_dir():
        render.hint(next_command("data", "pair", summary.dest, photos, "PAIRS"))
