"""Runs the server: finds a free address, says it, answers until it is stopped, and ends in order.

Nothing here may open a browser or print; who is told of the address does.
"""

import contextlib
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.packages import require_packages
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.paint.connections import LimitedConnection
from p2p_gan.paint.guard import names_of_this_machine, refuse_no_names

if TYPE_CHECKING:
    from p2p_gan.paint.app import PaintService

_MOST_PORT = 65535
_GRACE = 5  # seconds that answers may still take after a stop
_LAST = 0.2  # seconds for the thread that computes to end, if nothing keeps it
_BACKLOG = 128  # connections that may come at once, before the oldest makes room for one
_IDLE = 30  # seconds after which a connection that nobody uses is closed
_MOST_HEADERS = 16 << 10  # bytes


@dataclass(frozen=True)
class ServedAddress:
    """Where a server listens; `moved` says that the port that was wished for is taken, so that it is another."""

    host: str
    port: int
    moved: bool = False

    @property
    def url(self) -> str:
        """The address as a browser takes it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}/"


@dataclass(frozen=True)
class ServerEnd:
    """The signal that ended a server; `computes` where a thread still does, for a picture that nobody waits for now.

    Python cannot end in order while that thread is inside of a library: `os._exit` ends it then.
    """

    signal: signal.Signals | None
    computes: bool = False


def serve_models(
    models: Sequence[Path | str],
    *,
    host: str = "127.0.0.1",
    port: int = 8750,
    page: bool = True,
    names: Sequence[str] = (),
    ready: Callable[[ServedAddress], None],
    report: Reporter = QUIET,
) -> ServerEnd:
    """Serve models, run folders or model files, until Ctrl-C or SIGTERM; gives how it ended.

    `page` adds the page to the API; `names` are hosts under which a proxy passes requests on. `port` 0 is any free one,
    as is the next try where `port` is taken. `ready` is called with the address once requests are answered, from a
    thread that may take its time. A second Ctrl-C does not wait for what is being answered. Raises P2PError for a path
    without a model, for an address that cannot be had, and if starlette or uvicorn is missing, UsageError for a strange
    name.
    """
    require_server()
    refuse_no_names(names)
    with open_address(host, port) as (listener, address):
        # An address that cannot be had is said before the libraries are loaded, which takes seconds.
        from p2p_gan.paint.app import build_app

        service = _open_service([Path(each) for each in models], report)
        app = build_app(service, page=page, names=[*names_of_this_machine(host), *names])
        try:
            ended_by = run_app(app, listener, lambda: ready(address), stop=service.stop)
        finally:
            is_done = service.queue.stop(_LAST)
        return ServerEnd(ended_by, computes=not is_done)


def _open_service(models: Sequence[Path], report: Reporter) -> "PaintService":
    from p2p_gan.paint.app import PaintService, examples_of
    from p2p_gan.paint.find import with_segmenter
    from p2p_gan.paint.painters import open_painters
    from p2p_gan.paint.queue import PaintQueue

    painters = with_segmenter(open_painters(models, report), report)
    return PaintService(painters, examples_of(painters, report), PaintQueue(), report)


def require_server() -> None:
    """Raise P2PError if starlette or uvicorn is missing."""
    require_packages("the server (the extra paint)", "starlette>=0.40", "uvicorn>=0.30")


@contextlib.contextmanager
def open_address(host: str, port: int) -> Iterator[tuple[socket.socket, ServedAddress]]:
    """A listening socket, on another free port where the one that is wished for is taken.

    Raises UsageError for what is not the number of a port, and for a host that is none of this machine's.
    """
    if not 0 <= port <= _MOST_PORT:
        to_do = f"Give a number from 0 to {_MOST_PORT}; 0 is any that is free."
        raise UsageError(f"port={port}", "is not possible", to_do, code="impossible-setting")
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        to_do = "Give an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0."
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"host={host}", f"is not known ({reason})", to_do, code="unknown-host") from error
    try:
        listener = _listen(family, place, (place[0], 0, *place[2:]))
    except OSError as error:  # a kernel without IPv6 has no socket of it
        raise _cannot_listen(host, port, error) from error
    with listener:
        own = int(listener.getsockname()[1])
        yield listener, ServedAddress(host, own, moved=port not in (0, own))


def _listen(family: int, *places: tuple[Any, ...]) -> socket.socket:
    """A socket that listens at the first of these places that is not taken."""
    *others, last = places
    for place in others:
        try:
            return _listen(family, place)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        # So a port whose last server has just ended is free; on Windows one would be, too, where a live one listens.
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(last)
        listener.listen()
        listener.setblocking(False)
        stack.pop_all()
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> P2PError:
    to_do = "Choose another --port, such as 0 for any that is free, or another --host."
    return P2PError(f"{host} port {port}", f"cannot be listened on: {error.strerror}", to_do, code="no-address")


def run_app(
    app: Any, listener: socket.socket, ready: Callable[[], None], *, stop: Callable[[], object]
) -> signal.Signals | None:
    """Answer requests until a signal comes, and give it; `stop` is called before what is being answered ends."""
    server = make_server(app)
    with _Stop(server, stop) as stopping:
        threading.Thread(target=_tell, args=(server, ready), daemon=True).start()
        server.run([listener])
    return stopping.signal


def make_server(app: Any) -> Any:
    """A server of uvicorn for an application, which says nothing and leaves signals alone; it runs on open sockets."""
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol

    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    config = uvicorn.Config(
        app,
        **{
            "loop": "asyncio",
            "http": type("Connection", (LimitedConnection, H11Protocol), {}),
            "ws": "none",
            "lifespan": "off",
        },
        **{"log_config": None, "access_log": False, "server_header": False, "proxy_headers": False},
        **{"timeout_graceful_shutdown": _GRACE, "timeout_keep_alive": _IDLE},
        **{"backlog": _BACKLOG, "h11_max_incomplete_event_size": _MOST_HEADERS},
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # it would raise them again, and end without an exit code
    return server


def _tell(server: Any, ready: Callable[[], None]) -> None:
    """Call `ready` once the server answers."""
    waiting = threading.Event()
    while not server.started:
        if server.should_exit:
            return
        waiting.wait(0.01)
    ready()


class _Stop:
    """While it is open, Ctrl-C and SIGTERM ask the server to end; a second one lets it wait for nothing."""

    def __init__(self, server: Any, stop: Callable[[], object]) -> None:
        self._server, self._stop = server, stop
        self.signal: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "_Stop":
        if threading.current_thread() is threading.main_thread():
            for each in (signal.SIGINT, signal.SIGTERM):
                self._before[each] = signal.signal(each, self._remember)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self._server.should_exit:
            self._server.force_exit = True
            return
        self.signal = signal.Signals(number)
        self._server.should_exit = True
        # It takes a lock, which the code that the signal interrupts may hold.
        threading.Thread(target=self._stop, daemon=True).start()
