"""What this machine can do, and what training will take on it: rates, updates beside their floors, what is wrong.

Nothing here may train a model, or print.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.bench.advice import PairProfile, TrainingAdvice, advise_training
    from p2p_gan.bench.measurements import BenchResult, PresetTime, UpdateSpeed, run_bench
    from p2p_gan.bench.rates import Measurement
else:
    __getattr__, __dir__ = open_door(
        __name__,
        advice="PairProfile TrainingAdvice advise_training",
        measurements="BenchResult PresetTime UpdateSpeed run_bench",
        rates="Measurement",
    )

__all__ = [
    "BenchResult",
    "Measurement",
    "PairProfile",
    "PresetTime",
    "TrainingAdvice",
    "UpdateSpeed",
    "advise_training",
    "run_bench",
]
