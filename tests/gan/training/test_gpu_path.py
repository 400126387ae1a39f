"""What a run does on a GPU, as far as a CPU can show it: on a device that only says it is one (`gan.fake_gpu`).

Speed, memory and the kernels of a GPU are not shown; what has run on one stands in docs/training.md.
"""

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from gan.fake_gpu import PLACE, FakeGpu, NotParallel, install_nccl
from gan.training.steps.test_update_graph import EVERYTHING, FEATURES
from torch import Tensor

from p2p_datatools.contract.files.atomic import read_json, read_lines
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.data.dataset import load_dataset
from p2p_gan.evaluation.features import efficientnet as features
from p2p_gan.inference import sampling
from p2p_gan.inference.apply import ApplyOptions, translator_of
from p2p_gan.inference.runtime_choice import open_model
from p2p_gan.inference.runtimes.translator import PassOptions
from p2p_gan.machine.device import prepare
from p2p_gan.machine.distributed import Ranks
from p2p_gan.models.feature_file import read_features
from p2p_gan.networks import blocks, norms
from p2p_gan.networks.blocks import BilinearConv, ResizeConv
from p2p_gan.networks.efficientnet import FeatureNetwork
from p2p_gan.networks.unet import UNet
from p2p_gan.runs.checkpoint import Progress, snapshot
from p2p_gan.training import replicas
from p2p_gan.training.job import make_job
from p2p_gan.training.loop import share_batches
from p2p_gan.training.replicas import distribute, shared_state
from p2p_gan.training.run import train
from p2p_gan.training.steps.stepper import Stepper, recorder_for
from p2p_gan.training.steps.update import WholeUpdate
from p2p_gan.training.trial import explain_out_of_memory, largest_batch
from p2p_gan.updates import step
from p2p_gan.updates.losses import perceptual_loss

if TYPE_CHECKING:
    from conftest import Notes, Refused

SMALL = {"generator_filters": 4, "max_filters": 8, "discriminator_filters": 4, "device": "cuda", "cuda_graph": "on"}


def test_the_pretended_gpu_is_as_late_as_a_real_one(gpu: FakeGpu) -> None:
    ones, here = torch.ones(4, device=PLACE), torch.zeros(4).pin_memory()
    here.copy_(ones, non_blocking=True)
    assert not torch.equal(here, torch.ones(4))
    torch.cuda.synchronize()
    assert torch.equal(here, torch.ones(4))


@pytest.mark.parametrize(
    "work",
    [
        lambda here, there: there.sum().item(),
        lambda here, there: there.copy_(here),
        lambda here, there: there[0].copy_(here[0]),
        lambda here, there: there[there > 0],
        lambda here, there: torch.cuda.get_rng_state(PLACE),
        lambda here, there: torch.rand(4, device=PLACE, generator=torch.Generator()),
        lambda here, there: there + here,
        lambda here, there: torch.fft.rfft(there.half()),
        lambda here, there: there.to(torch.uint16) + 1,
        lambda here, there: here.pin_memory(),
        lambda here, there: torch.optim.Adam([there.requires_grad_()], fused=True).step(),
    ],
)
def test_the_pretended_gpu_records_no_more_than_a_real_one(gpu: FakeGpu, work: Callable[..., object]) -> None:
    here, there = torch.ones(4), torch.ones(4, device=PLACE)
    with pytest.raises((RuntimeError, AssertionError)), torch.cuda.graph(torch.cuda.CUDAGraph()):
        work(here, there)


def losses_of(run: Path) -> list[list[float]]:
    names = ("d_real", "d_fake", "g_gan", "g_l1")
    return [[line[name] for name in names] for line in read_lines(run / "stats.jsonl") if "g_l1" in line]


@pytest.mark.parametrize(
    "device", ["cuda:0", *(pytest.param(name, marks=pytest.mark.long) for name in ("auto", "cuda"))]
)
def test_a_run_on_a_gpu_replays_its_updates_and_has_the_losses_of_the_cpu(
    pair_folder: Path, tiny: Config, tmp_path: Path, gpu: FakeGpu, device: str
) -> None:
    config = replace(tiny, dropout=0.0, cuda_graph="on", images=4, log_every=2)
    train(pair_folder, tmp_path / "there", replace(config, device=device))
    train(pair_folder, tmp_path / "here", replace(config, device="cpu", cuda_graph="off"))
    assert read_json(tmp_path / "there" / "run.json")["config"]["device"] == device.replace("auto", "cuda")
    assert gpu.replays == 2 + 2  # two to prove the graph, then all updates but the first two
    assert losses_of(tmp_path / "there") == [pytest.approx(line, rel=1e-3) for line in losses_of(tmp_path / "here")]


