"""A server has a free port, says where it is, and ends in order at Ctrl-C and SIGTERM, in the middle of work too."""

import errno
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from p2p_cli.app import main
from p2p_gan.paint.painters import Painter
from p2p_gan.paint.server import ServedAddress, open_address, require_server, run_app

if TYPE_CHECKING:
    from conftest import Refused


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_where_the_port_is_taken_another_is_found_and_that_is_said() -> None:
    with open_address("127.0.0.1", 0) as (_, first):
        assert not first.moved
        with open_address("127.0.0.1", first.port) as (_, second):
            assert second.moved
            assert second.port not in (0, first.port)
    with open_address("127.0.0.1", first.port) as (_, again):
        assert again == ServedAddress("127.0.0.1", first.port)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_one_too() -> None:
    with open_address("::1", 0) as (listener, address):
        assert address.url == f"http://[::1]:{address.port}/"
        with socket.create_connection(("::1", address.port)):
            assert listener.family == socket.AF_INET6


def test_all_addresses_are_said_as_one_that_a_browser_takes() -> None:
    assert ServedAddress("0.0.0.0", 80).url == "http://127.0.0.1:80/"
    assert ServedAddress("::", 80).url == "http://[::1]:80/"
    assert ServedAddress("paint.local", 80).url == "http://paint.local:80/"


@pytest.mark.parametrize(
    ("host", "port", "code"),
    [("192.0.2.1", 0, "no-address"), ("no such host", 0, "unknown-host"), ("127.0.0.1", 65536, "impossible-setting")],
)
def test_an_address_that_cannot_be_had_is_an_error(host: str, port: int, code: str, refused: "Refused") -> None:
    with refused(code), open_address(host, port):
        pass


def test_a_kernel_without_ipv6_is_an_error_too(monkeypatch: pytest.MonkeyPatch, refused: "Refused") -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", fail)
    with refused("no-address"), open_address("::1", 0):
        pass


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, refused: "Refused") -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with refused("missing-package") as caught:
        require_server()
    assert "starlette" in caught.value.to_do


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_is_told_and_handlers_are_put_back(number: signal.Signals) -> None:
    pytest.importorskip("uvicorn")
    before, stopped = signal.getsignal(number), threading.Event()

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        pass

    with open_address("127.0.0.1", 0) as (listener, _):
        ended = run_app(nothing, listener, lambda: os.kill(os.getpid(), number), stop=stopped.set)
    assert ended == number
    assert stopped.wait(10)
    assert signal.getsignal(number) == before


PROGRAM = """
import sys
from p2p_cli.app import main
sys.exit(main(["paint", sys.argv[1], "--port", "0", "--no-browser"]))
"""


def ask(line: str) -> bytes:
    """What the server at the address in a line begins its answer with."""
    port = int(line.partition("127.0.0.1:")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as asked:
        asked.sendall(b"GET /api/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return asked.recv(100)


@pytest.mark.usefixtures("in_the_foreground")
def test_the_command_says_its_address_answers_and_ends_at_ctrl_c(
    painters: list[Painter], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uvicorn")
    answers: list[bytes] = []

    def ask_and_end(said: TextIO) -> None:
        try:
            answers.append(ask(said.readline()))
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    read, write = os.pipe()
    with open(read) as said, open(write, "w", buffering=1) as output, ThreadPoolExecutor(1) as person:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", output)
        done = person.submit(ask_and_end, said)
        assert main(["paint", str(painters[0].path), "--port", "0", "--no-browser"]) == 130
        done.result()
    assert answers[0].startswith(b"HTTP/1.1 200")


@pytest.mark.long
def test_a_process_of_the_command_does_so_too_and_leaves_no_traceback(painters: list[Painter]) -> None:
    pytest.importorskip("uvicorn")
    words = [sys.executable, "-c", PROGRAM, str(painters[0].path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, process.communicate()
        assert ask(line).startswith(b"HTTP/1.1 200")
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
