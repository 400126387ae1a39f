"""One update: who learns from what, and that twenty of them give the numbers they gave before."""

import contextlib
import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from p2p_gan.bench.diagnosis import TESTED_TORCH
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import Batch, Part
from p2p_gan.machine.device import autocast_for
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.base import Generator, InferencePass
from p2p_gan.networks.discriminators import PatchGAN, SegmentationHead
from p2p_gan.networks.noise import NoiseChannels
from p2p_gan.networks.weights import initialise
from p2p_gan.runs.state import network_states
from p2p_gan.updates.lecam import LeCam, lecam_loss
from p2p_gan.updates.losses import discriminator_loss, feature_loss, generator_loss, pixel_weights, segmentation_loss
from p2p_gan.updates.recipe import Recipe
from p2p_gan.updates.step import Networks, train_step

if TYPE_CHECKING:
    from gan.conftest import MakeNetworks

GOLDEN = Path(__file__).parents[2] / "golden" / "train_step.json"
DROPOUT = [0, 0, 2, 0, 0, 0, 2, 2]  # eight ones with seed 0, in the torch whose losses are golden
RANDOM = torch.Generator().manual_seed(7)
CLASSES = torch.randint(3, (2, 32, 32), generator=RANDOM)
BATCH = Batch(
    a=torch.rand(2, 3, 32, 32, generator=RANDOM) * 2 - 1,
    b=torch.rand(1, 3, 32, 32, generator=RANDOM).mul(2).sub(1).expand(2, -1, -1, -1),
    classes=CLASSES,
)
BLANK = torch.zeros(1, 3, 32, 32)
ORDERS = {False: "alternating", True: "simultaneous"}


def twenty_steps(nets: Networks, batch: Batch) -> list[list[float]]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    losses = [train_step(nets, batch, Recipe(), contextlib.nullcontext).tolist() for _ in range(20)]
    torch.set_num_threads(threads)
    return losses


def parameters(nets: Networks) -> list[torch.Tensor]:
    return [parameter for part in network_states(nets).values() for parameter in part.network.parameters()]


def test_twenty_updates_give_the_losses_they_always_gave(make_networks: "MakeNetworks", easy_batch: Batch) -> None:
    # To change the golden file: see CONTRIBUTING.
    torch.manual_seed(0)
    pinned = ".".join(map(str, TESTED_TORCH))
    if F.dropout(torch.ones(8), 0.5).tolist() != DROPOUT and not torch.__version__.startswith(f"{pinned}."):
        # With one dropout the losses of torch 2.6 and 2.13 agree in seven digits.
        pytest.skip(f"the losses are those of torch {pinned}; torch {torch.__version__} draws another dropout")
    losses = twenty_steps(make_networks(), easy_batch)
    if "P2P_WRITE_GOLDEN" in os.environ:
        GOLDEN.write_text(json.dumps(losses, indent=1) + "\n")
    assert losses == [pytest.approx(row, rel=1e-3) for row in json.loads(GOLDEN.read_text())]


def test_the_discriminator_does_not_learn_in_the_generator_s_turn(
    make_networks: "MakeNetworks", easy_batch: Batch
) -> None:
    nets = make_networks()
    train_step(nets, easy_batch, Recipe(), contextlib.nullcontext)
    assert not any(parameter.requires_grad for parameter in nets.discriminator_and_optimizer[0].parameters())
    assert all(parameter.grad is not None for parameter in nets.generator.parameters())


def test_both_networks_change_in_one_update(make_networks: "MakeNetworks", easy_batch: Batch) -> None:
    nets = make_networks()
    before = [parameter.clone() for parameter in parameters(nets)]
    train_step(nets, easy_batch, Recipe(), contextlib.nullcontext)
    changed = [not torch.equal(old, new) for old, new in zip(before, parameters(nets), strict=True)]
    assert sum(changed) > len(changed) / 2