@pytest.mark.parametrize(
    "precision", ["float16", *(pytest.param(name, marks=pytest.mark.long) for name in ("float32", "bfloat16"))]
)
def test_a_run_on_a_gpu_is_resumed_bit_for_bit(
    pair_folder: Path, tiny: Config, tmp_path: Path, gpu: FakeGpu, precision: str
) -> None:
    config = replace(
        tiny,
        images=6,
        device="auto",
        precision=precision,
        ema_half_life=9.0,
        deterministic=True,
        lr_schedule="constant",
    )
    train(pair_folder, tmp_path / "whole", config)
    train(pair_folder, tmp_path / "parts", replace(config, images=3))
    train(pair_folder, tmp_path / "parts", config)
    models = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "parts")]
    assert models[0] == models[1]
    assert gpu.replays > 0
    assert read_json(tmp_path / "parts" / "run.json")["config"]["device"] == "cuda"


# Each way of computing an update and a batch; what is left out costs time and shows nothing new.
SETTINGS: dict[str, dict[str, Any]] = {
    "paper": {"preset": "paper"},
    "cars": {"preset": "cars", "precision": "float16"},
    "satellite": {"preset": "satellite", "batch": 2},
    "segment": {"preset": "segment", "direction": "b-to-a"},
    "best": {"preset": "best", "size": "64x64", "pixel_noise": 2},  # its features at full depth
    "everything": EVERYTHING,
    "heads": FEATURES,
    "mixed": {"gan_loss": "segmentation", "lambda_labelmix": 1.0, "a_encoding": "classes"},
    "jitter": {"direction": "b-to-a", "color_jitter": 0.3},
    "parts": {"accumulate": 2, "class_balanced": True, "lambda_lecam": 1.0},
    "resnet": {"generator": "resnet", "upsampling": "bilinear", "discriminator_scales": 2, "lambda_features": 1.0},
    "repeatable": {
        "preset": "best",
        "perceptual_stages": 2,
        "deterministic": True,
        "discriminator_augment": "all",
        "pixel_noise": 2,
    },
}


# The others show it for a few more losses; that no update of any preset waits stands in `steps/test_update.py`.
TELLING = ("cars", "parts", "repeatable")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in TELLING else pytest.mark.long) for name in SETTINGS]
)
def test_batches_and_updates_on_a_gpu_wait_for_nothing(
    make_pairs: Callable[..., Path], tmp_path: Path, feature_file: Path, gpu: FakeGpu, name: str
) -> None:
    asked = {"direction": "a-to-b", "size": "32x32", **SMALL, "features": str(feature_file), **SETTINGS[name]}
    config = with_settings(PRESETS[asked.pop("preset", "tiny")], asked)
    assert config.size is not None
    job = make_job(open_pairs(make_pairs(tmp_path / "pairs", {"train": 8}, config.size)), config)
    dataset, seen = load_dataset(job.folder, job.task, job.config), 0
    stepper, waits = Stepper(job, pytest.fail, recorder_for(job)), list[dict[str, int]]()
    for _ in range(4):
        gpu.waits.clear()
        share, parts = share_batches(job.ranks, dataset.positions(seen, config.update_pairs), config.batch)
        batch = dataset.batch(share.positions, job.device, job.memory_format)
        gpu.launches.clear()
        stepper.step(replace(batch, parts=parts), 1e-3, 0.5)
        seen += config.update_pairs
        waits.append(dict(gpu.waits))
    assert gpu.replays == 2 + 2
    # The first moves all pixels to the GPU, and the third is recorded and proved.
    assert (waits[1], waits[3]) == ({}, {})
    # Beside the graph: the batch is copied to where it reads, and the EMA is one operation.
    del gpu.launches["detach"]
    assert not gpu.launches - Counter({"copy_": 4, "_foreach_lerp_": 1})


