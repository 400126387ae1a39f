"""What `p2p --help` costs beside a Python that does nothing and one that only imports click.

Nothing here may measure a command that works.

Usage: python benchmarks/start.py [--runs N]
"""

import argparse
import statistics
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "python -c 'import click'": (sys.executable, "-c", "import click"),
    "p2p --help": (str(Path(sysconfig.get_path("scripts")) / "p2p"), "--help"),
    "p2p data --help": (str(Path(sysconfig.get_path("scripts")) / "p2p"), "data", "--help"),
}


def main() -> None:
    """Measure in turn, so that a busy moment falls on all of them; other programs change processor time little."""
    parser = argparse.ArgumentParser(description="The processor time and the wall time of 'p2p --help'.")
    parser.add_argument("--runs", type=int, default=10, metavar="N")
    runs = parser.parse_args().runs
    costs: dict[str, list[measure.Cost]] = {name: [] for name in COMMANDS}
    for command in COMMANDS.values():
        measure.run(command)  # not counted: the first reads the files from the disk
    for _ in range(runs):
        for name, command in COMMANDS.items():
            costs[name].append(measure.run(command))
    print(measure.header(runs, "p2p-cli", "click"))
    bare = statistics.median(cost.cpu for cost in costs["python -c pass"])
    for name, each in costs.items():
        worked, passed = [cost.cpu for cost in each], [cost.seconds for cost in each]
        times = statistics.median(worked) / bare
        print(
            f"{name:26}{measure.spread(worked, 's', 3)} of processor time, {times:.1f} times the bare start; "
            f"{measure.spread(passed, 's', 3)} on the clock"
        )


if __name__ == "__main__":
    main()