def test_ignored_pixels_give_no_loss_and_no_gradient(make_networks: "MakeNetworks", easy_batch: Batch) -> None:
    nets = make_networks()
    before = [parameter.clone() for parameter in nets.generator.parameters()]
    ignored = Batch(easy_batch.a, easy_batch.b, torch.ones(1, 1, 32, 32, dtype=torch.bool))
    losses = train_step(nets, ignored, Recipe(), contextlib.nullcontext)
    assert losses[3].item() == 0
    assert all(torch.equal(a, b) for a, b in zip(before, nets.generator.parameters(), strict=True))


def test_the_generator_learns_an_easy_task(make_networks: "MakeNetworks", easy_batch: Batch) -> None:
    losses = twenty_steps(make_networks(), easy_batch)
    assert losses[-1][3] < 0.9 * losses[0][3]


@pytest.mark.parametrize("simultaneous", [False, True])
@pytest.mark.parametrize("parts", [(), (Part(1, 1.0),) * 2], ids=["whole", "in parts"])
def test_every_pass_of_an_update_is_in_the_precision_of_the_run_and_its_losses_are_in_float32(
    make_networks: "MakeNetworks", simultaneous: bool, parts: tuple[Part, ...]
) -> None:
    nets, seen = make_networks(), dict[str, set[torch.dtype]]()
    for name, part in network_states(nets).items():
        part.network.get_submodule("last").register_forward_hook(
            lambda *at, name=name: seen.setdefault(name, set()).add(at[2].dtype)
        )
    recipe = Recipe(Config(update_order=ORDERS[simultaneous]))
    losses = train_step(nets, replace(BATCH, parts=parts), recipe, autocast_for(torch.device("cpu"), "bfloat16"))
    assert seen == {"generator": {torch.bfloat16}, "discriminator": {torch.bfloat16}}
    assert losses.dtype == torch.float32


class Canvas(Generator):
    """Gives its one parameter for any input, moved by the mean of the noise: what it learns can be read off it."""

    def __init__(self, picture: torch.Tensor, *, noise: int = 0, pixel_noise: int = 0) -> None:
        super().__init__(noise=NoiseChannels(noise, pixel_noise))
        self.picture = nn.Parameter(picture.clone())

    def forward(
        self, x: torch.Tensor, applying: InferencePass | None = None, noise: torch.Tensor | None = None
    ) -> torch.Tensor:
        moved = self.picture.expand(len(x), -1, -1, -1)
        return moved if noise is None else moved + 0.1 * noise.mean(dim=1, keepdim=True)


def canvas_networks(picture: torch.Tensor, *, noise: int = 0, rate: float = 0.1) -> Networks:
    """A canvas against a small discriminator without norms, both moved by plain gradients."""
    generator = Canvas(picture, noise=noise)
    discriminator = PatchGAN(3 + picture.shape[1], filters=4, layers=1, norm="none")
    initialise(discriminator, torch.Generator().manual_seed(2))
    with torch.no_grad():  # steep enough that its gradient is seen beside that of L1
        for parameter in discriminator.parameters():
            parameter.mul_(20)
    first, second = (torch.optim.SGD(network.parameters(), lr=rate) for network in (generator, discriminator))
    return Networks(generator, discriminator, first, second)


def state(network: nn.Module) -> list[torch.Tensor]:
    return [value.clone() for value in network.state_dict().values()]


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def stepped(nets: Networks, batch: Batch, recipe: Recipe) -> dict[str, float]:
    torch.manual_seed(0)
    return dict(zip(recipe.names, train_step(nets, batch, recipe, contextlib.nullcontext).tolist(), strict=True))


EVERYTHING = Config(
    lambda_l2=1,
    lambda_frequency=1,
    class_balanced=True,
    lambda_features=1,
    lambda_gp=1,
    lambda_r1=1,
    label_smoothing=0.1,
    lambda_mode_seeking=1,
    noise_channels=2,
    discriminator_norm="none",
    discriminator_augment="all",
)


