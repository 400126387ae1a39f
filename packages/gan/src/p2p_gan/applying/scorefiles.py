"""What `p2p evaluate --out` leaves: scores.jsonl, summary.json, and each picture as input | generated | real.

Nothing here may compute a score.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from p2p_datatools.contract.destination import Destination
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.files import read_json, write_json, write_lines
from p2p_datatools.contract.images import write_png
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.applying.evaluate import Asked, Scored, Scores, evaluate
from p2p_gan.applying.sample import side_by_side
from p2p_gan.models.model import ModelCard, load_model

SUMMARY, LINES = "summary.json", "scores.jsonl"


def evaluate_into(
    dest: Path,
    model_path: Path,
    pairs: Path,
    *,
    asked: Asked,
    device: torch.device | None = None,
    report: Reporter = QUIET,
) -> Scores:
    """Evaluate and write DEST; the same call again gives the same files. DEST of other scores is refused."""
    recipe = {
        "model": load_model(model_path).digest,
        "pairs": str(pairs),
        "split": asked.split,
        **asked.how.to_json(),
        "variants": asked.variants,
        "segmenter": load_model(asked.segmenter).digest if asked.segmenter else None,
    }
    lines: list[dict[str, Any]] = []
    with Destination(dest, marker=SUMMARY, recipe=recipe) as destination:
        if destination.exists and read_json(dest / SUMMARY)["of"] != recipe:
            raise UsageError(f"{dest}: holds scores of another model, split or setting. Choose another destination.")

        def keep(scored: Scored, card: ModelCard) -> None:
            file = f"{scored.name}.png"
            picture = side_by_side(card, scored.given, scored.fake, scored.real)
            write_png(destination.path(file), picture, durable=False)
            destination.record(file, {})
            lines.append({**scored.line, "picture": file})

        scores = evaluate(model_path, pairs, asked=asked, device=device, report=report, each=keep)

        def write_record(folder: Path) -> None:
            write_lines(folder / LINES, lines)
            write_json(folder / SUMMARY, {"of": recipe, "scores": asdict(scores)})

        destination.commit(write_record)
    return scores
