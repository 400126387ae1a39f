"""Servers on free ports with models of a few filters, and what asks them as a browser or a program does."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_gan.inference.predictor import Predictor
from p2p_gan.models.model import Model
from p2p_gan.paint.app import PaintService, build_app, examples_of
from p2p_gan.paint.painters import Painter, PngAnswer, Stroke
from p2p_gan.paint.queue import PaintQueue
from p2p_gan.paint.server import make_server, open_address

if TYPE_CHECKING:
    from gan.conftest import WriteModel

MASK, PHOTO, CARS = Half("mask", "mask"), Half("photo", "photo"), load_palette("cars")


@dataclass(frozen=True)
class Reply:
    """What a server has answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of the error."""
        found: str = self.json()["error"]["code"]
        return found

    @property
    def notes(self) -> list[str]:
        """What was changed of what was sent."""
        found: list[str] = json.loads(unquote(self.headers["x-p2p-notes"]))
        return found

    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """What asks a server, each time by a connection of its own."""

    port: int
    server: Any
    service: PaintService

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            found = {name.lower(): text for name, text in response.getheaders()}
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    def waits(self) -> bool:
        """Whether anything waits to be painted."""
        return bool(self.service.queue._waiting)

    def paint(self, body: bytes, query: str = "model=m0", path: str = "/api/paint", **headers: str) -> Reply:
        """Send a picture."""
        return self("POST", f"{path}?{query}", body, **{"Content_Type": "image/png", **headers})


Start = Callable[..., Client]


@dataclass(frozen=True)
class SlowPainter(Painter):
    """One that paints nothing until its gate is opened, and says that it has begun."""

    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def paint(self, data: bytes, stroke: Stroke) -> PngAnswer:
        self.begun.release()
        assert self.gate.wait(20)
        return super().paint(data, stroke)


@pytest.fixture
def slow(painters: list[Painter]) -> Iterator[SlowPainter]:
    """The first model, slow."""
    first = painters[0]
    found = SlowPainter(first.id, first.name, first.path, first.predictor)
    yield found
    found.gate.set()


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """start(painters, page=True, rate=None) -> client: a server that runs until the session ends, or it is stopped."""
    pytest.importorskip("starlette", reason="the package starlette (the extra paint) is not installed")
    pytest.importorskip("uvicorn", reason="the package uvicorn (the extra paint) is not installed")
    running: list[tuple[Any, threading.Thread, PaintQueue]] = []

    def begin(painters: Sequence[Painter], *, page: bool = True, rate: float = 10_000.0) -> Client:
        queue = PaintQueue()
        service = PaintService(painters, examples_of(painters), queue)
        server = make_server(build_app(service, page=page, rate=rate))
        with open_address("127.0.0.1", 0) as (listener, address):
            own = listener.dup()
        thread = threading.Thread(target=server.run, args=([own],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            thread.join(0.005)
        running.append((server, thread, queue))
        return Client(address.port, server, service)

    yield begin
    for server, _, queue in running:
        server.should_exit = server.force_exit = True
        queue.stop()
    end = time.monotonic() + 3
    for _, thread, _ in running:
        thread.join(max(0.0, end - time.monotonic()))


@pytest.fixture(scope="session")
def painters(
    tmp_path_factory: pytest.TempPathFactory,
    make_model: Callable[..., Model],
    make_pairs: Callable[..., Path],
    write_model: "WriteModel",
) -> list[Painter]:
    """A model of masks with a run and its pairs, one that finds masks in photos, one of photos, and a strange name."""
    root = tmp_path_factory.mktemp("painters")
    pairs = make_pairs(root / "pairs", {"train": 2, "test": 3})
    models = [
        make_model(MASK, PHOTO, palette=CARS, input_as="classes"),
        make_model(PHOTO, MASK, palette=CARS, output_as="classes"),
        make_model(PHOTO, replace(PHOTO, name="other")),
    ]
    found = []
    for number, model in enumerate(models):
        place = write_model(model, root / f"run{number}" / "model.safetensors").parent
        (place / "run.json").write_text(json.dumps({"format": "p2p-run", "version": 1, "pairs": str(pairs)}))
        found.append(Painter(f"m{number}", place.name, place, Predictor(model), 1.5))
    return [*found, replace(found[0], id="m3", name="<script>alert(1)</script>")]


@pytest.fixture(scope="session")
def client(start: Start, painters: list[Painter]) -> Client:
    """A server of all these; tests leave it running."""
    return start(painters)


@pytest.fixture(scope="session")
def labels() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A mask 40x24 with all classes."""
    return np.repeat(np.arange(5, dtype=np.uint8), 192).reshape(24, 40)
