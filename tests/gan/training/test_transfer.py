"""What a network takes over from another one: the same function where all fits, classes by name, and the rest named."""

from dataclasses import replace

import pytest
import torch

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import Palette, PaletteClass
from p2p_gan.data.coding import CodedHalf, coding_of
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.base import InferencePass
from p2p_gan.networks.discriminators import MultiScale, PatchGAN, PixelClassifier, SegmentationHead
from p2p_gan.networks.projected import ProjectedDiscriminator
from p2p_gan.training.transfer import (
    ChannelMatch,
    SeenChannels,
    discriminator_edges,
    discriminator_names,
    generator_edges,
    generator_names,
    match_channels,
    match_classes,
    match_numbers,
    pair_match,
    transfer_weights,
)

OLD = Palette("old", tuple(PaletteClass(name, (number, 0, 0)) for number, name in enumerate(("sky", "car", "Tyre"))))
NEW = Palette(
    "new",
    (
        PaletteClass("road", (9, 9, 9)),
        PaletteClass("wheel", (2, 0, 0), aliases=("tyre",)),
        PaletteClass("car", (5, 0, 0)),
    ),
)
MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
SHAPE = Architecture(3, 3, 5, 4, 16, "batch", 0.0)
NO_NOISE = match_numbers(0, 0)
APPLYING = InferencePass("picture")


def coded(half: Half, palette: Palette | None = None, as_: str = "values") -> CodedHalf:
    return CodedHalf(half, coding_of(half, palette, as_), palette)


def test_classes_are_matched_by_name_and_alias_and_never_by_their_number() -> None:
    found = match_channels(coded(MASK, NEW, "classes"), coded(MASK, OLD, "classes"))
    assert found.rows == ((), ((2, 1.0),), ((1, 1.0),))
    assert found.lines == ("new classes: road", "classes of that model without use: sky")


def test_masks_as_colours_name_the_classes_whose_colour_means_something_else() -> None:
    found = match_channels(coded(MASK, NEW), coded(MASK, OLD))
    assert found.is_plain
    assert [line.rpartition(": ")[2] for line in found.lines] == ["road", "car"]


def test_classes_and_colours_have_nothing_in_common() -> None:
    found = match_channels(coded(MASK, NEW, "classes"), coded(MASK, OLD))
    assert not any(found.rows)
    assert len(found.lines) == 1


def test_channels_without_names_are_matched_by_number_and_counted() -> None:
    found = match_channels(coded(Half("bands", "picture", 4)), coded(Half("bands", "picture", 2)))
    assert found.rows == (((0, 1.0),), ((1, 1.0),), (), ())
    assert "4 channels, in that model 2" in found.lines[0]


@pytest.mark.parametrize("output", [False, True])
@pytest.mark.parametrize(("new", "old"), [(1, 3), (3, 1)])
def test_grey_stays_grey_when_colour_comes_or_goes(new: int, old: int, output: bool) -> None:
    before = replace(SHAPE, inputs=3 if output else old, outputs=old if output else 3)
    after = replace(SHAPE, inputs=3 if output else new, outputs=new if output else 3)
    one, other = before.build(), after.build()
    same = match_numbers(3, 3)
    changed = match_channels(coded(Half("x", "photo", new)), coded(Half("x", "photo", old)), output=output)
    edges = generator_edges(after, same if output else changed, changed if output else same, NO_NOISE)
    other.load_state_dict(transfer_weights(other.state_dict(), one.state_dict(), edges, {}).tensors)
    grey = torch.rand(1, 1, 32, 32)
    first, second = (
        net(grey.expand(1, shape.inputs, 32, 32), APPLYING) for net, shape in ((one, before), (other, after))
    )
    if not output:
        assert torch.allclose(first, second, atol=1e-5)
    else:
        assert torch.allclose(first.atanh().mean(dim=1), second.atanh().mean(dim=1), atol=1e-3)


def test_a_network_of_the_same_shape_is_taken_whole() -> None:
    one, other = SHAPE.build(), SHAPE.build()
    same = match_numbers(3, 3)
    found = transfer_weights(other.state_dict(), one.state_dict(), generator_edges(SHAPE, same, same, NO_NOISE), {})
    assert found.is_whole
    assert not found.anew
    assert all(torch.equal(found.tensors[name], value) for name, value in one.state_dict().items())


def test_a_class_that_is_new_begins_as_it_was_drawn() -> None:
    after, before = replace(SHAPE, inputs=3), replace(SHAPE, inputs=3)
    one, other = before.build().state_dict(), after.build().state_dict()
    edges = generator_edges(after, match_classes(NEW, OLD), match_numbers(3, 3), NO_NOISE)
    found = transfer_weights(other, one, edges, {})
    name = "down.0.conv.weight"
    assert torch.equal(found.tensors[name][:, 0], other[name][:, 0])
    assert torch.equal(found.tensors[name][:, 2], one[name][:, 1])
    assert not found.is_whole
    assert found.share > 0.9


