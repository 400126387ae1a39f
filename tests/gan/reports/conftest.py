"""A run folder and its scores, written by hand as training and scoring write them: no test here trains."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.pictures.images import write_png
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.data.task import open_for_training
from p2p_gan.runs.runfolder import describe_splits

LINES: list[dict[str, Any]] = [
    {"images": 50, "d_real": 0.5, "d_fake": 0.6, "g_l1": 0.2, "learning_rate": 2e-4, "seconds": 10.0},
    {"images": 50, "validation": {"pictures": 2, "l1": 0.1, "ssim": 0.6, "best": True}},
    {"resumed_at": 50},
    {
        "images": 100,
        "d_real": 0.4,
        "d_fake": 0.6,
        "g_l1": 0.1,
        "learning_rate": 1e-4,
        "seconds": 20.0,
        "guards": ["busy"],
    },
    {"images": 100, "validation": {"pictures": 2, "l1": 0.2, "ssim": 0.5, "best": False}},
]
TINY = with_settings(PRESETS["tiny"], {"size": "32x32", "images": 100})


@pytest.fixture
def make_run(tmp_path: Path, pair_folder: Path) -> Callable[..., Path]:
    """make_run(name="run", config=TINY, lines=LINES, samples=3, **changes of run.json): a run folder with a model."""

    def make(
        name: str = "run",
        config: Config = TINY,
        lines: list[dict[str, Any]] = LINES,
        samples: int = 3,
        **changes: Any,
    ) -> Path:
        run = tmp_path / name
        (run / "samples").mkdir(parents=True)
        folder = open_for_training(pair_folder)
        record = {
            "format": "p2p-run",
            "version": 1,
            "p2p": "0.1.0",
            "config": config.to_json(),
            "pairs": str(pair_folder),
            "direction": "mask-to-photo",
            "data_hash": folder.data_hash,
            "splits": describe_splits(folder),
            "assumed": [],
            "machine": {
                "device": "a GPU",
                "cores": 8,
                "p2p": "0.1.0",
                "python": "3.11",
                "torch": "2.13",
                "system": "Linux",
            },
            "processes": 1,
        }
        (run / "run.json").write_text(json.dumps(record | changes))
        (run / "stats.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        (run / "model.safetensors").write_bytes(name.encode())
        for number in range(samples):
            write_png(run / "samples" / f"{number * 50:010d}.png", np.full((64, 96, 3), number * 7, np.uint8))
        return run

    return make


@pytest.fixture
def make_scores() -> Callable[..., Path]:
    """make_scores(run, count=5, name="scores", **changes of the scores): the scores of the run's model, in the run."""

    def make(run: Path, count: int = 5, name: str = "scores", **changes: Any) -> Path:
        dest = run / name
        dest.mkdir()
        lines = []
        for number in range(count):
            picture = f"car-{number}.png"
            write_png(dest / picture, np.full((32, 96, 3), number * 9, np.uint8))
            line = {"l1": (number + 1) / 100, "ssim": 0.9 - number / 100, "l1_mean": 0.035, "ssim_mean": 0.5}
            lines.append({"name": f"car-{number}", **line, "picture": picture})
        scores = {
            "pictures": count,
            **{key: float(np.mean([line[key] for line in lines])) for key in ("l1", "ssim", "l1_mean", "ssim_mean")},
            "color_error": {"body": 0.02, "front.left": 0.03},
            "histograms": {"L": 0.8, "a": 0.9, "b": 0.7},
            "agreement": None,
            "sharpness": {"model": 0.1, "real": 0.2, "mean_picture": 0.01},
            "skipped": [],
            "numbers": {
                **dict.fromkeys(("l1", "l1_mean", "ssim", "ssim_mean", "sharpness.model", "sharpness.real"), count),
                **{"color_error.body": count, "color_error.front.left": 2, "histograms.L": count},
            },
            "intervals": {"l1": [0.02, 0.04], "color_error.front.left": [0.01, 0.05]},
            "cautions": [{"code": "few-pictures", "text": f"{count} pictures are few."}],
        }
        of = {
            "model": sha256_file(run / "model.safetensors"),
            "pairs": "pairs",
            "split": "test",
            "variants": 1,
            "metrics": ["l1", "ssim"],
        }
        (dest / "summary.json").write_text(json.dumps({"of": of, "scores": scores | changes}))
        (dest / "scores.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return dest

    return make
