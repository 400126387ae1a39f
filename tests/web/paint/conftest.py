"""Small models for the painting page, and servers of them that end with the tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from web.paint.server import PaintServer

NAME = "<script>document.title='broken'<"  # of a model


@dataclass(frozen=True)
class PaintRuns:
    """Two models of masks of 96x64, the first with dropout, and one that finds masks in photos."""

    first: Path
    second: Path
    segmenter: Path
    pairs: Path
    photos: Path


@pytest.fixture(scope="session")
def paint_runs(tmp_path_factory: pytest.TempPathFactory) -> PaintRuns:
    from p2p_cli import app

    place = tmp_path_factory.mktemp("paint")

    def run(*words: object) -> None:
        assert app.main([str(word) for word in words]) == 0

    run("data", "fetch", "synth-cars", place / "cars", "--limit", 20)
    run("data", "build-masks", place / "cars/labels", place / "masks", "--palette", "cars")
    run("data", "pair", place / "masks", place / "cars/photos", place / "pairs", "--size", "96x64")
    run("data", "split", place / "pairs", "--val", 0.2, "--test", 0.2)
    small = ["--preset", "tiny", "--size", "96x64", "--device", "cpu", "--images", 60]
    for setting in ("generator_filters=8", "max_filters=16", "discriminator_filters=4", "threads=1"):
        small += ["--set", setting]
    named = place / NAME.replace("/", "")
    run("train", place / "pairs", place / "first", *small, "--set", "dropout=0.5")
    run("train", place / "pairs", named, *small, "--seed", 1)
    run("train", place / "pairs", place / "finder", *small, "--direction", "photo-to-mask")
    return PaintRuns(place / "first", named, place / "finder", place / "pairs", place / "cars/photos")


@pytest.fixture(scope="session")
def serve(paint_runs: PaintRuns) -> Iterator[Callable[..., PaintServer]]:
    """Start servers that end with the tests."""
    started: list[PaintServer] = []

    def start(*models: Path, delay: float = 0.0) -> PaintServer:
        server = PaintServer(list(models), delay)
        server.start()
        started.append(server)
        return server

    yield start
    for each in started:
        each.stop()


@pytest.fixture(scope="session")
def paint_server(paint_runs: PaintRuns, serve: Callable[..., PaintServer]) -> PaintServer:
    """All three models."""
    return serve(paint_runs.first, paint_runs.second, paint_runs.segmenter)
