"""`p2p bench`: one screen of eighty columns, or JSON."""

import json
from dataclasses import fields

import pytest

from p2p_cli.app import main
from p2p_cli.bench import bench_lines
from p2p_gan.bench import measurements
from p2p_gan.bench.measurements import BenchResult, PresetTime, UpdateSpeed
from p2p_gan.bench.rates import Measurement, Rates
from p2p_gan.config.presets import TABLE
from p2p_gan.machine.load import Load

DAY = 86_400.0
PAPER = UpdateSpeed(
    "paper",
    "256x256",
    1,
    "bfloat16",
    16,
    Measurement(12.345, 10.0, 123.4, 20),
    Measurement(0.0321, 0.03, 0.04, 20),
    86.94,
    1.6,
    1.1,
)
RESULT = BenchResult(
    machine={"device": "AMD EPYC", "torch": "2.13.0+cpu", "p2p": "0.1.0", "system": "Linux x86_64", "cores": 16},
    capability="AVX512",
    load=Load(16, 0.2),
    variables={},
    rates=Rates(*[Measurement(1234.5, 0.5, 99_999.0, 1000)] * len(fields(Rates))),
    updates=(PAPER,),
    presets=(
        PresetTime("paper-maps", "maps", 219_200, 3 * DAY, measured=True),
        PresetTime("satellite", "5,000 photos", 9_999_999, 25 * DAY, measured=False),
        PresetTime("tiny", "1,000 pairs", 2_800, None, measured=False),
    ),
    problems=("The machine is busy: " + "many words " * 20,),
    layouts=None,
)


def test_the_result_is_a_screen_of_eighty_columns_with_n_and_range() -> None:
    lines = bench_lines(RESULT)
    assert max(map(len, lines)) < 80
    assert len(lines) + len(TABLE) < 45
    assert lines[0] == "AMD EPYC, AVX512, 16 cores, 0.2 of them in use by other programs"
    assert "matrix products, one thread       1,234 GFLOP/s   (0.5 to 99,999, n=1000)" in lines
    assert "paper 256x256, batch 1, bfloat16, 16 threads" in lines
    assert "  update   12.35 s  (10.00 s to 123.40 s, n=20), 11.2 times its floor 1.10 s" in lines


def test_presets_that_were_not_timed_are_marked_and_unknown_times_are_called_so() -> None:
    lines = bench_lines(RESULT)
    assert "paper-maps   maps             219,200  3.0 days" in lines
    assert "satellite    5,000 photos   9,999,999  ~25.0 days" in lines
    assert "tiny         1,000 pairs        2,800  not measured" in lines


def test_json_has_every_figure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(measurements, "run_bench", lambda device, report: RESULT)
    assert main(["bench", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["updates"][0]["update"] == {"median": 12.345, "low": 10.0, "high": 123.4, "n": 20}
    assert found["problems"] == list(RESULT.problems)
    assert main(["bench"]) == 0
    assert capsys.readouterr().out.splitlines() == bench_lines(RESULT)
