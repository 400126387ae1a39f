"""What a whole `p2p demo` costs in seconds and memory, and how well its model does.

Nothing here may change what the demo does, but by options of its own that are passed on, or keep what it wrote.

Usage: python benchmarks/demo.py [--runs N] [options of 'p2p demo', such as --images 4 --limit 20]
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SCORES = ("l1", "l1_mean", "ssim", "ssim_mean")


def demo(options: list[str]) -> measure.Cost:
    """One demo in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        return measure.run([*measure.P2P, "demo", str(Path(place) / "demo"), "--json", *options])


def main() -> None:
    """One run after the other; nothing is warmed up, as for a user."""
    parser = argparse.ArgumentParser(description="The cost of 'p2p demo'; other options are passed on to it.")
    parser.add_argument("--runs", type=int, default=1, metavar="N")
    arguments, options = parser.parse_known_args()
    costs = [demo(options) for _ in range(arguments.runs)]
    scores = [json.loads(cost.output) for cost in costs]
    print(measure.header(arguments.runs, "p2p-cli", "torch", "numpy"))
    print(" ".join(["p2p demo", *options]))
    print(f"time       {measure.spread([cost.seconds for cost in costs], 's', 0)}")
    print(f"peak       {measure.spread([cost.mib for cost in costs], 'MiB', 0)}")
    for name in SCORES:
        print(f"{name:11}{measure.spread([each[name] for each in scores], '', 4)}")


if __name__ == "__main__":
    main()
