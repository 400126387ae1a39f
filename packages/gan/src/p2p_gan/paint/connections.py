"""Limits connections: how many there are, how long a client may take to ask, and how long to read its answer.

Nothing here may know what is asked or answered; what is read and computed for a request the application limits.
"""

from typing import Any

MOST_CONNECTIONS = 256
MOST_SECONDS = 30.0  # without a whole request, or without a part of the answer being read
_LOOK = 1.0  # seconds between two looks at a connection
_PART = 64 << 10  # bytes of an answer


class LimitedConnection:
    """Limits for a protocol of uvicorn, before which it is inherited: a client that is too slow is broken off.

    Of more than MOST_CONNECTIONS the one is broken off that has asked nothing for longest, or else the newest.
    """

    connections: set[Any]  # these four are the protocol's
    transport: Any
    loop: Any
    cycle: Any
    _since = 0.0  # when the client last did what is expected of it
    _seen: tuple[Any, ...] = ()
    _unread = 0

    def connection_made(self, transport: Any) -> None:
        """Begin to watch it."""
        super().connection_made(transport)  # type: ignore[misc]  # the protocol's
        self._since = self.loop.time()
        if len(self.connections) > MOST_CONNECTIONS:
            others = (each for each in self.connections if isinstance(each, LimitedConnection) and not each.is_busy())
            min(others, key=lambda each: each._since).break_off()
        self.loop.call_later(_LOOK, self._look)

    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def break_off(self) -> None:
        """Close it at once, with what has not been read."""
        self.connections.discard(self)
        self.transport.abort()

    def _look(self) -> None:
        if self not in self.connections:
            return
        if self._has_moved():
            self._since = self.loop.time()
        elif self.loop.time() - self._since > MOST_SECONDS:
            self.break_off()
            return
        self.loop.call_later(_LOOK, self._look)

    def _has_moved(self) -> bool:
        """Whether the client has done since the last look what is expected of it, or nothing is."""
        unread = self.transport.get_write_buffer_size()
        seen = (self.cycle, self.is_busy(), unread > 0)
        if seen != self._seen or 0 < unread <= self._unread - _PART:
            self._seen, self._unread = seen, unread
            return True
        return self.is_busy() and not unread
