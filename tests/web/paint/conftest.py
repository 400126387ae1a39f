"""A server of `p2p paint` as a person starts it, with small models of its own; it can be slow, killed and restarted."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import pytest

# Each picture takes DELAY seconds more, one of a size that was asked for a quarter of that.
SLOW = """
import sys, time
import p2p_cli.app, p2p_gan.paint.painters as painters
quick, delay = painters.Painter.paint, float(sys.argv.pop(1))
def paint(self, data, stroke):
    time.sleep(delay if stroke.size is None else delay / 4)
    return quick(self, data, stroke)
painters.Painter.paint = paint
sys.exit(p2p_cli.app.main(sys.argv[1:]))
"""
NAME = "<script>document.title='broken'<"  # of a model


@dataclass
class PaintServer:
    """A process that serves models at a port, which stays the same when it is started again."""

    models: list[Path]
    delay: float = 0.0
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        words = ["paint", *map(str, self.models), "--port", str(self.port), "--no-browser"]
        command = [sys.executable, "-c", SLOW, str(self.delay), *words]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ)
        self.wait()

    def wait(self) -> None:
        assert self.process is not None
        end = monotonic() + 60
        while monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(self.address, timeout=5).close()
            except OSError:
                sleep(0.1)
            else:
                return
        raise AssertionError("the server did not start")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(20)
            self.process = None


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
