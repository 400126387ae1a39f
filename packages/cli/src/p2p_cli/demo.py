"""`p2p demo`: the calls of the other commands one after another on built-in data, and the results as text.

Nothing here may do a step in another way than the command for it.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import is_temporary
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import p2p_command, path_word, plural

if TYPE_CHECKING:
    from p2p_datatools.contract.progress import Reporter
    from p2p_gan.config.config import Config
    from p2p_gan.evaluation.scores import Scores

_CARS = 240
_SIZE = Size(160, 96)
_SHOWN = 8  # held-out cars on the contact sheet
# The demo ends within three minutes on two cores: a slower machine sees fewer images.
_MOST_IMAGES, _FEWEST_IMAGES = 1_800, 600
_TRAINING_SECONDS = 120.0
# What `best` adds to `tiny` as far as two minutes allow. The features cost as much as the rest of an update, and are
# worth half of the images (benchmarks/quality); without their package the run goes without, and says so.
_ADDED = {"a_encoding": "auto", "upsampling": "resize", "lambda_perceptual": 10.0}
_MARKER = "demo.json"
_HEADINGS = ("mask", "generated", "real")


@click.command()
@click.argument("dest", type=options.PLACE, default=Path("p2p-demo"), required=False)
@click.option(
    "--images",
    type=options.WholeNumber(1),
    metavar="N",
    help="Images to train on; by default as many as take about two minutes.",
)
@click.option(
    "--limit", type=options.WholeNumber(20), default=_CARS, show_default=True, metavar="N", help="Cars to draw."
)
@options.json_option
def command(dest: Path, images: int | None, limit: int, as_json: bool) -> int:
    """Run the whole pipeline on built-in data: no GPU, no account, minutes.

    Draws cars with exact labels, builds masks, checks them, joins and splits pairs, trains a small U-Net and PatchGAN,
    paints the held-out cars from their masks alone, scores them, and writes a contact sheet (mask, generated, real).
    DEST is p2p-demo by default. Run the same command again to continue, or to see the results again.

    \b
    Examples:
      p2p demo
      p2p demo cars --images 600
    """
    began = time.monotonic()
    _refuse_strangers(dest)
    report = render.reporter()
    scores = run(dest, images=images, limit=limit, report=report)
    if as_json:
        render.say_json({**scores.to_json(), "dest": str(dest)})
    else:
        say_result(dest, scores, time.monotonic() - began)
    return 0


def _refuse_strangers(dest: Path) -> None:
    if not dest.exists() or (dest / _MARKER).is_file():
        return
    if not dest.is_dir() or not all(map(is_temporary, dest.iterdir())):  # a kill may have come before the marker
        raise UsageError(dest, "holds something else", "Choose another place: p2p demo DEST.", code="destination-taken")


def run(dest: Path, *, images: int | None, limit: int, report: "Reporter") -> "Scores":
    """The pipeline, each step the library call behind the command that is named beside it."""
    from p2p_datatools.contract.files.atomic import read_bytes, write_bytes, write_json
    from p2p_gan.evaluation.scores import evaluate
    from p2p_gan.inference.sampling import sample
    from p2p_gan.models.location import MODEL_FILE
    from p2p_gan.training.run import train

    images, limit = _resume_or_settle(dest, images, limit)
    pairs, run_folder = dest / "pairs", dest / "run"
    _draw_pairs(dest, pairs, limit, report)
    images = images or _affordable(pairs)
    write_json(dest / _MARKER, {"images": images, "limit": limit})
    # p2p train pairs run --preset tiny --size 160x96 --set a_encoding=auto ...
    summary = train(pairs, run_folder, _config_of(run_folder, images), report=report)
    if summary.interrupted:
        raise KeyboardInterrupt
    write_bytes(dest / MODEL_FILE, read_bytes(run_folder / MODEL_FILE))
    sample(run_folder, [pairs], dest / "samples", report=report)  # p2p sample run pairs --out samples
    scores = evaluate(run_folder, pairs, report=report)  # p2p evaluate run pairs
    write_json(dest / "scores.json", scores.to_json())
    _write_sheet(pairs, dest / "samples", dest / "sheet.png")
    return scores


def _draw_pairs(dest: Path, pairs: Path, limit: int, report: "Reporter") -> None:
    """Cars with exact labels become masks, which are checked, and split pairs."""
    from p2p_datatools.checks.folder import check
    from p2p_datatools.contract.palette import load_palette
    from p2p_datatools.masks.build import build_masks
    from p2p_datatools.pairs.build import pair
    from p2p_datatools.sources.data_set import fetch
    from p2p_datatools.splits.apply import split

    cars, masks = dest / "cars", dest / "masks"
    fetch("synth-cars", cars, limit=limit, report=report)  # p2p data fetch synth-cars cars
    build_masks(  # p2p data build-masks cars/labels masks --palette cars --photos cars/photos
        cars / "labels", masks, palette=load_palette("cars"), photos=cars / "photos", report=report
    )
    if not check(masks, photos=cars / "photos", report=report).ok:  # p2p data check masks --photos cars/photos
        what = "the check found errors"
        raise P2PError(masks, what, f"See them with {p2p_command('data check', masks)}.", code="check-failed")
    pair(masks, cars / "photos", pairs, report=report)  # p2p data pair masks cars/photos pairs
    # Each car is drawn on its own, and all are of few kinds: there is nothing that groups could keep apart.
    split(pairs, group_by="none", report=report)  # p2p data split pairs --group-by none


def _resume_or_settle(dest: Path, images: int | None, limit: int) -> tuple[int | None, int]:
    """The images and cars that this demo was begun with; what is asked for counts for a new one."""
    from p2p_datatools.contract.files.atomic import read_json, write_json

    if (dest / _MARKER).is_file():
        begun = read_json(dest / _MARKER)
        if not isinstance(begun, dict) or not isinstance(begun.get("limit"), int):
            what = "is not the record of a demo"
            raise P2PError(dest / _MARKER, what, "Choose another place: p2p demo DEST.", code="damaged-file")
        known = begun.get("images")
        return images or (known if isinstance(known, int) else None), begun["limit"]
    write_json(dest / _MARKER, {"images": images, "limit": limit})
    return images, limit


def _config_of(run_folder: Path, images: int) -> "Config":
    """The config of the run that exists, which an earlier version may have begun, or else of a new one."""
    from dataclasses import replace

    from p2p_gan.runs.runfolder import RUN, RunFolder

    if (run_folder / RUN).is_file():
        return replace(RunFolder(run_folder).config(), images=images)
    return _config(images)


def _config(images: int) -> "Config":
    from p2p_gan.config.parse import with_settings
    from p2p_gan.config.presets import PRESETS

    return with_settings(PRESETS["tiny"], {**_ADDED, "size": _SIZE, "images": images, "ema_half_life": images / 8})


def _affordable(pairs: Path) -> int:
    """How many images this machine trains on in two minutes, within limits, by a few timed updates."""
    from p2p_gan.training.planning import plan

    images = int(_TRAINING_SECONDS / (plan(pairs, _config(_MOST_IMAGES)).seconds_per_image or 1.0))
    return min(_MOST_IMAGES, max(_FEWEST_IMAGES, images // 100 * 100))


def _write_sheet(pairs: Path, samples: Path, picture: Path) -> None:
    """Held-out cars as three columns: the mask, what the model made of it, and the drawing it never saw."""
    from p2p_datatools.contract.pairs.halves import read_pair
    from p2p_datatools.contract.pairs.manifest import read_manifest
    from p2p_datatools.contract.pictures.images import read_photo, write_png
    from p2p_datatools.sheets.layout import Tile, lay_out

    held_out = read_manifest(pairs).of("test")
    chosen = held_out[:: max(1, len(held_out) // _SHOWN)][:_SHOWN]
    tiles = []
    for each in chosen:
        mask, real = read_pair(pairs / each.file)
        tiles.append(Tile((mask, read_photo(samples / f"{each.name}.png"), real), each.name, (True, False, False)))
    cell = Size(_SIZE.width * 3 // 2, _SIZE.height * 3 // 2)
    write_png(picture, lay_out(tiles, columns=2, cell=cell, headings=_HEADINGS), role="contact sheet")


def say_result(dest: Path, scores: "Scores", seconds: float) -> None:
    """What was done, where the results are, and what to run next."""
    from p2p_cli.text.scores import say_scores

    place = path_word(dest)
    render.say(f"{plural(scores.pictures, 'held-out car')}, painted by the model from masks alone, in {dest}/samples")
    say_scores(scores)
    render.say(f"({seconds:.0f} s in total)")
    render.say()
    render.say(f"look at   {dest}/sheet.png   mask, generated, real")
    render.say(f"          {dest}/scores.json, {dest}/run/samples, {dest}/model.safetensors")
    render.say(f"paint     p2p paint {place}/run   draw a car on a page, and watch it appear")
    render.say(f"page      p2p report {place}/run --evaluate")
    render.say(f"longer    p2p train {place}/pairs {place}/run --images 20000")
    render.say("your own  p2p data build-masks --help")
