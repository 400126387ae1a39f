"""The labeller sees the photo alone, only when it is asked, and leaves the patches what they are."""

import torch

from p2p_gan.networks.initial import initialise
from p2p_gan.networks.labeller import Labelling
from p2p_gan.networks.patchgan import PatchGAN

RANDOM = torch.Generator().manual_seed(3)
A, OTHER, B = (torch.rand(2, channels, 32, 64, generator=RANDOM) for channels in (5, 5, 3))


def labelling() -> Labelling:
    patches = PatchGAN(8, filters=4, layers=2, norm="none")
    network = Labelling(patches, 3, classes=5, widths=[4, 8, 8], norm="none")
    initialise(network, torch.Generator().manual_seed(0))
    return network


def test_every_pixel_gets_a_logit_for_each_class_if_asked_for() -> None:
    network = labelling()
    assert network(A, B).labels is None
    labels = network(A, B, labels=True).labels
    assert labels is not None
    assert labels.shape == (2, 5, 32, 64)
    assert labels.abs().max() > 0


def test_labels_are_seen_in_the_photo_and_never_read_off_the_mask() -> None:
    network = labelling()
    one, other, photo = (network(a, b, labels=True).labels for a, b in ((A, B), (OTHER, B), (A, B.flip(3))))
    assert one is not None
    assert other is not None
    assert photo is not None
    assert torch.equal(one, other)
    assert not torch.equal(one, photo)


def test_the_patches_judge_as_they_would_alone() -> None:
    network = labelling()
    for labels in (False, True):
        found, alone = network(A, B, labels=labels), network.patches(A, B)
        assert torch.equal(found.logits[0], alone.logits[0])
        assert len(found.features) == len(alone.features)
