"""A picture in strips is the picture in one pass: no seam, the same statistics, the same dropout."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference.runtimes.layout import layout_of
from p2p_gan.inference.runtimes.strips import Moments, Strips
from p2p_gan.networks.architecture import Architecture, Statistics
from p2p_gan.networks.base import Generator, InferencePass
from p2p_gan.networks.weights import initialise

UNET = Architecture(3, 2, 5, 4, 16, "batch", 0.5)
NETWORKS = {
    "unet": UNET,
    "unet of depth 7": replace(UNET, depth=7),
    "unet of depth 1": replace(UNET, depth=1),
    "dropout in every block": replace(UNET, dropout_blocks=8, dropout=0.3),
    "instance": replace(UNET, norm="instance"),
    "no norm": replace(UNET, norm="none"),
    "resized": replace(UNET, upsampling="resize"),
    "norms of classes": replace(UNET, class_adaptive=True),
    "encoder-decoder": replace(UNET, kind="encoder-decoder"),
    "resnet": replace(UNET, kind="resnet", blocks=2),
    "bilinear": replace(UNET, upsampling="bilinear"),
    "resnet, resized": replace(UNET, kind="resnet", blocks=2, upsampling="resize", norm="instance"),
}


def generator_of(architecture: Architecture) -> Generator:
    torch.manual_seed(0)
    generator = architecture.build().eval()
    initialise(generator, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, value in generator.state_dict().items():
            # Far from their beginning, so that a wrong statistic is seen.
            value.add_(torch.rand(value.shape) * 0.5 if "running" in name else torch.randn(value.shape) * 0.1)
    return generator


def both(
    generator: Generator, rows: int, make: Callable[[], InferencePass], size: Size = Size(128, 256), held: bool = True
) -> tuple[Tensor, Tensor]:
    x = torch.rand((1, 3, size.height, size.width), generator=torch.Generator().manual_seed(1)) * 2 - 1
    layout = layout_of(generator.steps(), 3, size, 1 << 30, rows)
    assert layout is not None
    if not held:
        layout = replace(layout, held=frozenset(), released={})
    with torch.inference_mode():
        strips = Strips(generator.steps(), lambda first, end: x[:, :, first:end], make(), layout)
        return generator.finish(torch.cat([part for _, part in strips.output()], dim=2)), generator(x, make())


def applying(statistics: Statistics = "picture", valid: tuple[float, float] = (1.0, 1.0)) -> InferencePass:
    return InferencePass(statistics, valid, (torch.Generator().manual_seed(7),))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("valid", [pytest.param((1.0, 1.0), marks=pytest.mark.long), (0.6, 0.93)])
def test_strips_give_what_one_pass_gives(name: str, valid: tuple[float, float]) -> None:
    strips, whole = both(generator_of(NETWORKS[name]), 32, lambda: applying(valid=valid))
    assert strips.shape == whole.shape
    assert torch.allclose(strips, whole, atol=2e-5)
    assert whole.std() > 0.01


def test_gathered_statistics_are_applied_in_strips_too() -> None:
    strips, whole = both(generator_of(UNET), 32, lambda: applying("running"))
    assert torch.allclose(strips, whole, atol=1e-5)


@pytest.mark.parametrize("rows", [pytest.param(8, marks=pytest.mark.long), 40, 96, 1000])
def test_how_many_rows_a_strip_has_changes_nothing(rows: int) -> None:
    strips, whole = both(generator_of(UNET), rows, applying)
    assert torch.allclose(strips, whole, atol=2e-5)


def test_nothing_need_be_held_whole() -> None:
    architecture = replace(UNET, depth=3, dropout_blocks=8)
    strips, whole = both(generator_of(architecture), 32, applying, Size(64, 96), held=False)
    assert torch.allclose(strips, whole, atol=2e-5)


def test_dropout_is_drawn_for_the_whole_picture_and_not_for_each_strip() -> None:
    generator = generator_of(replace(UNET, dropout_blocks=8))
    strips, whole = both(generator, 32, applying)
    _, without = both(generator, 32, lambda: InferencePass())
    assert (whole - without).abs().mean() > 0.01
    assert torch.allclose(strips, whole, atol=2e-5)


def test_moments_of_strips_are_those_of_the_whole() -> None:
    x = torch.randn((1, 3, 20, 9), generator=torch.Generator().manual_seed(0)) * 5 + 100
    moments = Moments()
    for first in (0, 7, 8, 20):
        moments.add(x[:, :, first : {0: 7, 7: 8, 8: 20, 20: 20}[first]])
    mean, variance = moments.result()
    assert torch.allclose(mean, x.mean(dim=(0, 2, 3)))
    assert torch.allclose(variance, x.var(dim=(0, 2, 3), correction=0))


def test_a_blank_picture_of_a_resnet_is_one_colour_in_strips_too() -> None:
    generator = generator_of(replace(UNET, kind="resnet", blocks=6, norm="instance", upsampling="resize", dropout=0.0))
    x = torch.full((1, 3, 32, 48), 0.3)
    layout = layout_of(generator.steps(), 3, Size(48, 32), 1 << 30, 8)
    assert layout is not None
    layout = replace(layout, held=frozenset(), released={})
    with torch.inference_mode():
        strips = Strips(generator.steps(), lambda first, end: x[:, :, first:end], InferencePass(), layout)
        found = torch.cat([part for _, part in strips.output()], dim=2)
        whole = generator(x, InferencePass())
    assert torch.allclose(generator.finish(found), whole, atol=1e-6)
    assert torch.allclose(whole, whole[:, :, :1, :1].expand(whole.shape), atol=1e-6)
