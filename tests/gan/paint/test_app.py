"""The server paints what `p2p sample` paints, drops strokes that nobody needs, and answers as its document says."""

import asyncio
import gc
import io
import re
import socket
import threading
import tracemalloc
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.formats.png import encode
from p2p_datatools.contract.pictures.images import colorize, encode_mask, write_mask
from p2p_datatools.contract.pictures.sizes import parse_size
from p2p_gan.inference.apply import ApplyOptions
from p2p_gan.inference.sampling import SampleOptions, sample
from p2p_gan.paint.bodies import BodyRoom
from p2p_gan.paint.painters import Painter

if TYPE_CHECKING:
    from gan.paint.conftest import Client, Reply, SlowPainter, Start

CARS = load_palette("cars")
Labels = NDArray[np.uint8]


def pixels_of(data: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def noise() -> bytes:
    return b"".join(encode(np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)))


def sent_in_threads(client: "Client", bodies: list[tuple[bytes, str]]) -> tuple[list["Reply"], list[threading.Thread]]:
    """Ask at once for all, in the order of their strokes as far as threads keep it."""
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=lambda each=each: replies.append(client.paint(*each)), daemon=True) for each in bodies
    ]
    for each in threads:
        each.start()
    return replies, threads


@pytest.mark.parametrize("query", ["seed=3&variant=2", "dropout=off", "size=64x32&seed=1", "size=native"])
def test_it_gives_the_pixels_that_sample_writes(
    client: "Client", painters: list[Painter], labels: Labels, tmp_path: Path, query: str
) -> None:
    said = dict(part.split("=") for part in query.split("&"))
    size = said.get("size")
    seen = parse_size(size) if size and size != "native" else size
    how = ApplyOptions(size=seen, seed=int(said.get("seed", 0)), dropout="dropout" not in said)
    write_mask(tmp_path / "x.png", labels, CARS)
    sample(painters[0].path, [tmp_path / "x.png"], tmp_path / "out", SampleOptions(how, variants=2))
    reply = client.paint(encode_mask(labels, CARS), f"model=m0&{query}")
    variant = said.get("variant", "1")
    assert reply.status == 200
    assert reply.body == (tmp_path / "out" / f"x-{variant}.png").read_bytes()
    assert (reply.headers["x-p2p-seed"], reply.headers["x-p2p-variant"]) == (said.get("seed", "0"), variant)
    assert float(reply.headers["x-p2p-milliseconds"]) > 0


def test_class_numbers_and_their_colours_are_painted_alike(client: "Client", labels: Labels) -> None:
    colors = b"".join(encode(colorize(labels, CARS)))
    assert client.paint(colors).body == client.paint(encode_mask(labels, CARS)).body


def test_a_photo_is_painted_by_a_model_of_photos_and_refused_by_one_of_masks(client: "Client") -> None:
    assert pixels_of(client.paint(noise(), "model=m2").body).shape == (24, 40, 3)
    reply = client.paint(noise())
    assert (reply.status, reply.code) == (422, "photo-not-mask")


def test_blended_colours_of_a_mask_are_brought_back_and_that_is_said(client: "Client", labels: Labels) -> None:
    stream = io.BytesIO()
    Image.fromarray(colorize(np.kron(labels, np.ones((4, 4), np.uint8)), CARS)).save(stream, "JPEG", quality=80)
    reply = client.paint(stream.getvalue(), path="/api/mask", Content_Type="image/jpeg")
    assert reply.status == 200
    image = Image.open(io.BytesIO(reply.body))
    assert image.mode == "P"
    assert np.count_nonzero(np.asarray(image) != np.kron(labels, np.ones((4, 4), np.uint8))) < 0.02 * image.width * 96
    assert "blended or inexact colours" in reply.notes[0]
    again = client.paint(reply.body, path="/api/mask")
    assert again.body == reply.body
    assert "x-p2p-notes" not in again.headers


def test_a_mask_of_a_model_without_brushes_is_refused_with_the_reason(client: "Client", labels: Labels) -> None:
    reply = client.paint(encode_mask(labels, CARS), "model=m2", path="/api/mask")
    assert (reply.status, reply.code) == (422, "no-brushes")
    assert "photo" in reply.json()["error"]["what"]


def test_the_mask_of_a_photo_is_found_by_the_segmenter_with_the_same_classes(
    client: "Client", painters: list[Painter]
) -> None:
    found = pixels_of(client.paint(noise(), path="/api/segment").body)
    assert np.array_equal(found, painters[1].predictor(pixels_of(noise()), dropout=False))
    reply = client.paint(noise(), "model=m2", path="/api/segment")
    assert (reply.status, reply.code) == (404, "no-segmenter")


