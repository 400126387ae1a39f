"""Counts what an update computes: floating-point operations of the products in it, and bytes that the optimisers move.

Nothing here may compute a value: the networks have shapes and no weights.
"""

import contextlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.sides import deepest_unet, halvings_of
from p2p_gan.data.dataset import Batch
from p2p_gan.networks.architecture import GENERATORS
from p2p_gan.networks.weights import count_parameters
from p2p_gan.training.build import discriminator_of, generator_shape
from p2p_gan.training.job import settle_randomness
from p2p_gan.updates.recipe import make_recipe
from p2p_gan.updates.step import Networks, train_step

_CHANNELS = 3  # of both halves
_IMAGES = 1_000  # of a preset that says its length in epochs: enough for all that short runs go without
_CLASSES = 8  # of a discriminator that segments: masks have five to twelve
# What makes no product, so that the arms of a study that differ in it alone are counted once.
_WITHOUT_PRODUCTS: dict[str, Any] = {
    **{"lambda_l1": 1.0, "lambda_l2": 0.0, "lambda_ce": 0.0, "lambda_frequency": 0.0, "lambda_lecam": 0.0},
    **{"lambda_perceptual": 0.0, "lambda_projected": 0.0},
    **{"precision": "float32", "ema_half_life": 0.0, "learning_rate": 2e-4, "discriminator_learning_rate": 0.0},
}
# Adam reads the weight, its gradient and two moments, and writes all but the gradient: 7 times 4 bytes.
_BYTES_OF_ADAM = 28


@dataclass(frozen=True)
class Operations:
    """Of one update of `batch` pairs: operations of matrix products and convolutions, and bytes of the optimisers."""

    flops: float
    optimizer_bytes: float
    batch: int

    def floor(self, gflops: float, gigabytes: float) -> float:
        """The seconds that no update can be below, with so many GFLOP and GB a second."""
        return self.flops / (gflops * 1e9) + self.optimizer_bytes / (gigabytes * 1e9)


class OperationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the operations of what is computed in the block, by torch's own table: a product and a sum are two."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Compute, and count."""
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=result)
        return result


def count_operations(config: Config) -> Operations:
    """Count an update of a config for photos of three channels, without segmentation head and features.

    Noise that is automatic is counted as where masks become photos, whose features are asked for; for pairs of another
    kind the config has to be theirs (`refuse_contradictions`).
    """
    size, halvings = config.size, GENERATORS[config.generator].halvings
    assert size is not None, "every preset has a size"
    depth = deepest_unet(size) if halvings is None else halvings_of(config.generator)
    config = replace(
        config,
        unet_depth=config.unet_depth or depth,
        images=config.images or 1,
        segmentation_head="off",
        **settle_randomness(config, config.images or _IMAGES, masks=True),
        features="off",
        class_balanced=False,
        **_WITHOUT_PRODUCTS,
    )
    return _count(config, size)


@lru_cache(maxsize=64)
def _count(config: Config, size: Size) -> Operations:
    with FakeTensorMode():
        nets = _networks(config)
        shape = (config.batch, _CHANNELS, size.height, size.width)
        segments = config.gan_loss == "segmentation"
        classes = torch.empty((config.batch, *shape[2:]), dtype=torch.int64) if segments else None
        batch = Batch(torch.empty(shape), torch.empty(shape), classes=classes)
        recipe = make_recipe(config, classes=False, photos=(False, False), has_mask=False)
        with OperationCounter() as counter:
            train_step(nets, batch, recipe, contextlib.nullcontext)
        parameters = sum(count_parameters(each) for each in (nets.generator, nets.discriminator) if each is not None)
    return Operations(counter.flops, float(parameters * _BYTES_OF_ADAM), config.batch)


def _networks(config: Config) -> Networks:
    """Networks with optimisers that run on shapes alone, as Adam's fused one does not."""
    generator = generator_shape(config, _CHANNELS, _CHANNELS).build()
    if config.gan_loss == "none":
        return Networks(generator, None, torch.optim.SGD(generator.parameters()), None)
    discriminator = discriminator_of(config, _CHANNELS, _CHANNELS, _CLASSES)
    first, second = (torch.optim.SGD(each.parameters()) for each in (generator, discriminator))
    return Networks(generator, discriminator, first, second)
