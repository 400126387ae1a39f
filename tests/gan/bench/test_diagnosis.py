"""What is wrong with a machine is said, and what is well is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from p2p_gan.bench.diagnosis import TESTED_TORCH, Circumstances, Layouts, list_problems
from p2p_gan.bench.rates import Measurement
from p2p_gan.machine.load import Load

WELL = Circumstances(
    load=Load(8, 0.1),
    variables={},
    threads_variable=None,
    threads=8,
    cores=8,
    core_limit=None,
    torch="2.13.0+cpu",
    onednn=True,
    plain_adam=False,
    keeps=True,
)
FAST, SLOW = Measurement(1.0, 0.9, 1.1, 3), Measurement(1.2, 1.1, 1.3, 3)


@pytest.mark.parametrize(
    "fine",
    [
        WELL,
        replace(WELL, load=Load(8, None)),  # a system that does not say
        replace(WELL, torch="2.14.0.dev20260101"),
        replace(WELL, torch="a build of our own"),
        replace(WELL, core_limit=8.0, threads=4),
    ],
)
def test_nothing_is_said_of_what_is_well(fine: Circumstances) -> None:
    assert list(list_problems(fine)) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"load": Load(8, 3.2)}, "other programs use 3.2 of 8 cores"),
        ({"load": Load(0.5, 0.0), "cores": 1, "threads": 1, "core_limit": 0.5}, "0.5 of a core"),
        ({"threads": 64, "threads_variable": "OMP_NUM_THREADS"}, "OMP_NUM_THREADS sets 64 threads for 8 cores"),
        ({"threads": 2, "threads_variable": "MKL_NUM_THREADS"}, "MKL_NUM_THREADS sets the number of threads"),
        ({"variables": {"OMP_WAIT_POLICY": "ACTIVE"}}, "OMP_WAIT_POLICY=ACTIVE"),
        ({"variables": {"OMP_WAIT_POLICY": "passive"}}, "OMP_WAIT_POLICY=passive lets threads sleep"),
        ({"variables": {"OMP_PROC_BIND": "true", "OMP_NUM_THREADS": "2"}}, ": OMP_PROC_BIND=true."),
        ({"torch": "2.6.0"}, "torch 2.6.0 is older than 2.13"),
        ({"onednn": False}, "no oneDNN"),
        ({"plain_adam": True}, "no fused one"),
        ({"keeps": False}, "XDG_CACHE_HOME"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_each_thing_that_is_wrong_is_one_sentence(wrong: dict[str, object], words: str) -> None:
    (sentence,) = list_problems(replace(WELL, **wrong))  # type: ignore[arg-type]
    assert words in sentence


@pytest.mark.parametrize(
    ("layouts", "expected"),
    [
        (Layouts("channels_last", SLOW, FAST), ["contiguous makes updates 1.20 times as fast"]),
        (Layouts("contiguous", FAST, SLOW), ["channels_last makes updates 1.20 times as fast"]),
        (Layouts("contiguous", SLOW, FAST), []),
        (Layouts("channels_last", FAST, FAST), []),
    ],
)
def test_a_memory_layout_that_is_not_the_fastest_is_named(layouts: Layouts, expected: list[str]) -> None:
    found = list(list_problems(WELL, layouts))
    assert len(found) == len(expected)
    assert all(words in sentence for words, sentence in zip(expected, found, strict=True))


def test_the_torch_that_is_called_tested_is_that_of_the_constraints() -> None:
    lines = (Path(__file__).parents[3] / "constraints.txt").read_text("utf-8").splitlines()
    (version,) = (line.removeprefix("torch==") for line in lines if line.startswith("torch=="))
    assert tuple(map(int, version.split(".")[:2])) == TESTED_TORCH