@pytest.mark.parametrize("gan_loss", ["bce", "lsgan", "hinge", "wgan", "none"])
@pytest.mark.parametrize("simultaneous", [False, True])
def test_every_gan_loss_changes_its_networks_and_reports_what_its_recipe_names(
    gan_loss: str, simultaneous: bool
) -> None:
    nets, before = canvas_networks(BLANK, noise=2), state(canvas_networks(BLANK).discriminator_and_optimizer[0])
    if gan_loss == "none":
        config = Config(gan_loss="none", lambda_l2=1, class_balanced=True, lambda_mode_seeking=1, noise_channels=2)
        nets = Networks(nets.generator, None, nets.generator_optimizer, None)
    else:
        smoothing = 0.1 if gan_loss in ("bce", "lsgan") else 0.0
        config = replace(EVERYTHING, gan_loss=gan_loss, label_smoothing=smoothing, update_order=ORDERS[simultaneous])
    losses = stepped(nets, BATCH, Recipe(config))
    assert all(math.isfinite(loss) for loss in losses.values())
    assert not torch.equal(nets.generator.state_dict()["picture"], BLANK)
    assert nets.discriminator is None or not same(before, state(nets.discriminator))


def test_without_a_discriminator_the_generator_follows_l1_alone() -> None:
    generator = Canvas(BLANK)
    nets = Networks(generator, None, torch.optim.SGD(generator.parameters(), lr=1.0), None)
    assert stepped(nets, BATCH, Recipe(Config(gan_loss="none", lambda_l1=1))) == {
        "g_l1": pytest.approx(BATCH.b.abs().mean().item())
    }
    torch.testing.assert_close(generator.picture.detach(), BATCH.b[:1].sign() / BLANK.numel())


def test_both_orders_agree_on_the_discriminator_and_on_its_losses() -> None:
    turns, at_once = canvas_networks(BLANK), canvas_networks(BLANK)
    first = stepped(turns, BATCH, Recipe())
    second = stepped(at_once, BATCH, Recipe(Config(update_order="simultaneous")))
    assert (first["d_real"], first["d_fake"]) == (second["d_real"], second["d_fake"])
    assert same(state(turns.discriminator_and_optimizer[0]), state(at_once.discriminator_and_optimizer[0]))


def test_updating_in_turn_shows_the_generator_the_new_discriminator_and_at_once_the_old_one() -> None:
    before = canvas_networks(BLANK).discriminator_and_optimizer[0]
    turns, at_once = canvas_networks(BLANK), canvas_networks(BLANK)
    losses = {
        "turns": stepped(turns, BATCH, Recipe())["g_gan"],
        "at once": stepped(at_once, BATCH, Recipe(Config(update_order="simultaneous")))["g_gan"],
    }
    for name, judge in (("turns", turns.discriminator_and_optimizer[0]), ("at once", before)):
        judged = generator_loss("bce", judge(BATCH.a, torch.zeros_like(BATCH.b)))
        assert losses[name] == pytest.approx(judged.item(), rel=1e-6)
    assert losses["turns"] != losses["at once"]
    assert not same(state(turns.generator), state(at_once.generator))


@pytest.mark.parametrize("simultaneous", [False, True])
def test_features_of_fake_and_real_are_those_of_one_and_the_same_discriminator(simultaneous: bool) -> None:
    nets = canvas_networks(BLANK)
    judge = (
        canvas_networks(BLANK).discriminator_and_optimizer[0] if simultaneous else nets.discriminator_and_optimizer[0]
    )
    found = stepped(nets, BATCH, Recipe(Config(update_order=ORDERS[simultaneous], lambda_features=1)))["g_features"]
    fake, real = judge(BATCH.a, torch.zeros_like(BATCH.b)), judge(BATCH.a, BATCH.b)
    assert found == pytest.approx(feature_loss(fake, real).item(), rel=1e-6)


@pytest.mark.parametrize("simultaneous", [False, True])
def test_lecam_holds_real_pairs_near_the_average_of_fake_ones_and_fake_pairs_near_that_of_real_ones(
    simultaneous: bool,
) -> None:
    nets, judge = replace(canvas_networks(BLANK), lecam=LeCam(1)), canvas_networks(BLANK).discriminator_pass
    found = stepped(nets, BATCH, Recipe(Config(update_order=ORDERS[simultaneous], lambda_lecam=1)))["d_lecam"]
    real, fake = judge(BATCH.a, BATCH.b), judge(BATCH.a, torch.zeros_like(BATCH.b))
    means = torch.stack([real.logits[0].mean(), fake.logits[0].mean()])[:, None]
    assert nets.lecam is not None
    torch.testing.assert_close(nets.lecam.sums / nets.lecam.weight, means, rtol=1e-5, atol=1e-6)
    assert found == pytest.approx(lecam_loss(real, fake, means).item(), rel=1e-5)