def test_examples_are_the_held_out_pairs_of_the_run(client: "Client") -> None:
    listed = client("GET", "/api/models/m0/examples").json()["examples"]
    assert [each["name"] for each in listed] == ["car-002", "car-003", "car-004"]
    mask = client("GET", "/api/models/m0/examples/1/mask.png")
    photo = client("GET", "/api/models/m0/examples/1/photo.png")
    assert set(np.unique(pixels_of(mask.body))) == {0, 1, 2}
    assert pixels_of(photo.body).shape == (32, 32, 3)
    assert client.paint(mask.body).status == 200
    assert client("GET", "/api/models/m1/examples").json() == {"examples": []}
    assert client("GET", "/api/models/m0/examples/9/mask.png").code == "no-example"


def test_a_name_that_is_a_script_is_data_and_no_page(client: "Client") -> None:
    reply = client("GET", "/api/models")
    assert reply.json()["models"][3]["name"] == "<script>alert(1)</script>"
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_of_fifty_quick_strokes_the_last_is_painted_and_those_that_waited_are_stale(
    start: "Start", slow: "SlowPainter", labels: Labels
) -> None:
    client, body = start([slow]), encode_mask(labels, CARS)
    replies: dict[int, Reply] = {}

    def send(stroke: int) -> None:
        replies[stroke] = client.paint(body, f"model=m0&client=hand&stroke={stroke}")

    threads = [threading.Thread(target=send, args=(stroke,), daemon=True) for stroke in range(1, 51)]
    threads[0].start()
    assert slow.begun.acquire(timeout=10)
    for each in threads[1:]:
        each.start()
    while len(replies) < 48:  # all but the one that is being painted, and the last
        threads[0].join(0.01)
    slow.gate.set()
    for each in threads:
        each.join(10)
    assert {each.status for each in replies.values()} == {200, 409}
    assert replies[1].status == replies[50].status == 200
    assert {stroke for stroke, each in replies.items() if each.status == 200} == {1, 50}
    assert replies[25].code == "stale"


def test_more_than_may_wait_is_refused_and_told_to_come_again(
    start: "Start", slow: "SlowPainter", labels: Labels
) -> None:
    client, body = start([slow]), encode_mask(labels, CARS)
    replies, threads = sent_in_threads(client, [(body, f"model=m0&seed={seed}") for seed in range(12)])
    while len(replies) < 3:  # one is being painted, eight wait
        threads[0].join(0.01)
    assert {(each.status, each.code, each.headers["retry-after"]) for each in replies} == {(503, "busy", "1")}
    slow.gate.set()
    for each in threads:
        each.join(10)
    assert sorted(each.status for each in replies) == [200] * 9 + [503] * 3


