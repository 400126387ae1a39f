"""`p2p evaluate`: its options, the call, and its scores as text.

Nothing here may compute a score.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_gan.evaluation.scores import Scores


@click.command()
@click.argument("model", type=options.PLACE)
@click.argument("pairs", type=options.PLACE)
@click.option(
    "--split",
    type=click.Choice(("test", "val", "train")),
    default="test",
    show_default=True,
    help="Which pairs to score.",
)
@click.option(
    "--out", "dest", type=options.PLACE, metavar="DIR", help="Write the scores and pictures of each pair there."
)
@click.option(
    "--segmenter", type=options.PLACE, metavar="MODEL", help="A photo-to-mask model that segments the photos."
)
@click.option(
    "--variants",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Outputs for each input; 2 or more: their diversity.",
)
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|mps", help="Where to compute.")
@options.keep_going_option
@options.how_option
@options.json_option
def command(
    model: Path,
    pairs: Path,
    split: str,
    dest: Path | None,
    segmenter: Path | None,
    variants: int,
    device: str,
    keep_going: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> int:
    """Score a model on held-out pairs.

    Prints, for the pairs of one split of the pair folder PAIRS, l1 (mean absolute difference, 0 to 1, smaller is
    better) and ssim (structural similarity, larger is better), and the same two for the mean training picture, which
    any model should beat. For generated photos it adds the overlap of their colour histograms with those of the real
    photos, for generated masks their agreement with the real masks. With --segmenter, a second model segments the
    photos that were generated from masks, and the real photos, and both results are compared with the masks.

    --out DIR receives scores.jsonl (one line per pair), summary.json, and every picture as input | generated | real.
    The same command again continues what was interrupted, or adds new pairs. A pair that cannot be read is an error;
    with --keep-going the means are over the others.
    """
    from p2p_cli import render
    from p2p_gan.evaluation.scores import EvaluationRequest, evaluate
    from p2p_gan.evaluation.work import evaluate_into
    from p2p_gan.inference.apply import ApplyOptions
    from p2p_gan.machine.device import resolve_device

    asked = EvaluationRequest(split, ApplyOptions(**options.how(settings)), variants, segmenter)
    where, report = resolve_device(device), render.reporter()
    if dest is None:
        scores = evaluate(model, pairs, asked=asked, keep_going=keep_going, device=where, report=report)
    else:
        scores = evaluate_into(dest, model, pairs, asked=asked, keep_going=keep_going, device=where, report=report)
    if as_json:
        render.say(options.to_json(scores.to_json()))
    else:
        _say(scores, split)
        if dest:
            render.say(f"written to {dest}")
    render.skips(scores.skipped, dest)
    return 1 if scores.skipped else 0


def _say(scores: "Scores", split: str) -> None:
    from p2p_cli import render
    from p2p_cli.scores_text import say_scores

    render.say(f"{plural(scores.pictures, 'picture')} of {split}")
    say_scores(scores)
