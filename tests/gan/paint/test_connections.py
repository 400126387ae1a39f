"""Clients that ask nothing, ask slowly or do not read are broken off, and others are answered."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the package uvicorn (the extra paint) is not installed")
from p2p_gan.paint import connections
from p2p_gan.paint.connections import LimitedConnection
from p2p_gan.paint.server import make_server, open_address

Connect = Callable[[bytes], socket.socket]
ANSWER = b"x" * (32 << 20)  # more than a kernel holds for a client that does not read


def asked(path: bytes = b"/") -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """/large is a large answer, /slow takes long, others are nothing."""
    if scope["path"] == "/slow":
        await asyncio.sleep(0.6)
    body = ANSWER if scope["path"] == "/large" else b""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One whose patience is short."""
    monkeypatch.setattr(connections, "MOST_SECONDS", 0.2)
    monkeypatch.setattr(connections, "_LOOK", 0.02)
    found = make_server(answer)
    with open_address("127.0.0.1", 0) as (listener, address):
        found.port = address.port
        thread = threading.Thread(target=found.run, args=([listener.dup()],), daemon=True)
        thread.start()
        while not found.started:
            time.sleep(0.005)
        yield found
    found.should_exit = found.force_exit = True
    thread.join(5)


@pytest.fixture
def connect(server: Any) -> Iterator[Connect]:
    """connect(data): a connection on which this was sent."""
    opened: list[socket.socket] = []

    def begin(data: bytes) -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", server.port), timeout=5))
        opened[-1].sendall(data)
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


def is_broken_off(connection: socket.socket) -> bool:
    """Whether the server ends the connection without another word."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc"], ids=["nothing", "half a header"])
def test_a_client_that_does_not_ask_is_broken_off(connect: Connect, sent: bytes) -> None:
    assert is_broken_off(connect(sent))


def test_a_client_that_sends_on_after_its_answer_is_broken_off(connect: Connect) -> None:
    client = connect(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
    assert client.recv(1000).startswith(b"HTTP/1.1 200")
    client.sendall(b"x")
    assert is_broken_off(client)


def test_a_client_that_does_not_read_its_answer_is_broken_off(connect: Connect, server: Any) -> None:
    connect(asked(b"/large"))
    while not server.server_state.connections:
        time.sleep(0.005)
    end = time.monotonic() + 5
    while server.server_state.connections:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_client_that_reads_slowly_is_waited_for_as_long_as_it_reads() -> None:
    found: Any = LimitedConnection.__new__(LimitedConnection)
    left = iter([9 << 20, 9 << 20, 8 << 20, (8 << 20) - 1, 1, 1, 0, 0])
    found.cycle = SimpleNamespace(response_complete=True)
    found.transport = SimpleNamespace(get_write_buffer_size=lambda: next(left))
    assert [found._has_moved() for _ in range(8)] == [True, False, True, False, True, False, True, False]


def test_the_time_that_an_answer_takes_is_not_the_clients(connect: Connect) -> None:
    assert connect(asked(b"/slow")).recv(1000).startswith(b"HTTP/1.1 200")


def test_where_there_are_too_many_the_one_that_is_silent_longest_makes_room(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_SECONDS", 60.0)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    busy = connect(asked(b"/slow"))
    time.sleep(0.05)
    silent = [connect(b""), connect(b"")]
    time.sleep(0.05)
    assert connect(asked()).recv(1000).startswith(b"HTTP/1.1 200")
    assert is_broken_off(silent[0])
    assert busy.recv(1000).startswith(b"HTTP/1.1 200")
    silent[1].sendall(asked())
    assert silent[1].recv(1000).startswith(b"HTTP/1.1 200")