def test_smoothing_changes_what_the_discriminator_takes_for_real_and_nothing_else() -> None:
    plain = stepped(canvas_networks(BLANK), BATCH, Recipe(Config(update_order="simultaneous")))
    smooth = stepped(canvas_networks(BLANK), BATCH, Recipe(Config(update_order="simultaneous", label_smoothing=0.3)))
    assert {name for name in plain if plain[name] != smooth[name]} == {"d_real"}


def test_against_a_discriminator_that_stands_still_both_orders_are_one() -> None:
    generators = []
    for simultaneous in (False, True):
        nets = canvas_networks(BLANK)
        nets.discriminator_and_optimizer[1].param_groups[0]["lr"] = 0.0
        stepped(nets, BATCH, Recipe(Config(update_order=ORDERS[simultaneous], lambda_l1=0.01)))
        generators.append(state(nets.generator)[0])
    torch.testing.assert_close(*generators, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("simultaneous", [False, True])
def test_halving_halves_the_discriminator_s_step_and_leaves_the_generator_s_loss(simultaneous: bool) -> None:
    moves = []
    for halved in (True, False):
        nets = canvas_networks(BLANK)
        before = state(nets.discriminator_and_optimizer[0])
        recipe = Recipe(
            Config(
                halve_discriminator_loss=halved,
                lambda_gp=1,
                discriminator_norm="none",
                update_order=ORDERS[simultaneous],
            )
        )
        stepped(nets, BATCH, recipe)
        moves.append([new - old for new, old in zip(state(nets.discriminator_and_optimizer[0]), before, strict=True)])
    for half, whole in zip(*moves, strict=True):
        torch.testing.assert_close(2 * half, whole, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("augment", ["none", "all"])
@pytest.mark.parametrize("classes", [False, True])
def test_no_loss_of_any_recipe_teaches_the_generator_at_ignored_pixels(augment: str, classes: bool) -> None:
    ignored = torch.zeros(2, 1, 32, 32, dtype=torch.bool)
    ignored[:, :, 8:20, 4:30] = True
    batch = Batch(BATCH.a, (CLASSES[:, None] == torch.arange(3)[:, None, None]) * ~ignored * 1.0, ignored)
    batch = replace(batch, classes=CLASSES)
    recipe = Recipe(replace(EVERYTHING, discriminator_augment=augment), classes=classes)
    nets = canvas_networks(BLANK, noise=2)
    stepped(nets, batch, recipe)
    moved = nets.generator.state_dict()["picture"] != 0
    assert not moved[:, :, ignored[0, 0]].any()
    assert moved[:, :, ~ignored[0, 0]].any()


@pytest.mark.parametrize("simultaneous", [False, True])
@pytest.mark.parametrize("parts", [(), (Part(1, 0.5), Part(1, 0.5))], ids=["whole", "in parts"])
def test_an_update_forgets_the_gradients_of_the_one_before(simultaneous: bool, parts: tuple[Part, ...]) -> None:
    nets = canvas_networks(BLANK, rate=0.0)  # nothing moves, so that each update has the same gradients
    recipe, found = Recipe(Config(update_order=ORDERS[simultaneous])), []
    for _ in range(2):
        stepped(nets, replace(BATCH, parts=parts), recipe)
        found.append([value.grad.clone() for value in parameters(nets) if value.grad is not None])
    assert len(found[0]) == len(parameters(nets))
    assert same(*found)


def test_class_logits_are_judged_as_probabilities_and_learn_by_cross_entropy() -> None:
    one_hot = (CLASSES[:, None] == torch.arange(3)[:, None, None]).float()
    nets = canvas_networks(BLANK)
    before = canvas_networks(BLANK).discriminator_and_optimizer[0]
    losses = stepped(nets, Batch(BATCH.a, one_hot), Recipe(classes=True))
    assert losses["g_classes"] == pytest.approx(math.log(3))
    even = discriminator_loss("bce", before(BATCH.a, torch.full_like(one_hot, 1 / 3)), real=False)
    assert losses["d_fake"] == pytest.approx(even.item())


def test_balance_gives_a_rare_class_the_weight_of_a_common_one() -> None:
    classes = torch.zeros(1, 32, 32, dtype=torch.int64)
    classes[:, :4, :16] = 1  # a sixteenth
    batch = Batch(BATCH.a[:1], torch.where(classes[:, None] == 1, 1.0, 0.0).expand(-1, 3, -1, -1), None, classes)
    found = []
    for balanced in (False, True):
        generator = Canvas(BLANK)
        nets = Networks(generator, None, torch.optim.SGD(generator.parameters(), lr=1.0), None)
        found.append(stepped(nets, batch, Recipe(Config(gan_loss="none", class_balanced=balanced)))["g_l1"])
    assert found == pytest.approx([1 / 16, 1 / 2])


def labelling_networks(*, patches_rate: float = 0.0, rate: float = 0.1) -> Networks:
    """A canvas against patches and a labeller, moved by plain gradients; the rates are the opponents' and its own."""
    nets = canvas_networks(BATCH.b[1:] * 0.5, rate=rate)
    discriminator = SegmentationHead(nets.discriminator_and_optimizer[0], 3, classes=3, widths=[4, 8], norm="none")
    initialise(discriminator.labeller, torch.Generator().manual_seed(4))
    with torch.no_grad():
        for parameter in discriminator.labeller.parameters():
            parameter.mul_(20)
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=patches_rate)
    return replace(nets, discriminator=discriminator, discriminator_optimizer=optimizer)


def labeller_of(nets: Networks) -> Generator:
    discriminator = nets.discriminator_and_optimizer[0]
    assert isinstance(discriminator, SegmentationHead)
    return discriminator.labeller


def seen_in(nets: Networks, photo: torch.Tensor) -> float:
    weights = pixel_weights(None, CLASSES)
    assert weights is not None
    return segmentation_loss(labeller_of(nets)(photo), CLASSES, weights).item()


@pytest.mark.parametrize("simultaneous", [False, True])
def test_the_generator_pays_for_what_is_not_seen_of_its_mask_and_learns_to_show_it(simultaneous: bool) -> None:
    nets = labelling_networks()
    recipe = Recipe(
        Config(
            segmentation_head="on",
            segmentation_balanced=True,
            segmentation_hinge=False,
            lambda_segmentation=1,
            lambda_gan=1e-9,
            lambda_l1=0,
            update_order=ORDERS[simultaneous],
        )
    )
    assert recipe.names == ("d_real", "d_fake", "g_gan", "g_labels", "d_labels")
    before = seen_in(nets, nets.generator(BATCH.a))
    assert stepped(nets, BATCH, recipe)["g_labels"] == pytest.approx(before, rel=1e-6)
    assert seen_in(nets, nets.generator(BATCH.a)) < before


@pytest.mark.parametrize("simultaneous", [False, True])
def test_the_segmentation_head_learns_from_real_photos_alone(simultaneous: bool) -> None:
    recipe = Recipe(Config(segmentation_head="on", lambda_segmentation=1, update_order=ORDERS[simultaneous]))
    taught = []
    for canvas in (BLANK, BLANK + 0.7):
        nets = labelling_networks(patches_rate=0.1, rate=0.0)
        nets.generator.load_state_dict({"picture": canvas})
        before = seen_in(nets, BATCH.b)
        assert stepped(nets, BATCH, recipe)["d_labels"] == pytest.approx(before, rel=1e-6)
        assert seen_in(nets, BATCH.b) < before
        taught.append(state(labeller_of(nets)))
    assert same(*taught)


def test_pixels_without_a_class_and_ignored_ones_are_not_to_be_seen() -> None:
    ignored = torch.zeros(2, 1, 32, 32, dtype=torch.bool)
    ignored[:, :, :, :16] = True
    shown = torch.where(ignored[:, 0], 0, CLASSES)
    recipe = Recipe(Config(segmentation_head="on", lambda_gan=1e-9, lambda_l1=0))
    blind = {"ignored": replace(BATCH, classes=CLASSES, ignored=ignored)}
    blind["changed under it"] = replace(blind["ignored"], classes=shown)
    blind["no class"] = replace(BATCH, classes=torch.where(ignored[:, 0], -1, CLASSES))
    found = {name: stepped(labelling_networks(), batch, recipe)["d_labels"] for name, batch in blind.items()}
    assert found["ignored"] == found["changed under it"] == pytest.approx(found["no class"], rel=1e-6)


def test_without_balance_the_generator_pays_for_every_pixel_alike_and_the_head_still_for_every_class() -> None:
    ignored = torch.zeros(2, 1, 32, 32, dtype=torch.bool)
    ignored[0, :, :, :16] = True  # the pictures differ in how many pixels count
    rare = (CLASSES == 2).long()
    rare[:, :, 31] = -1
    batch = replace(BATCH, classes=rare, ignored=ignored)
    plain: dict[str, Any] = {"segmentation_hinge": False, "lambda_gan": 1e-9, "lambda_l1": 0}
    config = Config(segmentation_head="on", lambda_segmentation=1, **plain)
    balanced, even = (
        stepped(labelling_networks(), batch, Recipe(replace(config, segmentation_balanced=each)))
        for each in (True, False)
    )
    counted = rare.masked_fill(ignored[:, 0], -1)
    logits = labeller_of(nets := labelling_networks())(torch.where(ignored, batch.b, nets.generator(batch.a)))
    expected = torch.nn.functional.cross_entropy(logits, counted, ignore_index=-1).item()
    assert even["g_labels"] == pytest.approx(expected, rel=1e-5)
    assert even["d_labels"] == balanced["d_labels"]
    assert balanced["g_labels"] != pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("simultaneous", [False, True])
def test_with_the_hinge_a_photo_gains_nothing_by_showing_more_than_the_real_one(simultaneous: bool) -> None:
    config = Config(segmentation_head="on", lambda_segmentation=1, lambda_gan=1e-9, lambda_l1=0)
    changes: dict[str, Any] = {
        "segmentation_balanced": True,
        "segmentation_hinge": True,
        "update_order": ORDERS[simultaneous],
    }
    recipe = Recipe(replace(config, **changes))
    labeller, photo = labeller_of(labelling_networks()), BATCH.b[1:] * 0.5
    costs = [
        torch.nn.functional.cross_entropy(labeller(each), CLASSES, reduction="none")
        for each in (photo.expand(2, -1, -1, -1), BATCH.b)
    ]
    weights = pixel_weights(None, CLASSES)
    assert weights is not None
    expected = ((costs[0] - costs[1]).clamp(min=0)[:, None] * weights).mean().item()
    assert stepped(labelling_networks(), BATCH, recipe)["g_labels"] == pytest.approx(expected, rel=1e-5)
    nets = labelling_networks(rate=1.0)
    nets.generator.load_state_dict({"picture": BATCH.b[:1]})
    first = replace(BATCH, a=BATCH.a[:1], b=BATCH.b[:1], classes=CLASSES[:1])
    assert stepped(nets, first, recipe)["g_labels"] == 0
    assert torch.allclose(nets.generator.state_dict()["picture"], BATCH.b[:1], atol=1e-6)


def test_mode_seeking_pushes_the_pictures_of_two_noises_apart() -> None:
    class Scaled(Canvas):
        def forward(
            self, x: torch.Tensor, applying: InferencePass | None = None, noise: torch.Tensor | None = None
        ) -> torch.Tensor:
            assert noise is not None
            return self.picture * noise.mean(dim=1, keepdim=True).expand(-1, 3, *x.shape[2:])

    generator = Scaled(torch.full((1, 1, 1, 1), 0.5), noise=1)
    nets = Networks(generator, None, torch.optim.SGD(generator.parameters(), lr=0.01), None)
    losses = stepped(nets, BATCH, Recipe(Config(gan_loss="none", lambda_l1=0, lambda_mode_seeking=1, noise_channels=2)))
    assert losses == {"g_modes": pytest.approx(2.0, rel=1e-3)}  # 1 / 0.5
    assert generator.picture.item() == pytest.approx(0.5 + 0.01 * 4, rel=1e-3)  # its gradient is -1 / 0.5^2


def test_mode_seeking_compares_pictures_of_the_same_noise_of_pixels() -> None:
    class Mottled(Canvas):
        def forward(
            self, x: torch.Tensor, applying: InferencePass | None = None, noise: torch.Tensor | None = None
        ) -> torch.Tensor:
            assert noise is not None
            return self.picture * noise[:, 1:].mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)

    generator = Mottled(torch.full((1, 1, 1, 1), 0.5), noise=1, pixel_noise=1)
    nets = Networks(generator, None, torch.optim.SGD(generator.parameters(), lr=0.01), None)
    losses = stepped(nets, BATCH, Recipe(Config(gan_loss="none", lambda_l1=0, lambda_mode_seeking=1, noise_channels=1)))
    assert losses["g_modes"] > 1e4  # all that differs between the pictures is texture, and it is the same


