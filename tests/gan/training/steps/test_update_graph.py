"""Recording an update changes nothing, replaying it is updating, and what was recorded wrongly is found out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import Batch, PairDataset, load_dataset
from p2p_gan.machine.distributed import ALONE
from p2p_gan.machine.graphs import DeviceWork
from p2p_gan.training.job import make_job
from p2p_gan.training.loop import share_batches
from p2p_gan.training.steps.update import WholeUpdate
from p2p_gan.training.steps.update_graph import UnequalGraphError, record_update, shape_of, tolerance_of
from p2p_gan.training.steps.update_state import Tolerance, UpdateState, copy_values, find_difference
from p2p_gan.updates.optimise import GradScalerAdam

if TYPE_CHECKING:
    from gan.training.conftest import TapeRecorder

BITWISE = Tolerance(0.0, 0.0)
EVERYTHING = {
    "ema_half_life": 50.0,
    "discriminator_augment": "all",
    "lambda_features": 1.0,
    "lambda_gp": 1.0,
    "lambda_r1": 1.0,
    "lambda_lecam": 1.0,
    "lambda_frequency": 1.0,
    "a_encoding": "classes",
    "class_adaptive_norm": "on",
    "lambda_mode_seeking": 1.0,
    "noise_channels": 2,
    "discriminator_norm": "instance",
    "spectral_norm": True,
    "segmentation_head": "on",
    "segmentation_hinge": True,
    "update_order": "simultaneous",
}
FEATURES: dict[str, Any] = {
    "lambda_perceptual": 1.0,
    "perceptual_stages": 2,
    "lambda_projected": 1.0,
    "projected_stages": 2,
    "precision": "bfloat16",
}
Make = Callable[..., tuple[WholeUpdate, PairDataset]]


@pytest.fixture
def make(pair_folder: Path, tiny: Config) -> Make:
    """make(recordable=..., **settings): a new update of a small run with two pairs a batch, and its pairs."""

    def new(*, recordable: bool = True, **settings: Any) -> tuple[WholeUpdate, PairDataset]:
        job = make_job(open_pairs(pair_folder), replace(tiny, **{"batch": 2, **settings}))
        update = WholeUpdate(job, recordable=recordable)
        update.set_numbers(1e-3, 0.5)
        return update, load_dataset(job.folder, job.task, job.config)

    return new


def batch_at(made: tuple[WholeUpdate, PairDataset], *positions: int) -> Batch:
    _, parts = share_batches(ALONE, positions, made[0].job.config.batch)
    return replace(made[1].batch(positions, made[0].job.device), parts=parts)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "settings",
    [
        *({"precision": "bfloat16"}, EVERYTHING, {"gan_loss": "none"}, {"accumulate": 2, "batch": 1}),
        pytest.param(FEATURES, marks=pytest.mark.long),
    ],
)
def test_replays_are_updates_bit_for_bit_with_new_batches_rates_decays_and_random_numbers(
    make: Make, tape_recorder: "TapeRecorder", settings: dict[str, Any], feature_file: Path
) -> None:
    if "lambda_projected" in settings:
        settings = settings | {"features": str(feature_file)}
    found = []
    for recorder in (None, tape_recorder):
        made = make(**settings)
        update: WholeUpdate = made[0]
        step: Callable[[Batch], None] = update
        for number in range(4):
            update.set_numbers(1e-3 / (1 + number), 1 - 1 / (1 + number))
            if number == 1 and recorder is not None:
                step = record_update(update, recorder, batch_at(made, 0, 1), BITWISE).replay
            if number == 3:
                torch.manual_seed(5)
            step(batch_at(made, number, number + 4))
        found.append((update.ring.read(4), copy_values(update), torch.get_rng_state()))
    assert found[0][0] == found[1][0]
    assert len({tuple(losses) for losses in found[0][0]}) == 4
    assert same(found[0][1], found[1][1])
    assert torch.equal(found[0][2], found[1][2])


@pytest.mark.parametrize("before", [0, 1])
def test_recording_leaves_the_state_as_it_was(make: Make, tape_recorder: "TapeRecorder", before: int) -> None:
    made = make(**EVERYTHING)
    update, batch = made[0], batch_at(made, 0)
    for _ in range(before):
        update(batch)
    values, random, ring = copy_values(update), torch.get_rng_state(), update.ring.read(2)
    record_update(update, tape_recorder, batch, BITWISE)
    after = copy_values(update)
    new = after.keys() - values.keys()  # moments, which an optimiser makes in its first step
    assert bool(new) == (not before)
    assert all(not after[name].any() for name in new)
    assert same(values, {name: after[name] for name in values})
    assert torch.equal(torch.get_rng_state(), random)
    assert update.ring.read(2) == ring
    assert update.numbers == (1e-3, 0.5)


def test_an_update_that_keeps_its_numbers_on_the_host_is_found_out(make: Make, tape_recorder: "TapeRecorder") -> None:
    made = make(recordable=False)
    with pytest.raises(UnequalGraphError):
        record_update(made[0], tape_recorder, batch_at(made, 0), tolerance_of(made[0]))


def forget(names: tuple[str, ...]) -> Callable[["TapeRecorder"], None]:
    def apply(recorder: "TapeRecorder") -> None:
        tape = recorder.tapes[-1]
        tape.calls = [call for call in tape.calls if call[0].overloadpacket.__name__ not in names]

    return apply


FAULTS = {
    "nothing is repeated": lambda recorder: recorder.tapes[-1].calls.clear(),
    "no optimiser": forget(("_fused_adam_",)),
    "old random numbers": forget(("bernoulli_",)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_graph_that_does_something_else_is_found_out(
    make: Make, tape_recorder: "TapeRecorder", fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(ema_half_life=50.0)
    record = tape_recorder.record

    def faulty(work: DeviceWork) -> DeviceWork:
        repeat = record(work)
        FAULTS[fault](tape_recorder)
        return repeat

    monkeypatch.setattr(tape_recorder, "record", faulty)
    values = copy_values(made[0])
    with pytest.raises(UnequalGraphError):
        record_update(made[0], tape_recorder, batch_at(made, 0), tolerance_of(made[0]))
    after = copy_values(made[0])
    assert same(values, {name: after[name] for name in values})


def test_a_scaled_update_is_recorded_with_its_scalers(make: Make, tape_recorder: "TapeRecorder") -> None:
    made = make()
    update, nets = made[0], made[0].job.nets
    scaled = [
        GradScalerAdam(network.parameters(), device=update.job.device, lr=1e-3, fused=True)
        for network in (nets.generator, nets.discriminator_and_optimizer[0])
    ]
    nets = replace(nets, generator_optimizer=scaled[0], discriminator_optimizer=scaled[1])
    update = WholeUpdate(replace(update.job, nets=nets), recordable=True)
    update.set_numbers(1e-3, 0.0)
    scales = [each.scaler.get_scale() for each in scaled]
    graph = record_update(update, tape_recorder, batch_at(made, 0), BITWISE)
    assert [each.scaler.get_scale() for each in scaled] == scales
    with torch.no_grad():
        for each in scaled:
            each.scaler.load_state_dict(each.scaler.state_dict() | {"scale": 1e38})
    before = copy_values(update)
    graph.replay(batch_at(made, 1))  # the generator's gradients, 100 times L1, overflow
    after = copy_values(update)
    stay = {name for name in before if "/weights/" in name and torch.equal(before[name], after[name])}
    assert {name for name in before if name.startswith("generator/weights/")} == stay
    assert [each.scaler.get_scale() for each in scaled] == pytest.approx([0.5e38, 1e38])


def test_batches_of_other_shapes_have_other_graphs_and_others_of_the_same_shape_have_not(make: Make) -> None:
    made = make()
    one, other = batch_at(made, 0, 1), batch_at(made, 2, 3)
    assert shape_of(one) == shape_of(other) != shape_of(batch_at(made, 0))
    assert shape_of(one) != shape_of(replace(one, ignored=torch.zeros(2, 1, 32, 32, dtype=torch.bool)))
    assert shape_of(one) != shape_of(replace(one, factor=0.5))


def test_the_state_comes_back_bit_for_bit(make: Make) -> None:
    made = make(**EVERYTHING)
    update, batch = made[0], batch_at(made, 0, 1)
    update(batch)
    state, values = UpdateState(update), copy_values(update)
    found = []
    for _ in range(2):
        update.set_numbers(0.1, 0.1)
        state.restore()
        assert same(copy_values(update), values)
        update(batch)
        found.append((update.ring.read(2), torch.rand(1)))
    assert found[0] == found[1]


def test_difference_is_measured_in_steps_for_each_kind_of_value() -> None:
    start = {"g/weights/a": torch.zeros(100), "g/weights/b": torch.zeros(1), "g/statistics/c": torch.ones(2)}
    one = {name: value + 1 for name, value in start.items()}
    assert find_difference(start, one, one, 0.0) is None
    noise = one | {"g/weights/b": -one["g/weights/b"]}  # a full step, of one value in 101
    assert find_difference(start, one, noise, 0.25) is None
    assert find_difference(start, one, noise, 0.1) is not None
    wrong = one | {"g/statistics/c": start["g/statistics/c"]}
    found = find_difference(start, one, wrong, 0.5)
    assert found is not None
    assert found.startswith("g statistics by 1 of")
    assert find_difference(start, one, one | {"g/weights/b": torch.tensor([torch.nan])}, 0.5) is not None
    assert find_difference(start, one, start | {"more": torch.zeros(1)}, 9.0) is not None
    still = {"g/weights/a": torch.zeros(3)}
    assert find_difference(still, still, {"g/weights/a": torch.full((3,), 1e-9)}, 0.5) is not None


def test_a_repeatable_run_has_no_tolerance(make: Make) -> None:
    assert tolerance_of(make(deterministic=True)[0]) == BITWISE
    assert tolerance_of(make()[0]).losses > 0
