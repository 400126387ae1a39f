"""Grids to look at: every kind of half becomes visible, and pictures of many sizes stand in rows."""

import numpy as np

from p2p_datatools.contract.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_gan.data.grid import grid_of, visible


def test_floats_classes_grey_and_many_channels_are_made_visible() -> None:
    cars = load_palette("cars")
    assert visible(
        np.array([[[-1.0], [1.0]]], np.float32), Half("x", "photo", 1, "float32", (-1, 1)), None
    ).tolist() == [[[0, 0, 0], [255, 255, 255]]]
    classes = visible(np.array([[[0], [1]]], np.uint8), Half("m", "mask"), cars)
    assert classes.tolist() == [[[0, 0, 0], [255, 0, 0]]]
    many = np.zeros((2, 2, 12), np.uint16)
    many[..., 1] = 65535
    assert visible(many, Half("x", "photo", 12, "uint16", (0, 65535)), None)[0, 0].tolist() == [0, 255, 0]


def test_pictures_of_other_sizes_stand_on_white() -> None:
    small, large = np.zeros((2, 3, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)
    grid = grid_of([[small, large], [large, small]])
    assert grid.shape == (8, 10, 3)
    assert (grid[0, :3] == 0).all()
    assert (grid[2:4, :5] == 255).all()
