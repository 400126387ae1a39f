"""Requests that mean harm are refused early, in JSON, and the server answers the next."""

import asyncio
import http.client
import io
import json
import socket
import struct
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import encode_mask
from p2p_gan.paint import guard
from p2p_gan.paint.painters import Painter
from p2p_gan.paint.uploads import MOST_BYTES

if TYPE_CHECKING:
    from conftest import Refused
    from gan.paint.conftest import Client, Reply, Start

CARS = load_palette("cars")
OTHERS = ("http://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example", "file://")


@pytest.fixture(scope="module")
def mask(labels: NDArray[np.uint8]) -> bytes:
    return encode_mask(labels, CARS)


def raw(client: "Client", data: bytes) -> bytes:
    """What the server says to bytes that are no proper request."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "", "[", "a b", "::1"])
def test_a_host_that_is_not_ours_is_refused_because_its_name_may_lead_here_for_a_while(
    client: "Client", host: str
) -> None:
    reply = client("GET", "/api/models", Host=host)
    assert (reply.status, reply.code) == (400, "other-host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8750", "localhost.:1", "127.0.0.1:8750", "[::1]:8750"])
def test_our_own_names_and_numbers_are_answered(client: "Client", host: str) -> None:
    assert client("GET", "/api/models", Host=host).status == 200


def test_a_proxy_may_ask_under_the_names_that_were_given_and_its_page_is_ours() -> None:
    async def answer(host: str, origin: str) -> int:
        sent: list[guard.Message] = []

        async def send(message: guard.Message) -> None:
            sent.append(message)

        async def receive() -> guard.Message:
            return {"type": "http.request", "body": b""}

        async def app(scope: guard.Scope, receive: guard.Receive, send: guard.Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})

        headers = [(b"host", host.encode()), (b"origin", origin.encode()), (b"sec-fetch-site", b"same-origin")]
        scope = {"type": "http", "method": "POST", "path": "/api/paint", "headers": headers, "client": ("127.0.0.1", 1)}
        await guard.Guard(app, ["127.0.0.1", "P2P.example.org"])(scope, receive, send)
        return int(sent[0]["status"])

    assert asyncio.run(answer("p2p.example.org", "https://p2p.example.org")) == 200
    assert asyncio.run(answer("p2p.example.org", "https://evil.example")) == 403
    assert asyncio.run(answer("other.example.org", "https://other.example.org")) == 400


@pytest.mark.parametrize("name", ["https://p2p.example.org", "p2p.example.org:443", "p2p.example.org/p2p", "", "a b"])
def test_what_is_no_name_of_a_host_is_refused(name: str, refused: "Refused") -> None:
    with refused("unknown-host", f"name={name}"):
        guard.refuse_no_names([name])
    guard.refuse_no_names(["p2p.example.org", "P2P.Example.org"])


def test_a_server_for_all_machines_answers_to_this_machines_name() -> None:
    assert socket.gethostname() in guard.names_of_this_machine("0.0.0.0")
    assert socket.gethostname() not in guard.names_of_this_machine("127.0.0.1")


@pytest.mark.parametrize("origin", OTHERS)
def test_what_a_page_of_another_origin_sends_is_refused(client: "Client", mask: bytes, origin: str) -> None:
    reply = client.paint(mask, Origin=origin)
    assert (reply.status, reply.code) == (403, "other-origin")
    assert "access-control-allow-origin" not in reply.headers
    asked = client("OPTIONS", "/api/paint", Origin=origin, Access_Control_Request_Method="POST")
    assert asked.status == 403


def test_what_its_own_page_or_a_program_sends_is_painted(client: "Client", mask: bytes) -> None:
    own = f"http://127.0.0.1:{client.port}"
    assert client.paint(mask, Origin=own, Sec_Fetch_Site="same-origin").status == 200
    assert client.paint(mask).status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_link_to_the_page_and_load_nothing_of_it(client: "Client", site: str) -> None:
    assert client("GET", "/", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate").status == 200
    for path in ("/", "/api/models", "/api/models/m0/examples/0/photo.png"):
        assert client("GET", path, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors").code == "other-origin"


@pytest.mark.parametrize(
    "path",
    [
        *("/page/../../../etc/passwd", "/page/%2e%2e/%2e%2e/etc/passwd", "/page/..%2f..%2fserver.py", "/../server.py"),
        *("/page/%00index.html", "/page/index.html%00.css", "//etc/passwd", "/page//etc/passwd", "/page/", "/page"),
        *(
            "/page/__init__.py",
            "/page/C:\\\\windows\\\\win.ini",
            "/api/models/..%2f..%2fetc/examples",
            "/page/" + "a" * 5000,
        ),
        *("/api/models/m0/examples/..%2f..%2frun.json/mask.png", "/api/models/m0/examples/-1/mask.png"),
    ],
)
def test_no_path_leads_to_a_file(client: "Client", path: str) -> None:
    reply = client("GET", path)
    assert reply.status == 404
    assert reply.code in ("no-page", "unknown-model", "no-example")
    assert b"root:" not in reply.body


def test_too_many_bytes_are_refused_before_they_come(client: "Client") -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
    connection.putrequest("POST", "/api/paint?model=m0")
    connection.putheader("Content-Type", "image/png")
    connection.putheader("Content-Length", str(MOST_BYTES + 1))
    connection.endheaders()  # and nothing of the body
    response = connection.getresponse()
    assert response.status == 413
    assert json.loads(response.read())["error"]["code"] == "large-upload"
    connection.close()


def test_too_many_bytes_without_a_length_are_refused_while_they_come(
    client: "Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2p_gan.paint.bodies.MOST_BYTES", 1000)
    reply = client("POST", "/api/paint?model=m0", iter([b"x" * 600] * 2), Content_Type="image/png")
    assert (reply.status, reply.code) == (413, "large-upload")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_hundred_million_pixels_are_refused_by_their_header(client: "Client") -> None:
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0))
    some = chunk(b"IDAT", zlib.compress(b"\0" * 10**5)) + chunk(b"IEND", b"")
    for path in ("/api/paint", "/api/mask", "/api/segment"):
        reply = client.paint(head + chunk(b"tEXt", b"a\0" + b"x" * 200_000) + some, path=path)
        assert (reply.status, reply.code) == (413, "large-picture"), path
        reply = client.paint(head + some, path=path)  # its bytes cannot hold so many
        assert (reply.status, reply.code) == (413, "picture-bomb"), path


@pytest.mark.parametrize("size", ["99999x99999", "4096"])
def test_a_size_that_would_take_all_memory_is_refused(client: "Client", mask: bytes, size: str) -> None:
    reply = client.paint(mask, f"model=m0&size={size}")
    assert reply.status == 400
    assert reply.code in ("large-pass", "impossible-setting")


@pytest.mark.parametrize(
    "kind", ["", "text/html", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_what_a_form_of_another_page_can_send_is_no_picture(client: "Client", mask: bytes, kind: str) -> None:
    reply = client.paint(mask, Content_Type=kind)
    assert (reply.status, reply.code) == (415, "wrong-type")


def test_the_type_of_a_picture_may_be_written_in_capitals(client: "Client", mask: bytes) -> None:
    assert client.paint(mask, Content_Type="Image/PNG").status == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "empty-body"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unread-picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", 415, "unread-picture"),
        (b"\x93NUMPY\x01\x00", 415, "unread-picture"),
        (b"II*\0\x08\0\0\0", 415, "unread-picture"),
        (b"RIFF\0\0\0\0WAVE", 415, "unread-picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, 422, "not-a-picture"),
        (b"\xff\xd8\xff" + b"\0" * 100, 422, "not-a-picture"),
        (b"GIF89a" + b"\xff" * 100, 422, None),
    ],
)
def test_what_is_no_picture_is_one_error(client: "Client", body: bytes, status: int, code: str | None) -> None:
    reply = client.paint(body)
    assert (reply.status, code or reply.code) == (status, reply.code)
    assert "Traceback" not in reply.body.decode()


def test_a_moving_picture_is_refused_with_what_one_who_sends_it_can_do(client: "Client") -> None:
    stream, frames = io.BytesIO(), [Image.new("L", (8, 8), value) for value in (0, 255)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    reply = client.paint(stream.getvalue(), Content_Type="image/gif")
    assert (reply.status, reply.code) == (422, "several-pages")
    assert "--page" not in reply.json()["error"]["to_do"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/paint"), ("DELETE", "/api/models"), ("PUT", "/")])
def test_another_method_is_refused(client: "Client", method: str, path: str) -> None:
    reply = client(method, path)
    assert (reply.status, reply.code) == (405, "wrong-method")
    assert "allow" in reply.headers


def test_what_is_no_http_ends_its_connection_and_nothing_else(client: "Client", mask: bytes) -> None:
    assert raw(client, b"\x16\x03\x01\x02\x00hello").startswith(b"HTTP/1.1 400")
    assert raw(client, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000).startswith(b"HTTP/1.1 400")
    assert b"404" in raw(client, b"GET http://evil.example/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"
    assert b" 200 " in raw(client, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n")
    assert client.paint(mask).status == 200


def test_whoever_sends_too_often_is_told_to_wait(start: "Start", painters: list[Painter], mask: bytes) -> None:
    client = start(painters[:1], rate=2.0)
    replies: list[Reply] = [client.paint(mask, "model=m9") for _ in range(6)]
    assert [each.status for each in replies[:4]] == [404] * 4
    assert (replies[-1].status, replies[-1].code, replies[-1].headers["retry-after"]) == (429, "too-fast", "1")
    assert client("GET", "/api/models").status == 200


def test_one_address_that_holds_many_requests_does_not_lock_out_the_others() -> None:
    async def statuses(addresses: list[str]) -> dict[str, Counter[int]]:
        opened, found = asyncio.Event(), defaultdict[str, Counter[int]](Counter)

        async def hold(scope: guard.Scope, receive: guard.Receive, send: guard.Send) -> None:
            await opened.wait()
            await send({"type": "http.response.start", "status": 200})

        async def ask(address: str) -> None:
            async def send(message: guard.Message) -> None:
                found[address].update([message["status"]] if "status" in message else [])

            scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost")]}
            await guarded({**scope, "client": (address, 1)}, cast("guard.Receive", None), send)

        guarded = guard.Guard(hold)
        asked = [asyncio.create_task(ask(address)) for address in addresses]
        await asyncio.sleep(0)
        opened.set()
        await asyncio.gather(*asked)
        assert not guarded._now
        return found

    found = asyncio.run(statuses(["a"] * 100 + ["b"] * 2))
    assert found == {"a": {200: 56, 503: 44}, "b": {200: 2}}
    found = asyncio.run(statuses([str(number) for number in range(80)]))
    assert sum(found.values(), Counter[int]()) == {200: 64, 503: 16}


def test_a_mistake_of_ours_is_one_error_without_a_traceback(
    client: "Client", mask: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("at /secret/place")

    monkeypatch.setattr(Painter, "paint", fail)
    reply = client.paint(mask)
    assert (reply.status, reply.code) == (500, "internal")
    assert b"secret" not in reply.body
    assert b"Zero" not in reply.body


def test_every_answer_forbids_what_a_page_of_ours_never_needs(client: "Client", mask: bytes) -> None:
    for reply in (client("GET", "/"), client("GET", "/x"), client.paint(mask), client("GET", "/", Host="evil.example")):
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert "server" not in reply.headers


def test_a_server_without_the_page_has_the_api_alone(start: "Start", painters: list[Painter]) -> None:
    client = start(painters[:1], page=False)
    assert client("GET", "/").code == "no-page"
    assert client("GET", "/api/models").status == 200


def test_the_page_is_asked_for_again_and_sent_only_if_it_is_another(client: "Client") -> None:
    reply = client("GET", "/")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"
    again = client("GET", "/", If_None_Match=reply.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert client("GET", "/", If_None_Match='"of another version"').status == 200


def test_the_page_loads_nothing_from_elsewhere_and_has_no_script_or_style_in_its_text() -> None:
    page = Path(guard.__file__).with_name("page")
    html = (page / "index.html").read_text("utf-8")
    assert "style=" not in html
    assert "<style" not in html
    assert " on" + "click" not in html
    for path in page.iterdir():
        assert "https://" not in path.read_text("utf-8").replace("https://www.w3.org", "")
