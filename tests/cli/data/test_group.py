"""Commands on data stay light: none loads the libraries of training, however its work is done."""

import json
import subprocess
import sys
from pathlib import Path

from p2p_cli.data.group import command

_WORK = [
    "catalog",
    "fetch synth-cars cars --limit 6",
    "palette cars mine.toml",
    "build-masks cars/labels masks --palette cars --photos cars/photos",
    "check masks --photos cars/photos",
    "check masks --against masks",
    "repair masks repaired",
    "export masks coco --format coco --photos cars/photos",
    "pair masks cars/photos part --shard 1/2",
    "pair masks cars/photos part --shard 2/2",
    "merge part.1-of-2 part.2-of-2 pairs",
    "check pairs",
    "show pairs pairs.png",
    "halves pairs apart",
    "derive cars/photos edges --op edges",
    "split pairs --val 0.2 --test 0.2",
    "stats pairs",
]
# They end with a preset that fits the machine, for which they read the presets, and nothing that computes.
_KNOWS_PRESETS = {"split pairs --val 0.2 --test 0.2": ["p2p_gan"], "stats pairs": ["p2p_gan"]}
# What they are for: training, statistics of whole pictures, plots, other runtimes, an account.
_HEAVY = ["torch", "scipy", "skimage", "matplotlib", "onnxruntime", "safetensors", "p2p_gan", "kaggle"]


def test_no_data_command_loads_what_only_training_needs(tmp_path: Path) -> None:
    program = f"""
import contextlib, io, json, sys
from p2p_cli.app import main
found = {{}}
for line in {_WORK!r}:
    with contextlib.redirect_stdout(io.StringIO()):
        code = main(["data", *line.split()])
    found[line] = [code, [name for name in {_HEAVY!r} if name in sys.modules]]
print(json.dumps(found))
"""
    said = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert json.loads(said.stdout) == {line: [0, _KNOWS_PRESETS.get(line, [])] for line in _WORK}
    assert {line.split()[0] for line in _WORK} == set(command.table)