@pytest.mark.parametrize(("name", "small"), [("cars", True), ("resnet", True), ("resnet", False), ("parts", True)])
def test_weights_that_are_cast_together_give_the_same_bits_as_those_of_autocast(
    make_pairs: Callable[..., Path],
    tmp_path: Path,
    feature_file: Path,
    gpu: FakeGpu,
    name: str,
    small: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocks, "_is_small", lambda *_: small)
    asked: dict[str, Any] = {"precision": "bfloat16", "direction": "a-to-b", "size": "32x32", **SMALL}
    asked |= {"features": str(feature_file), **SETTINGS[name]}
    config = with_settings(PRESETS[asked.pop("preset", "tiny")], asked)
    assert config.size is not None
    pairs, found, casts = open_pairs(make_pairs(tmp_path / "pairs", {"train": 8}, config.size)), [], list[int]()
    for _ in range(2):
        job = make_job(pairs, config)
        update, dataset = WholeUpdate(job, recordable=True), load_dataset(job.folder, job.task, job.config)
        share, parts = share_batches(job.ranks, dataset.positions(0, config.update_pairs), config.batch)
        update.set_numbers(1e-3, 0.5)
        gpu.launches.clear()
        update(replace(dataset.batch(share.positions, job.device, job.memory_format), parts=parts))
        found.append({**snapshot(job.nets).tensors})
        casts.append(gpu.launches["_to_copy"] + gpu.launches["_foreach_copy_"])
        monkeypatch.setattr(step, "cast_together", lambda *_: contextlib.nullcontext())
    assert all(torch.equal(value, found[1][key]) for key, value in found[0].items())
    assert casts[0] < casts[1]


_OF_A_PAIR = 6 * 32 * 32  # values of the discriminator's input, the largest tensor


@pytest.mark.parametrize(("most", "batch"), [(1 << 62, 8), (4 * _OF_A_PAIR, 4)])
def test_the_largest_batch_is_found_on_a_gpu(
    pair_folder: Path, tiny: Config, tmp_path: Path, gpu: FakeGpu, most: int, batch: int
) -> None:
    gpu.most = most
    train(pair_folder, tmp_path / "run", replace(tiny, device="cuda", batch=0, images=8))
    assert read_json(tmp_path / "run" / "run.json")["config"]["batch"] == batch


def test_a_convolution_without_a_kernel_lacks_memory_unless_it_is_that_of_one_pair(
    pair_folder: Path, tiny: Config, gpu: FakeGpu
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, device="cuda"))
    dataset = load_dataset(job.folder, job.task, job.config)
    gpu.most, gpu.no_engine = 2 * _OF_A_PAIR, True
    assert largest_batch(job, dataset) == 2
    gpu.most = _OF_A_PAIR - 1
    with pytest.raises(RuntimeError, match="unable to find an engine"), explain_out_of_memory(job, dataset):
        largest_batch(job, dataset)


@pytest.mark.parametrize("at_once", [True, False])
def test_memory_that_is_short_in_any_update_names_the_batch_that_fits(
    pair_folder: Path, tiny: Config, tmp_path: Path, gpu: FakeGpu, refused: "Refused", notes: "Notes", at_once: bool
) -> None:
    config = replace(tiny, device="cuda", batch=8, images=80)

    def shrink(*_: Any, **__: Any) -> None:
        gpu.most = 4 * _OF_A_PAIR

    if at_once:
        shrink()
    notes.advance = shrink  # type: ignore[method-assign]
    with refused("no-memory", "cuda") as caught:
        train(pair_folder, tmp_path / "run", config, report=notes)
    assert "the largest batch that fits is 4" in caught.value.what
    assert "accumulate=2" in caught.value.to_do


def test_memory_that_is_short_for_a_graph_only_costs_the_graph(
    pair_folder: Path, tiny: Config, tmp_path: Path, gpu: FakeGpu, notes: "Notes", monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu.free = 10
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device=None: 100)
    train(pair_folder, tmp_path / "run", replace(tiny, device="cuda", images=3), report=notes)
    assert gpu.replays == 0
    assert [line for line in notes.lines if "a graph needs" in line]


