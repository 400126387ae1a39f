"""Kills every command that writes at random moments, fills its disk at every write, and runs the same command again.

The disk is filled twice: in a simulation at every write that Python makes, and a small real one at growing sizes, which
is then made read-only, and left without room for files or for long ones.

Nothing here may ask a process to be careful: a kill is SIGKILL or, one time in four, Ctrl-C, which has to end it with
its own exit code. What the command writes in the end has to be what an undisturbed one writes, with no temporary file,
lock or unfinished work beside it.

Usage: python tests/faults/kills.py [--kills N] [--seed S] [--only NAME]
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a program, this folder is where Python looks
from faults.full_disk import fill_at
from faults.real_disk import NoDiskError, disturb, with_real_disk
from faults.writers import AGAIN, SLOW, WRITERS, Writer, files_of, leftovers, make_inputs

_INTERRUPTED, _TRACEBACK, _OUTSIDE = 130, 97, 98  # exit codes: of Ctrl-C; of ours, for a word too many, and too late
_MOST_STARTS = 10  # without a kill in one of them, the moments are too late


def start(writer: Writer, place: Path, given: Path) -> int:
    """The id of a process that runs the command: forked, since its libraries take seconds to load."""
    child = os.fork()
    if child == 0:
        try:
            code, said = writer.run(place, given)
            if code not in (0, _INTERRUPTED):
                sys.stderr.write(said)
            sys.stderr.flush()
            os._exit(_TRACEBACK if "Traceback" in said else code)
        except KeyboardInterrupt:  # it came before the command began or after it had ended
            os._exit(_OUTSIDE)
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            sys.stderr.flush()
            os._exit(99)
    return child


def end(child: int) -> int:
    """The exit code of a process, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_to_the_end(name: str, writer: Writer, place: Path, given: Path) -> dict[str, bytes]:
    """What an undisturbed command leaves; ends this program if it leaves more than that."""
    if end(start(writer, place, given)) != 0:
        sys.exit(f"{name}: did not do its work in {place}")
    if left := leftovers(place):
        sys.exit(f"{name}: left {', '.join(left)} behind")
    return files_of(place)


def kill(name: str, writer: Writer, given: Path, top: Path, kills: int, draw: random.Random) -> int:
    """Kill a command so often, each time once or several times in a row; returns how many kills met it at work."""
    writer.prepare(top / "whole", given)
    began = time.monotonic()
    whole = run_to_the_end(name, writer, top / "whole", given)
    seconds = time.monotonic() - began
    met = 0
    while met < kills:
        place = top / "killed"
        writer.prepare(place, given)
        for _ in range(_MOST_STARTS):
            child = start(writer, place, given)
            time.sleep(draw.uniform(0, seconds))
            os.kill(child, signal.SIGKILL if draw.random() < 0.75 else signal.SIGINT)
            code = end(child)
            if code not in (0, _OUTSIDE, _INTERRUPTED, -signal.SIGKILL):
                sys.exit(f"{name}: ended with {code}")
            killed = code in (_INTERRUPTED, -signal.SIGKILL)
            met += killed
            if not killed or draw.random() < 0.5:
                break
        if differing := writer.differing(run_to_the_end(name, writer, place, given), whole):
            sys.exit(f"{name}: not the same as without kills: {', '.join(differing)}")
        shutil.rmtree(place)
    return met


def fill_really(name: str, writer: Writer, given: Path, place: Path, rooms: int) -> str:
    """Disturb a command on a real disk; returns in words how often it was refused, or why there is no such disk."""
    try:
        refused = with_real_disk(place, lambda disk: disturb(writer, given, disk, rooms))
    except NoDiskError as error:
        return f"no real disk ({error})"
    except AssertionError as error:
        sys.exit(f"{name}: {error}")
    return "on a real disk refused " + ", ".join(f"{count} {kind}" for kind, count in refused.items())


def main() -> None:
    """Disturb one command after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=3, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--only", default="", metavar="NAME")
    parser.add_argument("--rooms", type=int, default=24, metavar="N", help="Sizes of the real disk.")
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    cv2.setNumThreads(1)  # a forked process would wait for its threads without end
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given"
        make_inputs(given, model=True)
        for number, (name, writer) in enumerate({**WRITERS, **AGAIN, **SLOW}.items()):
            if arguments.only not in name:
                continue
            top = Path(folder) / str(number)
            kills = arguments.kills if name not in SLOW else -(-arguments.kills // 5)
            met = kill(name, writer, given, top / "kills", kills, draw)
            refused = fill_at(writer, given, top / "disk", range) if name not in SLOW else 0
            really = fill_really(name, writer, given, top / "real", arguments.rooms)
            sys.stdout.write(f"{name}: {met} kills, {refused} full disks, {really}, the same in the end\n")
            sys.stdout.flush()
            shutil.rmtree(top)


if __name__ == "__main__":
    main()
