"""The sample grids of a run become a film: the ends once, the generated column at several times."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from p2p_datatools.contract.pictures.images import write_png
from p2p_gan.reports.samples import MOST_FRAMES, read_film


def test_a_film_has_the_columns_of_its_grids(make_run: Callable[..., Path]) -> None:
    run = make_run(samples=0)
    for images in (0, 50):
        grid = np.concatenate([np.full((64, 32, 3), value, np.uint8) for value in (10, 20 + images, 30)], axis=1)
        write_png(run / "samples" / f"{images:010d}.png", grid)
    film = read_film(run)
    assert film.inputs is not None
    assert film.reals is not None
    assert (film.inputs.min(), film.reals.max(), film.count) == (10, 30, 2)
    assert [(images, column.shape, int(column.mean())) for images, column in film.frames] == [
        (0, (64, 32, 3), 20),
        (50, (64, 32, 3), 70),
    ]


def test_of_many_grids_some_are_shown_with_the_first_and_the_last(make_run: Callable[..., Path]) -> None:
    film = read_film(make_run(samples=MOST_FRAMES + 7))
    assert (len(film.frames), film.count) == (MOST_FRAMES, MOST_FRAMES + 7)
    assert [film.frames[0][0], film.frames[-1][0]] == [0, (MOST_FRAMES + 6) * 50]


def test_damaged_grids_and_those_of_another_size_are_counted(make_run: Callable[..., Path]) -> None:
    run = make_run()
    (run / "samples" / f"{50:010d}.png").write_bytes(b"torn")
    write_png(run / "samples" / f"{100:010d}.png", np.zeros((8, 9, 3), np.uint8))
    (run / "samples" / "mine.png").write_bytes(b"another's")
    film = read_film(run)
    assert ([images for images, _ in film.frames], film.damaged, film.count) == ([0], 2, 3)
    assert read_film(run.parent).frames == ()
