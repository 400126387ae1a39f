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
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda", help="Where to compute.")
@options.json_option
def command(model: Path, pairs: Path, split: str, device: str, as_json: bool) -> int:
    """Score a model on held-out pairs.

    Prints, for the pairs of one split of the pair folder PAIRS: l1 (mean absolute difference, 0 to 1, smaller is
    better) and ssim (structural similarity, larger is better), the same for the mean training picture, which any
    model should beat, and for masks how far each class's mean colour lies from the real one's.
    """
    from p2p_cli import render
    from p2p_gan.device import resolve_device
    from p2p_gan.evaluate import evaluate

    scores = evaluate(model, pairs, split=split, device=resolve_device(device), report=render.reporter())
    if as_json:
        render.say(options.to_json(scores))
    else:
        render.say(f"{scores.pictures} pictures of {split}")
        render.scores(scores.l1, scores.ssim, scores.l1_mean, scores.ssim_mean, scores.color_error)
    return 0