def test_a_generator_that_takes_noise_meets_another_at_each_update() -> None:
    nets = canvas_networks(BLANK, noise=2, rate=0.0)
    torch.manual_seed(0)
    losses = [train_step(nets, BATCH, Recipe(), contextlib.nullcontext)[3].item() for _ in range(3)]
    assert len(set(losses)) == 3


def noisy_networks(norm: str) -> Networks:
    """A U-Net with noise, and all that an update of it needs when there is no discriminator."""
    generator = Architecture(3, 3, 5, 4, 16, norm, 0, noise=2).build()
    initialise(generator, torch.Generator().manual_seed(3))
    return Networks(generator, None, torch.optim.SGD(generator.parameters(), lr=0.01), None)


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("pairs", [1, 2])
def test_two_outputs_of_one_pass_are_those_of_two_passes_with_statistics_of_their_own(norm: str, pairs: int) -> None:
    found, config = [], Config(gan_loss="none", lambda_mode_seeking=1, noise_channels=2, dropout=0)
    batch = replace(BATCH, a=BATCH.a[:pairs], b=BATCH.b[:pairs], classes=None)
    for each in (config, replace(config, dropout=0.5)):  # the recipe's dropout alone, for which there are two passes
        nets = noisy_networks(norm)
        passes: list[int] = []
        nets.generator.register_forward_hook(lambda *at, seen=passes: seen.append(len(at[2])))
        losses = [stepped(nets, batch, Recipe(each)) for _ in range(2)]
        found.append((losses, nets.generator.state_dict(), passes))
    (losses, values, passes), (expected, others, apart) = found
    assert (passes, apart) == ([2 * pairs] * 2, [pairs] * 4)
    assert losses == [pytest.approx(each, rel=1e-4) for each in expected]
    for name, value in others.items():
        # Biases before a norm have a gradient of rounding alone.
        assert torch.allclose(values[name], value, rtol=1e-4, atol=1e-5), name


