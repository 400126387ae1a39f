"""The random input and the head that every generator has."""

import pytest
import torch

from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.base import Generator, InferencePass
from p2p_gan.networks.weights import initialise

KINDS = ["unet", "encoder-decoder", "resnet"]


def generator(kind: str, *, noise: int = 0, head: str = "tanh", inputs: int = 3, outputs: int = 3) -> Generator:
    network = Architecture(inputs, outputs, 3, 4, 8, "none", 0.0, kind, blocks=1, noise=noise, head=head).build()
    initialise(network, torch.Generator().manual_seed(0))
    for parameter in network.parameters():
        parameter.data *= 10  # so that every input counts
    return network


def sources(*seeds: int) -> tuple[torch.Generator, ...]:
    return tuple(torch.Generator().manual_seed(seed) for seed in seeds)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (64, 2), (3, 64)])
def test_pictures_have_any_number_of_channels(kind: str, inputs: int, outputs: int) -> None:
    network = generator(kind, inputs=inputs, outputs=outputs)
    assert network(torch.zeros(2, inputs, 16, 24)).shape == (2, outputs, 16, 24)


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_what_tanh_would_have_squashed(kind: str) -> None:
    x = torch.rand(1, 3, 16, 16, generator=sources(1)[0])
    with torch.no_grad():
        logits = generator(kind, head="logits")(x)
        torch.testing.assert_close(torch.tanh(logits), generator(kind)(x))
    assert not torch.equal(logits, torch.tanh(logits))


@pytest.mark.parametrize("kind", KINDS)
def test_the_random_input_is_drawn_for_each_picture_by_its_own_source(kind: str) -> None:
    network = generator(kind, noise=4).eval()
    x = torch.zeros(2, 3, 16, 16)
    with torch.inference_mode():
        both = network(x, InferencePass(noise=sources(1, 2)))
        alone = network(x[:1], InferencePass(noise=sources(2)))
        silent = network(x, InferencePass())
    torch.testing.assert_close(both[1:], alone)
    assert not torch.allclose(both[0], both[1])
    assert torch.equal(silent[0], silent[1])


@pytest.mark.parametrize("kind", KINDS)
def test_in_training_it_is_drawn_anew_each_time_by_the_seed_or_given(kind: str) -> None:
    network, x = generator(kind, noise=2), torch.zeros(1, 3, 16, 16)
    with torch.no_grad():
        torch.manual_seed(0)
        first, second = network(x), network(x)
        torch.manual_seed(0)
        assert torch.equal(first, network(x))
        assert not torch.equal(first, second)
        given = torch.full((1, 2, 1, 1), 0.7)
        assert torch.equal(network(x, noise=given), network(x, noise=given.expand(1, 2, 16, 16)))
        assert torch.equal(network(x, noise=torch.zeros_like(given)), network(x, InferencePass()))


def test_a_draw_of_several_values_is_of_variance_1() -> None:
    network = generator("unet", noise=64)
    drawn = network.draw_noise(torch.zeros(100, 3, 8, 8))
    assert drawn.shape == (100, 64, 1, 1)
    assert drawn.mean().item() == pytest.approx(0, abs=0.05)
    assert drawn.std().item() == pytest.approx(1, abs=0.05)


def test_noise_of_pixels_is_as_high_and_as_wide_as_its_picture() -> None:
    network = Architecture(3, 3, 5, 4, 8, "instance", 0.0, noise=1, pixel_noise=2).build()
    applying = InferencePass(noise=sources(1, 2))
    assert network.draw_noise(torch.zeros(2, 3, 32, 64), applying).shape == (2, 3, 32, 64)
    assert network(torch.zeros(2, 3, 32, 64), applying).shape == (2, 3, 32, 64)
