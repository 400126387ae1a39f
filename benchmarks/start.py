"""How long `p2p --help` takes beside a Python that does nothing and one that only imports click.

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
}


def main() -> None:
    """Measure in turn, so that a busy moment falls on all three."""
    parser = argparse.ArgumentParser(description="The wall time of 'p2p --help'.")
    parser.add_argument("--runs", type=int, default=10, metavar="N")
    runs = parser.parse_args().runs
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for command in COMMANDS.values():
        measure.run(command)  # not counted: the first reads the files from the disk
    for _ in range(runs):
        for name, command in COMMANDS.items():
            seconds[name].append(measure.run(command).seconds)
    print(measure.header(runs, "p2p-cli", "click"))
    bare = statistics.median(seconds["python -c pass"])
    for name, values in seconds.items():
        print(f"{name:26}{measure.spread(values, 's', 3)}, {statistics.median(values) / bare:.1f} times the bare start")


if __name__ == "__main__":
    main()
