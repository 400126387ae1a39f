"""Names and order of the reference's tensors, against its layers written down by themselves."""

from typing import TYPE_CHECKING

import pytest
import torch

from p2p_gan.models.reference_layout import entries, leftover, recognise, reference_name, why_not
from p2p_gan.networks.architecture import Architecture

if TYPE_CHECKING:
    from gan.models.conftest import MakeReference


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("kind", ["unet_32", "unet_64", "unet_256", "resnet_1blocks", "resnet_9blocks"])
def test_every_tensor_is_listed_in_the_reference_s_order_and_has_its_place(
    kind: str, norm: str, reference: "MakeReference"
) -> None:
    state = reference(kind, norm=norm, dropout=True).state_dict()
    architecture = recognise(state)
    assert architecture is not None
    assert (reference_name(architecture), architecture.norm, why_not(architecture)) == (kind, norm, None)
    listed = entries(architecture)
    assert [entry.theirs for entry in listed] == list(state)
    with torch.device("meta"):
        ours = architecture.build().state_dict()
    assert sorted(entry.ours for entry in listed if entry.ours) == sorted(ours)


@pytest.mark.parametrize(("inputs", "outputs", "filters"), [(1, 3, 2), (4, 64, 3), (64, 1, 1)])
@pytest.mark.parametrize("kind", ["unet_64", "resnet_6blocks"])
def test_channels_and_filters_are_read_off_the_shapes(
    kind: str, inputs: int, outputs: int, filters: int, reference: "MakeReference"
) -> None:
    found = recognise(reference(kind, inputs=inputs, outputs=outputs, filters=filters).state_dict())
    assert found is not None
    assert (found.inputs, found.outputs, found.filters) == (inputs, outputs, filters)


def test_a_unet_s_dropout_is_in_all_blocks_of_eight_times_the_filters_but_the_innermost(
    reference: "MakeReference",
) -> None:
    shapes = {side: recognise(reference(f"unet_{side}").state_dict()) for side in (32, 128, 256)}
    found = {side: shape.dropouts() for side, shape in shapes.items() if shape}
    assert found[32] == [0.0] * 4
    assert found[128] == [0.0, 0.5, 0.5, 0.0, 0.0, 0.0]
    assert found[256] == [0.0, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0]


def test_tensors_of_another_kind_are_not_recognised() -> None:
    assert recognise({}) is None
    assert recognise({"net.0.weight": torch.zeros(4, 6, 1, 1)}) is None


def test_only_statistics_of_instance_norms_are_left_over() -> None:
    instance = Architecture(3, 3, 5, 2, 16, "instance", 0.0)
    assert leftover("model.model.1.model.2.running_mean", instance)
    assert not leftover("model.model.1.model.1.running_mean", instance)
    assert not leftover("model.model.1.model.2.weight", instance)
    assert not leftover("model.model.1.model.2.running_mean", Architecture(3, 3, 5, 2, 16, "batch", 0.0))


def test_a_generator_that_the_reference_has_not_is_named() -> None:
    reason = why_not(Architecture(3, 3, 5, 2, 16, "batch", 0.5, class_adaptive=True, biases=False))
    assert reason is not None
    assert "classes" in reason
    reason = why_not(Architecture(3, 3, 5, 2, 16, "batch", 0.5, "diffusion", biases=False))
    assert reason == "generator is a diffusion, and the reference's is a unet or a resnet"
