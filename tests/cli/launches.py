"""Trains by `p2p train --device cpu*2` and by torchrun: undisturbed, killed, stopped, and with bad data.

Nothing here may need a GPU, but with `--device cuda` two. It takes a minute or two, for each launch loads torch three
times.

Usage: python tests/cli/launches.py [--device cpu|cuda]
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from p2p_datatools.contract.files.atomic import read_lines, sha256_file

if TYPE_CHECKING:
    from gan.conftest import make_pair_folder
else:  # run as a program, this folder alone is where Python looks
    sys.path.insert(0, str(Path(__file__).parents[1] / "gan"))
    from conftest import make_pair_folder

SETTINGS = (
    *(
        "generator_filters=4",
        "max_filters=8",
        "discriminator_filters=4",
        "dropout=0.5",
        "precision=float32",
        "threads=1",
    ),
    "deterministic=on",
    *("checkpoint_every=8", "log_every=4", "sample_every=100000", "validate_every=100000", "restarts=1"),
)


def command(pairs: Path, run: Path, images: int, device: str) -> list[str]:
    words = [sys.executable, "-m", "p2p_cli", "train", str(pairs), str(run), "--preset", "tiny", "--size", "32"]
    words += ["--images", str(images), "--batch", "4", "--device", device]
    return [*words, *(word for setting in SETTINGS for word in ("--set", setting))]


def start(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def checkpoints(run: Path) -> int:
    return len(list(run.glob("checkpoints/*.json")))


def wait_for(run: Path, process: subprocess.Popen[str]) -> None:
    """Until the run has a checkpoint."""
    while not checkpoints(run):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def workers(launcher: int) -> list[int]:
    """The processes that the launcher has started, that of rank 0 first."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(launcher)], capture_output=True, text=True).stdout
    return sorted(int(pid) for pid in found.split())


def model(run: Path) -> str:
    return sha256_file(run / "model.safetensors")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Every launch, and what must be true of it."""
    parser = argparse.ArgumentParser(description="Training in two processes.")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    kind = parser.parse_args().device
    two = f"{kind}*2"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = make_pair_folder(folder / "pairs", {"train": 9, "val": 2})
        whole = subprocess.run(command(pairs, folder / "whole", 200, two), capture_output=True, text=True)
        assert whole.returncode == 0, whole.stderr
        assert whole.stdout.count("200 images in") == 1
        say(f"{two}: trains, and one process speaks")

        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        words = command(pairs, folder / "torchrun", 200, kind)[1:]
        ended = subprocess.run([*torchrun, *words], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        assert model(folder / "torchrun") == model(folder / "whole")
        say("torchrun: the same, bit for bit")

        process = start(command(pairs, folder / "killed", 200, two))
        wait_for(folder / "killed", process)
        os.kill(workers(process.pid)[1], signal.SIGKILL)
        out, errors = process.communicate()
        assert process.returncode == 0, errors
        assert model(folder / "killed") == model(folder / "whole"), out
        assert any("resumed_at" in line for line in read_lines(folder / "killed" / "stats.jsonl"))
        say("a killed worker: all are restarted, resume, and end bit for bit alike")

        process = start(command(pairs, folder / "left", 100_000, two))
        wait_for(folder / "left", process)
        process.kill()
        began = time.monotonic()
        out, errors = process.communicate()  # until those who share its output have ended
        took = time.monotonic() - began
        assert re.search(r"Saved at image \d+ of 100000", out), (out, errors)
        assert not list(Path(tempfile.gettempdir()).glob("p2p-*/code"))
        say(f"a killed launcher: its processes save and end after {took:.1f} s, and leave nothing")

        for number, code in ((signal.SIGTERM, 0), (signal.SIGUSR1, 0), (signal.SIGINT, 130)):
            run = folder / number.name
            process = start(command(pairs, run, 100_000, two))
            wait_for(run, process)
            began = time.monotonic()
            process.send_signal(number)
            out, errors = process.communicate()
            assert process.returncode == code, (process.returncode, out, errors)
            assert re.search(r"Saved at image \d+ of 100000", out), out
            assert "Traceback" not in errors, errors
            say(f"{number.name}: saved, and exit code {code} after {time.monotonic() - began:.1f} s")

        broken = make_pair_folder(folder / "broken", {"train": 9, "val": 2})
        next((broken / "train").glob("*.png")).write_bytes(b"no picture")
        ended = subprocess.run(command(broken, folder / "never", 200, two), capture_output=True, text=True)
        lines = [line for line in ended.stderr.splitlines() if "rror" in line]
        assert ended.returncode == 1, ended.stderr
        assert len(lines) == 1, ended.stderr
        assert lines[0].startswith("Error: rank 0: "), ended.stderr
        say(f"bad data: one line and exit code 1: {lines[0]}")


if __name__ == "__main__":
    main()
