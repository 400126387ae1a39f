"""What tests of sources share: a server on this machine, and one that makes troubles."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pytest

Serve = Callable[[Callable[..., http.server.BaseHTTPRequestHandler]], AbstractContextManager[str]]


@contextmanager
def run_server(handler: Callable[..., http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        patch.setattr(http.server.BaseHTTPRequestHandler, "log_message", lambda *_: None)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def serve() -> Serve:
    """serve(handler): a block with a server that answers by the handler, and prints nothing; gives its address."""
    return run_server


@dataclass
class Mirror:
    """What the server gives, and the troubles it makes, one for each request; `asked` are the Range headers."""

    url: str = ""
    data: bytes = b""
    tag: str = '"one"'
    kind: str = "application/gzip"
    ranges: bool = True
    troubles: list[str] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)


class MirrorHandler(http.server.BaseHTTPRequestHandler):
    mirror: Mirror

    def do_GET(self) -> None:
        self.mirror.asked.append(self.headers.get("Range"))
        trouble = self.mirror.troubles.pop(0) if self.mirror.troubles else ""
        if trouble.isdecimal():
            self.answer(int(trouble), {"Retry-After": "7"}, b"")
        elif ":" in trouble:
            self.answer(302, {"Location": trouble}, b"")
        else:
            self.give(cut=trouble == "cut", silent=trouble == "silent")

    def give(self, *, cut: bool, silent: bool) -> None:
        asked, data = self.headers.get("Range"), self.mirror.data
        status, headers = 200, {"Content-Type": self.mirror.kind}
        if self.mirror.tag:
            headers["ETag"] = self.mirror.tag
        if asked and self.mirror.ranges and self.headers.get("If-Range") == self.mirror.tag:
            first = int(asked.removeprefix("bytes=").rstrip("-"))
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
            data, status = data[first:], 206
            if not data:
                return self.answer(416, {}, b"")
        length = None if silent else len(data)
        return self.answer(status, headers, data[: len(data) // 2] if cut else data, length=length)

    def answer(self, status: int, headers: dict[str, str], data: bytes, length: int | None = -1) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(len(data) if length < 0 else length))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def mirror(serve: Serve) -> Iterator[Mirror]:
    """A server that gives `mirror.data` as a file at `mirror.url`, whole or in parts."""
    state = Mirror()
    with serve(type("Bound", (MirrorHandler,), {"mirror": state})) as address:
        state.url = f"{address}/maps.tar.gz"
        yield state
