"""Lets atheris choose the bytes that steer the mutations of one target, by which of our lines and branches are reached.

    python -m fuzz.guided --only coco ...     (`fuzz.run` starts it, where atheris is installed)

Nothing here may judge an input or know a target; that is done as for inputs by number.
"""

import os
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

_LONGEST = 160  # bytes that steer an input: more than nearly all mutations take
_OURS = ["p2p_datatools", "p2p_gan"]


def main() -> int:
    """One slice of one target, as `fuzz.run --work` does it; prints how its inputs ended."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what libFuzzer and libraries say
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=_OURS):
        from fuzz import run  # not above, for whatever is imported before stays without instruments

        arguments = run.read_work_options()
        (name,) = arguments.only
        target = run.find_targets(name)[name]
        _read_seeds(run, target)
    run.limit_memory()
    corpus = arguments.keep / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    known = {each.name for each in corpus.iterdir()}  # libFuzzer calls them by their SHA-1, and reads them once more
    tally, end = run.Tally(), time.monotonic() + arguments.seconds
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:

        def try_bytes(data: bytes) -> None:
            if time.monotonic() > end or tally.inputs >= arguments.inputs:
                run.print_tally(tally)
                _leave(place)
            is_new = _name(data) not in known
            run.run_input(
                target,
                data,
                tally if is_new else run.Tally(),
                seed=arguments.seed,
                place=Path(place),
                keep=arguments.keep,
            )

        options = {
            "max_len": _LONGEST,
            "len_control": 0,
            "seed": 1 + (arguments.seed + arguments.first) % (1 << 31),
            "timeout": 0,  # the limits of time and memory are those of fuzz.run
            "handle_alrm": 0,
            "rss_limit_mb": 0,
            "detect_leaks": 0,
            "artifact_prefix": f"{place}/",
        }
        atheris.Setup([sys.argv[0], *(f"-{key}={value}" for key, value in options.items()), str(corpus)], try_bytes)
        atheris.Fuzz()  # does not return
    return 1


def _read_seeds(run: Any, target: Any) -> None:
    """Read what mutations begin with, so that everything that is imported late is imported with instruments."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        for count, tree in enumerate(target.seeds):
            run.try_input(target, tree, Path(place) / f"{count}" / "in")


def _name(data: bytes) -> str:
    import hashlib

    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _leave(place: str) -> None:
    """End this process at once: libFuzzer would not hand back."""
    import shutil

    shutil.rmtree(place, ignore_errors=True)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