def test_a_deeper_decoder_keeps_the_blocks_of_the_same_resolution() -> None:
    deep, flat = replace(SHAPE, depth=6), SHAPE
    one, other = flat.build().state_dict(), deep.build().state_dict()
    same = match_numbers(3, 3)
    found = transfer_weights(other, one, generator_edges(deep, same, same, NO_NOISE), generator_names(deep, flat))
    outermost = {"deep": "up.4.conv.weight", "flat": "up.3.conv.weight"}
    assert torch.equal(found.tensors[outermost["deep"]], one[outermost["flat"]])
    assert torch.equal(found.tensors["up.0.conv.weight"], other["up.0.conv.weight"])
    assert "up.0" in found.anew


def test_another_network_gives_nothing() -> None:
    resnet = replace(SHAPE, kind="resnet", blocks=2)
    same = match_numbers(3, 3)
    found = transfer_weights(
        SHAPE.build().state_dict(), resnet.build().state_dict(), generator_edges(SHAPE, same, same, NO_NOISE), {}
    )
    assert found.share < 0.05


def test_a_discriminator_with_a_head_and_two_scales_takes_over_one_without() -> None:
    old = PatchGAN(6, filters=2, layers=2, norm="batch")
    new = SegmentationHead(
        MultiScale([PatchGAN(6, filters=2, layers=2, norm="batch") for _ in range(2)]),
        3,
        classes=3,
        widths=[2, 4],
        norm="batch",
    )
    three = match_numbers(3, 3)
    names = discriminator_names(new.state_dict(), old.state_dict())
    seen = SeenChannels(pair_match(three, three, (True, True)), three, None, three)
    edges = discriminator_edges(new.state_dict(), old.state_dict(), seen)
    found = transfer_weights(new.state_dict(), old.state_dict(), edges, names)
    assert torch.equal(found.tensors["patches.scales.0.convs.0.weight"], old.state_dict()["convs.0.weight"])
    assert {"patches.scales.1.convs.0", "labeller.last"} <= set(found.anew)
    assert 0 < found.share < 0.6


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("old", [True, False])
def test_a_discriminator_that_sees_one_half_and_one_that_sees_both_share_that_half(new: bool, old: bool) -> None:
    inputs = ChannelMatch((((0, 1.0),), ((1, 1.0),)), 2)
    found = pair_match(inputs, match_numbers(3, 3), (new, old))
    assert found.old == (5 if old else 3)
    assert len(found.rows) == (5 if new else 3)
    assert found.rows[-1] == ((found.old - 1, 1.0),)
    assert found.is_plain == (new == old)


def test_norms_of_classes_and_all_that_segments_follow_the_names_of_the_classes() -> None:
    shape = replace(SHAPE, class_adaptive=True)
    one, other = shape.build().state_dict(), shape.build().state_dict()
    classes = match_classes(NEW, OLD)
    name = "up.1.by_class.scale.weight"
    found = transfer_weights(other, one, generator_edges(shape, classes, match_numbers(3, 3), NO_NOISE), {})
    assert torch.equal(found.tensors[name][:, 2], one[name][:, 1])
    assert torch.equal(found.tensors[name][:, 0], other[name][:, 0])
    three = match_numbers(3, 3)
    seen = SeenChannels(pair_match(classes, three, (True, True)), three, classes, classes)
    for make in (
        lambda: PixelClassifier(3, classes=3, widths=[2, 4], norm="batch"),
        lambda: ProjectedDiscriminator(
            PatchGAN(6, filters=2, layers=1, norm="batch"), [8], width=4, condition=3, skipped=0
        ),
    ):
        old, new = make().state_dict(), make().state_dict()
        taken = transfer_weights(new, old, discriminator_edges(new, old, seen), discriminator_names(new, old))
        if "segmenter.last.weight" in new:
            name = "segmenter.last.weight"
            assert torch.equal(taken.tensors[name][2], old[name][1])
            assert torch.equal(taken.tensors[name][3], old[name][3])  # fake
            assert torch.equal(taken.tensors[name][0], new[name][0])
        else:
            name = "heads.0.conv.weight"
            assert torch.equal(taken.tensors[name][:, :4], old[name][:, :4])
            assert torch.equal(taken.tensors[name][:, 6], old[name][:, 5])
            assert torch.equal(taken.tensors["others.convs.0.weight"][:, 3:], old["others.convs.0.weight"][:, 3:])
