"""`p2p evaluate`: its words, the call, and its scores in words.

Nothing here may compute a score.
"""

from pathlib import Path

import click

from p2p_cli import options


@click.command()
@click.argument("model", type=options.PLACE)
@click.argument("pairs", type=options.PLACE)
@click.option(
    "--split", type=click.Choice(("test", "val", "train")), default="test", show_default=True, help="Which pairs."
)
@click.option(
    "--out", "dest", type=options.PLACE, metavar="DIR", help="Write each picture's scores and pictures there."
)
@click.option("--segmenter", type=options.PLACE, metavar="MODEL", help="A photo-to-mask model that judges the photos.")
@click.option(
    "--variants", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="2 or more: their diversity."
)
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda", help="Where to compute.")
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
    settings: tuple[str, ...],
    as_json: bool,
) -> int:
    """Score a model on held-out pairs.

    Prints, for the pairs of one split of the pair folder PAIRS: l1 (mean absolute difference, 0 to 1, smaller is
    better) and ssim (structural similarity, larger is better), the same for the mean training picture, which any
    model should beat; for photos how much of the colour histograms is shared with the real ones; for generated masks
    how well they agree with the real ones, and for photos made from masks, with --segmenter, how well a second model
    finds the mask in them again, beside what it finds in the real photos.

    --out DIR gets scores.jsonl (a line each), summary.json, and every picture as input | generated | real.
    """
    from p2p_cli import render
    from p2p_gan.evaluation.scores import EvaluationRequest, evaluate, evaluate_into
    from p2p_gan.inference.apply import ApplyOptions
    from p2p_gan.machine.device import resolve_device

    asked = EvaluationRequest(split, ApplyOptions(**options.how(settings)), variants, segmenter)
    where, report = resolve_device(device), render.reporter()
    if dest is None:
        scores = evaluate(model, pairs, asked=asked, device=where, report=report)
    else:
        scores = evaluate_into(dest, model, pairs, asked=asked, device=where, report=report)
    if as_json:
        render.say(options.to_json(scores.to_json()))
        return 0
    render.say(f"{scores.pictures} pictures of {split}")
    render.scores(scores.metrics, scores.mean_picture, scores.color_error)
    if scores.histograms:
        shared = ", ".join(f"{name} {value:.3f}" for name, value in scores.histograms.items())
        render.say(f"colour histograms shared with the real pictures: {shared}")
    if scores.agreement:
        render.agreement("mask", scores.agreement)
    if scores.judged and scores.judged_real:
        render.agreement("judged by the segmenter", scores.judged, scores.judged_real)
    if scores.diversity:
        between = scores.diversity
        render.say(
            f"diversity of {between.variants} variants: l1 between them {between.pairwise_l1:.4f}, "
            f"standard deviation of a pixel {between.pixel_std:.4f}"
        )
    if dest:
        render.say(f"written to {dest}")
    return 0