def test_a_checkpoint_is_copied_where_the_system_lets_no_memory_be_pinned(
    pair_folder: Path, tiny: Config, gpu: FakeGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    nets = make_job(open_pairs(pair_folder), replace(tiny, device="cuda")).nets
    expected, plain = snapshot(nets).tensors, torch.empty_like

    def refuse(value: Tensor, *, pin_memory: bool = False, **named: Any) -> Tensor:
        if pin_memory:
            raise RuntimeError("CUDA error: out of memory")
        return plain(value, **named)

    monkeypatch.setattr(torch, "empty_like", refuse)
    assert all(torch.equal(value, expected[name]) for name, value in snapshot(nets).tensors.items())


def test_a_run_leaves_the_arithmetic_of_the_process_as_it_was(
    pair_folder: Path, tiny: Config, tmp_path: Path, gpu: FakeGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    products, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn

    def flags() -> tuple[bool, ...]:
        strict = torch.are_deterministic_algorithms_enabled()
        return products.allow_tf32, cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic, strict

    before, during = flags(), list[tuple[bool, ...]]()

    def loop(*_: Any) -> int:
        during.append(flags())
        return 0

    monkeypatch.setattr("p2p_gan.training.run.training_loop", loop)
    config = replace(tiny, device="cuda", precision="float32", deterministic=True)
    train(pair_folder, tmp_path / "run", config)
    assert during == [(False, False, False, True, True)]
    assert flags() == before


@pytest.mark.parametrize(("fit", "tried"), [("stretch", True), ("keep", False)])
def test_kernels_are_tried_out_only_where_all_batches_have_one_size(
    pair_folder: Path, tiny: Config, gpu: FakeGpu, fit: str, tried: bool
) -> None:
    make_job(open_pairs(pair_folder), with_settings(tiny, {"device": "cuda", "fit": fit, "jitter": 1.0}))
    assert torch.backends.cudnn.benchmark == tried


def test_a_run_is_made_beside_a_program_that_uses_the_newer_names_of_torch_for_tf32(
    pair_folder: Path, tiny: Config, tmp_path: Path, gpu: FakeGpu
) -> None:
    products = torch.backends.cuda.matmul
    if not hasattr(products, "fp32_precision"):
        pytest.skip("this torch has no other names")
    before = products.fp32_precision
    products.fp32_precision = "tf32"  # after which torch refuses to read allow_tf32
    try:
        train(pair_folder, tmp_path / "again", replace(tiny, device="cuda", precision="float32", images=1))
        assert products.fp32_precision == "tf32"
    finally:
        products.fp32_precision = before


@pytest.mark.usefixtures("gpu")
def test_a_run_may_be_deterministic_in_a_process_in_which_another_was_not() -> None:
    for deterministic in (False, True):
        prepare(PLACE, "float32", 1, 0, deterministic=deterministic)
        square = torch.ones(2, 2, device=PLACE)
        assert (square @ square).sum().item() == 8


def test_synchronised_statistics_wait_for_nothing_on_the_host(gpu: FakeGpu, monkeypatch: pytest.MonkeyPatch) -> None:
    install_nccl(monkeypatch)
    values = torch.rand(2, 3, 4, 4)
    mean, var, total = norms._statistics(values.to("cuda"), 0.5)
    assert gpu.waits == {"copy": 1}  # that of the values
    assert total.tolist() == [32.0]
    assert mean.tolist() == pytest.approx(values.mean(dim=(0, 2, 3)).tolist())
    assert var.tolist() == pytest.approx(values.var(dim=(0, 2, 3), correction=0).tolist())


@pytest.mark.parametrize("name", ["everything", "parts"])
def test_updates_on_several_gpus_exchange_what_is_on_them_and_wait_for_nothing(
    make_pairs: Callable[..., Path],
    tmp_path: Path,
    gpu: FakeGpu,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    nccl = install_nccl(monkeypatch)
    monkeypatch.setattr(replicas, "DistributedDataParallel", NotParallel)
    asked = {"direction": "a-to-b", "size": "32x32", **SMALL, **SETTINGS[name], "batch": 2, "cuda_graph": "auto"}
    config = with_settings(PRESETS["tiny"], asked)
    folder = open_pairs(make_pairs(tmp_path / "pairs", {"train": 8}))
    job = make_job(folder, config, Ranks(0, 2, control="control"))
    dataset, seen, waits = load_dataset(job.folder, job.task, job.config), 0, list[dict[str, int]]()
    shared_state(job, Progress(0, [], 0, 0.0))
    assert nccl.calls.keys() == {"control"}
    job = distribute(job)
    stepper = Stepper(job, pytest.fail, recorder_for(job))
    for _ in range(2):
        job.ranks.agree(0)
        share, parts = share_batches(job.ranks, dataset.positions(seen, config.update_pairs), config.batch)
        batch = dataset.batch(share.positions, job.device, job.memory_format)
        job.ranks.draw_anew(config.seed, seen)
        gpu.waits.clear()
        stepper.step(replace(batch, factor=share.factor, parts=parts), 1e-3, 0.5)
        seen += config.update_pairs
        waits.append(dict(gpu.waits))
    assert waits[1] == {}
    assert nccl.calls["nccl"] > 0
    assert gpu.replays == 0


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("tile", [None, 8])
def test_a_model_gives_on_a_gpu_the_pictures_of_the_cpu_whatever_torch_would_choose(
    run_folder: Path,
    make_pairs: Callable[..., Path],
    tmp_path: Path,
    gpu: FakeGpu,
    tile: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sampling, "_OVERLAP", 1)  # thread: the GPU is that of this one
    pairs, seen = make_pairs(tmp_path / "pairs", {"train": 1, "test": 3}), list[tuple[bool, ...]]()
    monitored, cudnn = UNet.translate, torch.backends.cudnn
    cudnn.benchmark = True

    def translate(network: UNet, *given: Any) -> Tensor:
        seen.append((cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic))
        return monitored(network, *given)

    monkeypatch.setattr(UNet, "translate", translate)
    for device in ("cuda", "cpu"):
        how = sampling.SampleOptions(how=ApplyOptions(tile=tile))
        sampling.sample(run_folder, pairs, tmp_path / device, how, device=device, runtime="torch")
    assert (cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic) == (True, True, False)
    assert seen == ([] if tile else [(False, False, True)] * 3 + [(True, True, False)] * 3)
    for picture in sorted((tmp_path / "cpu").glob("*.png")):
        assert picture.read_bytes() == (tmp_path / "cuda" / picture.name).read_bytes()


@pytest.mark.parametrize("tile", [None, 8])
def test_a_picture_that_a_gpu_has_no_memory_for_is_that_of_any_runtime(
    run_folder: Path, gpu: FakeGpu, tile: int | None
) -> None:
    model = open_model(run_folder, "torch", device="cuda")
    translator, gpu.most = translator_of(model, tile=tile), 100
    with pytest.raises(MemoryError, match="CUDA out of memory"):
        translator.pixels(np.zeros((32, 32, 3), np.uint8), PassOptions(model.card.statistics))


@pytest.mark.parametrize("kind", [ResizeConv, BilinearConv])
def test_a_gpu_sums_weights_of_resize_convolutions_only_where_that_saves_many_products(
    gpu: FakeGpu, kind: type[ResizeConv]
) -> None:
    generator = torch.Generator().manual_seed(1)
    for side, many in ((16, False), (64, True)):
        layer = kind(192, 192, bias=True)
        picture = torch.randn(1, 192, side, side, generator=generator)
        expected = layer(picture)
        gpu.launches.clear()
        found = layer.to(PLACE)(picture.to(PLACE))
        assert ("pixel_shuffle" in gpu.launches) == many
        torch.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-4)


def test_features_of_small_and_large_photos_are_on_a_gpu_those_of_the_cpu(gpu: FakeGpu, feature_file: Path) -> None:
    tensors, _ = read_features(feature_file)
    for side, passes in ((256, 1), (640, 2)):
        found = list[Tensor]()
        photos = torch.rand(2, 1, 3, side, side, generator=torch.Generator().manual_seed(2)).mul(2).sub(1)
        for device in (torch.device("cpu"), PLACE):
            network = FeatureNetwork(tensors, stages=1)
            network.move(device, torch.float32)
            gpu.launches.clear()
            fake = photos[1].to(device).requires_grad_()
            real, seen = network.compare(photos[0].to(device), fake)
            (gradient,) = torch.autograd.grad(perceptual_loss(seen, real), fake)
            found.append(gradient.cpu())
        stem = 1 + sum(len(block.layers) for block in network.blocks[1:])
        assert gpu.launches["convolution"] + gpu.launches["addmm"] == passes * stem
        torch.testing.assert_close(*found, rtol=1e-3, atol=1e-7)


def test_features_that_score_photos_have_all_digits_on_a_gpu(
    gpu: FakeGpu, feature_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors, digest = read_features(feature_file)
    head = {name: torch.ones(shape) for name, shape in features._HEAD.items()}
    monkeypatch.setattr(features, "find_features", lambda: feature_file)
    monkeypatch.setattr(features, "read_state", lambda path: head)
    monkeypatch.setattr(features, "read_features", lambda path: (tensors, digest))
    rounded, before = list[bool](), FeatureNetwork.run

    def run(*given: Any) -> tuple[Tensor, ...]:
        rounded.append(torch.backends.cudnn.allow_tf32)
        return before(*given)

    monkeypatch.setattr(FeatureNetwork, "run", run)
    photo = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    found = [features.EfficientNetFeatures(device).extract(photo) for device in (PLACE, torch.device("cpu"))]
    assert rounded == [False, True]
    assert found[0] == pytest.approx(found[1], rel=1e-4, abs=1e-5)
    assert gpu.launches