def head_of(length: int) -> bytes:
    """A request to paint without its body."""
    lines = ["POST /api/paint?model=m0 HTTP/1.1", "Host: localhost", "Content-Type: image/png"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def test_where_no_more_may_wait_a_body_is_refused_before_it_is_sent(
    start: "Start", slow: "SlowPainter", labels: Labels
) -> None:
    client, body = start([slow]), encode_mask(labels, CARS)
    _, threads = sent_in_threads(client, [(body, f"model=m0&seed={seed}") for seed in range(9)])
    while len(client.service.queue._waiting) < 8:
        threads[0].join(0.01)
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as late:
        late.sendall(head_of(1000))
        assert late.recv(100).startswith(b"HTTP/1.1 503")
    slow.gate.set()
    for each in threads:
        each.join(10)


def test_all_bodies_together_are_bounded_and_their_room_is_given_back(
    client: "Client", labels: Labels, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, room = encode_mask(labels, CARS), client.service.room
    monkeypatch.setattr(room, "_most", 2 * len(body) - 2)
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as first:
        first.sendall(head_of(len(body)) + body[:-1])
        while room.held < len(body) - 1:
            threading.Event().wait(0.01)
        reply = client.paint(body)
        assert (reply.status, reply.code, reply.headers["retry-after"]) == (503, "busy", "1")
        unsaid = client("POST", "/api/paint?model=m0", iter([body, body]), Content_Type="image/png")
        assert (unsaid.status, unsaid.code) == (503, "busy")
        first.sendall(body[-1:])
        assert first.recv(100).startswith(b"HTTP/1.1 200")
    while room.held:
        threading.Event().wait(0.01)
    assert client.paint(body).status == 200


def test_a_body_is_held_once_while_it_comes() -> None:
    class Request:
        headers: ClassVar = {"content-type": "image/png"}

        async def stream(self) -> AsyncIterator[bytes]:
            for _ in range(32):
                yield b"x" * (1 << 16)

    async def read() -> int:
        async with BodyRoom().read(cast("Any", Request())) as body:
            return len(body)

    tracemalloc.start()
    try:
        length, (_, most) = asyncio.run(read()), tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == 32 << 16
    assert most < 1.5 * length


def test_the_room_of_a_body_is_taken_while_it_is_painted_even_for_a_client_that_has_gone(
    start: "Start", slow: "SlowPainter", labels: Labels
) -> None:
    client, body = start([slow]), encode_mask(labels, CARS)
    with socket.create_connection(("127.0.0.1", client.port)) as gone:
        gone.sendall(head_of(len(body)) + body)
        assert slow.begun.acquire(timeout=10)
    threading.Event().wait(0.2)  # for the server to see that it has gone
    assert client.service.room.held == len(body)
    slow.gate.set()
    while client.service.room.held:
        threading.Event().wait(0.01)


def test_what_could_not_be_painted_is_let_go_at_once(
    client: "Client", labels: Labels, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = list[weakref.ref[P2PError]]()

    def fail(*_: object) -> None:
        error = P2PError("the picture", "is damaged", "Save it again.", code="test")
        errors.append(weakref.ref(error))
        try:
            raise error
        finally:
            del error  # or this frame would hold what holds it

    monkeypatch.setattr(Painter, "paint", fail)
    gc.collect()
    gc.disable()
    try:
        assert client.paint(encode_mask(labels, CARS)).code == "test"
        for _ in range(100):
            threading.Event().wait(0.01 if errors[0]() else 0)
        assert errors[0]() is None, "its traceback holds the body"
    finally:
        gc.enable()


def test_what_nobody_waits_for_any_more_is_not_painted(start: "Start", slow: "SlowPainter", labels: Labels) -> None:
    client, body = start([slow]), encode_mask(labels, CARS)
    replies, threads = sent_in_threads(client, [(body, "model=m0")])
    assert slow.begun.acquire(timeout=10)
    with socket.create_connection(("127.0.0.1", client.port)) as gone:
        gone.sendall(head_of(len(body)) + body)
        while not client.waits():
            threads[0].join(0.01)
    while client.waits():
        threads[0].join(0.01)
    slow.gate.set()
    threads[0].join(10)
    assert [each.status for each in replies] == [200]
    assert not slow.begun.acquire(timeout=0.05)


def test_what_takes_longer_than_a_stop_waits_is_refused_in_json(
    start: "Start", slow: "SlowPainter", labels: Labels
) -> None:
    client = start([slow])
    replies, threads = sent_in_threads(client, [(encode_mask(labels, CARS), "model=m0")])
    assert slow.begun.acquire(timeout=10)
    client.server.config.timeout_graceful_shutdown = 0.01
    client.server.should_exit = True
    threads[0].join(10)
    assert [(each.status, each.code, each.headers["retry-after"]) for each in replies] == [(503, "stopping", "1")]


def test_a_stop_lets_what_is_being_painted_end_and_says_so_to_what_waits(
    start: "Start", slow: "SlowPainter", labels: Labels
) -> None:
    client, body = start([slow]), encode_mask(labels, CARS)
    first, threads = sent_in_threads(client, [(body, "model=m0")])
    assert slow.begun.acquire(timeout=10)
    waiting, more = sent_in_threads(client, [(body, "model=m0&seed=1")])
    while not client.waits():
        threads[0].join(0.01)
    client.server.should_exit = True
    client.service.queue.stop()
    more[0].join(10)
    assert (waiting[0].status, waiting[0].code) == (503, "stopping")
    slow.gate.set()
    threads[0].join(10)
    assert first[0].status == 200


def test_a_stop_does_not_wait_for_what_is_still_being_sent(
    start: "Start", painters: list[Painter], labels: Labels
) -> None:
    client = start(painters)
    client.server.config.timeout_graceful_shutdown = 60
    with socket.create_connection(("127.0.0.1", client.port), timeout=20) as sender:
        sender.sendall(head_of(1000) + b"x" * 10)
        while client.service.room.held < 10:
            threading.Event().wait(0.01)
        client.server.should_exit = True
        client.service.stop()
        assert sender.recv(100).startswith(b"HTTP/1.1 503")
    with pytest.raises(P2PError, match="is stopping"):
        asyncio.run(read_body(client.service.room))


async def read_body(room: BodyRoom) -> None:
    class Request:
        headers: ClassVar = {"content-type": "image/png"}

    async with room.read(cast("Any", Request())):
        pass


# The document.


@pytest.fixture(scope="session")
def document(client: "Client") -> dict[str, Any]:
    found: dict[str, Any] = client("GET", "/api/openapi.json").json()
    return found


def asked(labels: Labels) -> Iterator[tuple[str, str, bytes | None, int]]:
    """Requests of all operations, with the statuses that they are answered with."""
    mask = encode_mask(labels, CARS)
    yield from (("GET", path, None, 200) for path in ("/api/models", "/api/openapi.json", "/api/models/m0/examples"))
    yield from (("GET", f"/api/models/m0/examples/0/{name}.png", None, 200) for name in ("mask", "photo"))
    yield from (("POST", f"/api/{name}?model=m0", mask, 200) for name in ("paint", "mask"))
    yield "POST", "/api/segment?model=m0", noise(), 200
    yield "GET", "/api/models?strange=1", None, 400
    yield "GET", "/api/models/m9/examples", None, 404
    for name in ("mask", "photo"):
        yield "GET", f"/api/models/m0/examples/x/{name}.png", None, 404
    for name in ("paint", "mask", "segment"):
        yield "POST", f"/api/{name}", mask, 400
        yield "POST", f"/api/{name}?model=m9", mask, 404
        yield "POST", f"/api/{name}?model=m0", b"no picture", 415
        yield "POST", f"/api/{name}?model=m0", mask[:-40], 422


def test_every_operation_answers_as_the_document_says(
    client: "Client", document: dict[str, Any], labels: Labels
) -> None:
    seen = set()
    for method, path, body, status in asked(labels):
        reply = client(method, path, body, **({"Content_Type": "image/png"} if body else {}))
        assert reply.status == status, (path, reply.body)
        bare = re.sub(r"/m\d/", "/{id}/", path.partition("?")[0])
        bare = re.sub(r"examples/\w+/", "examples/{number}/", bare)
        described = document["paths"][bare][method.lower()]["responses"][str(status)]
        seen.add((method.lower(), bare))
        [kind] = described["content"]
        assert reply.headers["content-type"] == kind
        if kind == "application/json":
            schema = {**described["content"][kind]["schema"], "components": document["components"]}
            jsonschema.Draft202012Validator(schema).validate(reply.json())
        else:
            required = {name.lower() for name in described.get("headers", {})} - {"x-p2p-notes"}
            assert required <= reply.headers.keys()
            pixels_of(reply.body)
    assert seen == {(method, path) for path, each in document["paths"].items() for method in each}


def test_a_parameter_may_have_what_the_document_says_and_nothing_else(
    client: "Client", document: dict[str, Any], labels: Labels
) -> None:
    mask = encode_mask(labels, CARS)
    wrong = {"seed": "-1", "variant": "0", "size": "10x10x10", "dropout": "maybe", "client": "a b", "stroke": "1.5"}
    wrong |= {"model": "../m0"}
    described = {each["name"]: each["schema"] for each in document["paths"]["/api/paint"]["post"]["parameters"]}
    assert described.keys() == wrong.keys()
    for name, text in wrong.items():
        schema = described[name]
        value: Any = text
        if schema["type"] == "integer" and text.lstrip("-").isdigit():
            value = int(text)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate(value)
        query = {"model": "m0", name: text.replace(" ", "+")}
        reply = client.paint(mask, "&".join(f"{key}={each}" for key, each in query.items()))
        assert (reply.status, reply.code) == (400, "bad-parameter"), name
        assert ("/api/models" in reply.json()["error"]["to_do"]) == (name == "model")
    assert client.paint(mask, "model=m0&model=m0").code == "unknown-parameter"
    assert client.paint(mask, "model=").code == "missing-parameter"


def test_a_client_may_name_itself_in_headers(client: "Client", labels: Labels) -> None:
    reply = client.paint(encode_mask(labels, CARS), X_P2P_Client="a b", X_P2P_Stroke="7")
    assert (reply.status, reply.code) == (400, "bad-parameter")
    assert client.paint(encode_mask(labels, CARS), X_P2P_Client="ab", X_P2P_Stroke="7").status == 200
