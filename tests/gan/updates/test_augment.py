"""What the discriminator sees may be shifted, cut and coloured, but never taken apart, and never a mask's colours."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from p2p_gan.updates.augment import DiscriminatorView, augment

N, SIDE = 16, 16
KINDS = ("color", "geometry", "all")


def photos(seed: int, channels: int = 3) -> Tensor:
    """Values of 0.1 to 1: none is the 0 that comes in from outside."""
    return torch.rand(N, channels, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 0.9 + 0.1


def values(x: Tensor) -> set[float]:
    return set(x.flatten().tolist())


def one_hot(seed: int) -> Tensor:
    classes = torch.randint(4, (N, SIDE, SIDE), generator=torch.Generator().manual_seed(seed))
    return torch.stack([classes == index for index in range(4)], dim=1).float()


def test_nothing_is_drawn_where_nothing_is_augment() -> None:
    state, view = torch.get_rng_state(), DiscriminatorView(photos(0), photos(1), photos(2))
    assert augment(view, "none", (True, True)) is view
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("kind", KINDS)
def test_all_pictures_of_a_pair_share_one_draw(kind: str) -> None:
    torch.manual_seed(1)
    x = photos(0)
    view = augment(DiscriminatorView(x, x.clone(), x.clone()), kind, (True, True))
    assert torch.equal(view.real_a, view.real_b)
    assert torch.equal(view.real_b, view.fake_b)
    assert not torch.equal(view.real_a, x)


def test_what_is_ignored_moves_with_its_pixels() -> None:
    torch.manual_seed(1)
    b = photos(0)
    view = augment(DiscriminatorView(b, b, b, b[:, :1] > 0.5), "geometry", (False, True))
    assert view.ignored is not None
    assert torch.equal(view.ignored, view.real_b[:, :1] > 0.5)


def test_the_classes_of_the_mask_move_with_its_pixels_and_what_comes_in_has_none() -> None:
    torch.manual_seed(1)
    classes = torch.randint(3, (N, SIDE, SIDE), generator=torch.Generator().manual_seed(3))
    b = (classes[:, None].float() + 1) / 3
    view = augment(DiscriminatorView(b, b, b, None, classes), "geometry", (False, True))
    assert view.classes is not None
    assert view.classes.dtype == torch.int64
    assert torch.equal(view.classes[:, None], (view.real_b * 3).round().long() - 1)
    assert set(view.classes.flatten().tolist()) == {-1, 0, 1, 2}


@pytest.mark.parametrize("kind", KINDS)
def test_each_pair_has_a_draw_of_its_own(kind: str) -> None:
    torch.manual_seed(1)
    x = photos(0)[:1].expand(N, -1, -1, -1)
    view = augment(DiscriminatorView(x, x, x), kind, (True, True))
    assert len({tuple(picture.flatten().tolist()) for picture in view.real_b}) > N / 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_colours_of_a_mask_and_its_classes_stay_what_they_are(kind: str) -> None:
    torch.manual_seed(1)
    mask, classes = photos(0), one_hot(1)
    view = augment(DiscriminatorView(mask, classes, classes), kind, (False, False))
    assert values(view.real_b) == {0.0, 1.0}
    assert values(view.real_a) <= {0.0} | values(mask)


@pytest.mark.parametrize(("colours", "changed"), [((False, True), (False, True)), ((True, False), (True, False))])
def test_colour_changes_the_photo_alone(colours: tuple[bool, bool], changed: tuple[bool, bool]) -> None:
    torch.manual_seed(1)
    a, b = photos(0), photos(1)
    view = augment(DiscriminatorView(a, b, b), "color", colours)
    assert (not torch.equal(view.real_a, a), not torch.equal(view.real_b, b)) == changed
    assert torch.equal(view.fake_b, view.real_b)


def test_colour_moves_no_pixel_and_grey_stays_grey() -> None:
    torch.manual_seed(1)
    grey = photos(0, channels=1)
    view = augment(DiscriminatorView(grey.expand(-1, 3, -1, -1), grey, grey), "color", (True, True))
    torch.testing.assert_close(view.real_a, view.real_b.expand(-1, 3, -1, -1))
    # Brightness and contrast keep the order of the pixels.
    assert torch.equal(view.real_b.flatten(1).argsort(dim=1), grey.flatten(1).argsort(dim=1))


def test_a_plain_picture_becomes_brighter_or_darker_by_at_most_a_quarter_of_the_range() -> None:
    torch.manual_seed(1)
    plain = torch.zeros(N, 3, SIDE, SIDE)
    moved = augment(DiscriminatorView(plain, plain, plain), "color", (False, True)).real_b
    assert torch.equal(moved, moved[:, :1, :1, :1].expand_as(moved))
    assert -0.5 <= moved.min() < -0.1
    assert 0.1 < moved.max() <= 0.5


def test_saturation_changes_how_far_channels_differ_and_contrast_how_far_pixels_do() -> None:
    torch.manual_seed(1)
    photo = photos(0)
    spread = [
        torch.stack([x.std(dim=1).mean(dim=(1, 2)), x.mean(dim=1).flatten(1).std(dim=1)])
        for x in (augment(DiscriminatorView(photo, photo, photo), "color", (False, True)).real_b, photo)
    ]
    colours, pixels = spread[0] / spread[1]
    # Contrast lies between 0.5 and 1.5 and scales both; saturation, between 0 and 2, channels alone.
    assert 0.5 <= pixels.min() < 0.8
    assert 1.2 < pixels.max() <= 1.5
    assert (colours / pixels).min() < 0.5
    assert 1.5 < (colours / pixels).max() <= 2


def test_geometry_shifts_by_at_most_an_eighth_and_covers_at_most_a_quarter() -> None:
    torch.manual_seed(1)
    x = photos(0)
    view = augment(DiscriminatorView(x, x, x), "geometry", (False, False)).real_b
    shifts = set()
    for before, after in zip(x, view, strict=True):
        found = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if bool(((after == shifted(before, down, right)) | (after == 0)).all())
        ]
        assert len(found) == 1
        shifts.update(found)
        lost = (after == 0).float().mean().item()
        assert lost <= 1 - (14 / 16) ** 2 + 0.25
        assert lost >= 0.25 / 4 - 1e-6
    assert len(shifts) > 5


def shifted(picture: Tensor, down: int, right: int) -> Tensor:
    moved = torch.zeros_like(picture)
    height, width = picture.shape[1:]
    moved[:, max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = picture[
        :, max(0, -down) : height + min(0, -down), max(0, -right) : width + min(0, -right)
    ]
    return moved


@pytest.mark.parametrize("kind", KINDS)
def test_the_generator_learns_through_the_augmentation(kind: str) -> None:
    torch.manual_seed(1)
    fake = photos(2).requires_grad_(True)
    view = augment(DiscriminatorView(photos(0), photos(1), fake), kind, (False, True))
    view.fake_b.sum().backward()  # type: ignore[no-untyped-call]
    assert fake.grad is not None
    if kind == "geometry":  # a pixel that is view counts once, one that is not has nothing to learn
        assert fake.grad.sum() == (view.fake_b != 0).sum()
    assert fake.grad.abs().sum() > 0


def test_a_draw_follows_from_torch_s_own_random_state() -> None:
    view = DiscriminatorView(photos(0), photos(1), photos(2))

    def drawn() -> Tensor:
        return augment(view, "all", (True, True)).real_b

    assert same_after_seeding(drawn)


def same_after_seeding(drawn: Callable[[], Tensor]) -> bool:
    torch.manual_seed(5)
    first, second = drawn(), drawn()
    torch.manual_seed(5)
    return torch.equal(first, drawn()) and not torch.equal(first, second)


def test_what_is_cut_out_is_half_of_each_side_with_its_centre_anywhere_in_the_picture() -> None:
    torch.manual_seed(1)
    white = torch.ones(1, 1, 12, 16)
    firsts = set[int]()
    for _ in range(300):
        gone = augment(DiscriminatorView(white, white, white), "geometry", (False, False)).real_b[0, 0] == 0
        # Rows and columns that came in by the shift are 0 as a whole.
        rows, columns = (~gone.all(dim=1)).nonzero().flatten(), (~gone.all(dim=0)).nonzero().flatten()
        inside = gone[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        height, width = int(inside.any(dim=1).sum()), int(inside.any(dim=0).sum())
        assert height <= 6
        assert width <= 8
        assert int(inside.sum()) == height * width
        if (height, width) == (6, 8):
            firsts.add(int(inside.any(dim=0).nonzero()[0]))
    assert len(firsts) > 5


def test_colour_goes_from_grey_to_twice_as_strong_and_contrast_from_half_to_one_and_a_half() -> None:
    torch.manual_seed(1)
    photo = photos(0)[:1].expand(2000, -1, -1, -1)
    view = augment(DiscriminatorView(photo, photo, photo), "color", (False, True))

    def spread(x: Tensor) -> Tensor:
        return x.mean(dim=1).std(dim=(1, 2))

    def strength(x: Tensor) -> Tensor:
        return (x - x.mean(dim=1, keepdim=True)).std(dim=(1, 2, 3))

    contrast = spread(view.real_b) / spread(photo)
    saturation = strength(view.real_b) / strength(photo) / contrast
    for values, low, high in ((contrast, 0.5, 1.5), (saturation, 0.0, 2.0)):
        assert values.min().item() == pytest.approx(low, abs=0.02)
        assert values.max().item() == pytest.approx(high, abs=0.02)
    moved = view.real_b.mean(dim=(1, 2, 3)) - photo.mean(dim=(1, 2, 3))
    assert moved.abs().max().item() == pytest.approx(0.5, abs=0.02)
