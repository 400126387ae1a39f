"""The tables of benchmarks/quality: what is better or worse beyond its interval stands out."""

import numpy as np

from benchmarks.quality.comparison import Arm
from benchmarks.quality.tables import write_table


def arm_of(seeds: int, **scores: float) -> Arm:
    """An arm with these scores, whose draws scatter by a percent, alike for all arms."""
    scatter = np.random.default_rng(0).normal(1, 0.01, 1000)
    values = {seed: dict(scores) for seed in range(seeds)}
    draws = {seed: {name: value * scatter for name, value in scores.items()} for seed in range(seeds)}
    return Arm(values, draws)


def test_a_row_says_which_differences_are_better_and_which_are_worse() -> None:
    first = arm_of(3, l1=0.1, ssim=0.4, kid=0.2)
    other = arm_of(2, l1=0.09, ssim=0.36, kid=0.2)
    lines = write_table({"paper": first, "other": other}, {"paper": "3 | 1500 | 20.0", "other": "2 | 1500 | 30.0"})
    assert lines[0] == "| arm | n | images | ms | L1 | SSIM | KID |"
    assert len({line.count("|") for line in lines}) == 1
    assert lines[-1].startswith("| other, % | 2 |")
    l1, ssim, kid = lines[-1].split(" | ")[-3:]
    assert l1.startswith("**-10.0")
    assert ssim.startswith("-10.0")
    assert ssim.endswith("worse")
    assert "worse" not in kid
    assert "**" not in kid