def test_the_real_photo_is_segmented_once_and_again_only_where_the_generator_s_turn_has_another_view_of_it() -> None:
    recipe = Recipe(Config(segmentation_head="on", lambda_l1=0))
    nets = labelling_networks()
    head, _ = nets.discriminator_and_optimizer
    assert isinstance(head, SegmentationHead)
    calls: list[str] = []
    head.patches.register_forward_hook(lambda *_: calls.append("judged"))
    head.labeller.register_forward_hook(lambda *_: calls.append("segmented"))

    def counts(**changes: Any) -> tuple[int, int]:
        calls.clear()
        stepped(nets, BATCH, Recipe(replace(recipe.config, **changes)))
        return calls.count("judged"), calls.count("segmented")

    assert counts() == (3, 2), "real and fake in the discriminator's turn, fake in the generator's"
    assert counts(spectral_norm=True) == (3, 2)
    assert counts(discriminator_augment="geometry") == (3, 3)
    assert counts(discriminator_augment="geometry", spectral_norm=True) == (4, 3), "a pass changes the estimate"
    assert counts(lambda_features=10.0) == (4, 3)
    with torch.no_grad():
        labels = head(BATCH.a, BATCH.b, labels=True).labels
        assert labels is not None
        assert torch.equal(head.segment(BATCH.b), labels)
