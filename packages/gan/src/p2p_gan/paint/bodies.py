"""Reads the bodies of requests: each bounded in bytes and seconds, and all that are held at once in bytes.

Nothing here may know what a body holds, or let a request wait for the room that others take.
"""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from p2p_datatools.contract.errors import P2PError
from p2p_gan.paint.queue import is_stopping
from p2p_gan.paint.uploads import MOST_BYTES

if TYPE_CHECKING:
    from starlette.requests import Request

_SECONDS = 30.0  # for a body to come
_MOST_HELD = 4 * MOST_BYTES  # of all bodies that come, wait or are painted
_SENDERS = ("image/", "application/octet-stream")  # types that no form of a page of another origin can send


class BodyRoom:
    """The memory for bodies: what comes beyond `most` bytes in all is refused, at best before it is sent."""

    def __init__(self, most: int = _MOST_HELD) -> None:
        self._most = most
        self.held = 0  # bytes
        self._coming = dict[asyncio.Task[Any], asyncio.AbstractEventLoop]()
        self._stopped = False

    @contextlib.asynccontextmanager
    async def read(self, request: "Request") -> AsyncIterator[bytes]:
        """The body of a request, held until the block ends.

        Raises P2PError for a type that is no picture's, for a body with more than MOST_BYTES, as far as possible by the
        length that it says, for one that takes over 30 seconds to come, and where there is no room.
        """
        self._refuse(_said_length(request))
        if self._stopped:
            raise is_stopping()
        # It grows in place and gives its bytes without a copy; pieces that are joined are held twice.
        body, own = io.BytesIO(), 0
        try:
            async with _in_time():
                with self._is_coming():
                    async for piece in request.stream():
                        if own + len(piece) > MOST_BYTES:
                            raise _too_many_bytes()
                        self._refuse(len(piece))
                        own, self.held = own + len(piece), self.held + len(piece)
                        body.write(piece)
            yield body.getvalue()
        finally:
            self.held -= own

    def stop(self) -> None:
        """Break off the bodies that are coming, whose requests would not be answered any more; from any thread."""
        self._stopped = True
        for task, loop in tuple(self._coming.items()):
            with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
                loop.call_soon_threadsafe(self._break_off, task)

    def _break_off(self, task: "asyncio.Task[Any]") -> None:
        if task in self._coming:  # what has come meanwhile is answered, if there is time
            task.cancel()

    @contextlib.contextmanager
    def _is_coming(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None, "requests are answered by tasks"
        self._coming[task] = asyncio.get_running_loop()
        try:
            yield
        finally:
            del self._coming[task]

    def _refuse(self, more: int) -> None:
        if self.held + more > self._most:
            what = f"holds {self.held >> 20} MiB of pictures already"
            raise P2PError("the server", what, "Wait a moment and send it again.", code="busy")


def _said_length(request: "Request") -> int:
    """The length that a body says it has, 0 if none; raises P2PError for too many bytes, and for an unfit type."""
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith(_SENDERS):  # in capitals they mean the same (RFC 9110, section 8.3.1)
        what = f"has the type {kind[:40]!r}" if kind else "has no content-type"
        to_do = "Send a picture with its own type, such as image/png."
        raise P2PError("the request", what, to_do, code="wrong-type")
    said = request.headers.get("content-length", "0")
    if not said.isascii() or not said.isdigit() or int(said[:16]) > MOST_BYTES:
        raise _too_many_bytes()
    return int(said[:16])


@contextlib.asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_SECONDS):
            yield
    except TimeoutError as error:
        to_do = "Send a smaller picture."
        raise P2PError("the request", f"took over {_SECONDS:.0f} s to come", to_do, code="slow-upload") from error


def _too_many_bytes() -> P2PError:
    what = f"has more than {MOST_BYTES >> 20} MiB"
    return P2PError("the request", what, "Send a smaller picture.", code="large-upload")
