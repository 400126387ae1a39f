"""What every request meets first: is it for this server, from its own page, not too often, and not too many at once.

Nothing here may know what is asked for; whoever passes is answered by the application behind.
"""

import asyncio
import ipaddress
import json
import re
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_gan.paint.api import RETRY_AFTER, error_json, status_of
from p2p_gan.paint.queue import is_stopping

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_RATE, _BURST = 60.0, 120.0  # requests that compute: a second, and at once, for each address
_MOST_ADDRESSES = 1000
# Requests of all addresses and of each: fifty quick strokes of one are taken, and the others always have some left.
_MOST_AT_ONCE, _SHARE = 64, 56
_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFE_HEADERS = (
    (b"content-security-policy", _PAGE.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class Guard:
    """An ASGI application before another.

    A name in the Host header that is not this server's is refused, because a page of another site may have had its own
    name resolved to this address (DNS rebinding); so is what a page of another origin sends or loads. Programs send
    neither Origin nor Sec-Fetch-Site, and pass.
    """

    def __init__(self, app: App, names: Iterable[str] = (), *, rate: float = _RATE, burst: float = _BURST) -> None:
        self._app, self._names = app, {"localhost", *(each.lower() for each in names)}
        self._buckets, self._now = _Buckets(rate, burst), Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it with why not."""
        if scope["type"] != "http":
            return  # a websocket, which there is none of, is closed by the server

        begun, address = False, (scope.get("client") or ("",))[0]

        async def send_safely(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun, message["headers"] = True, [*message.get("headers", ()), *_SAFE_HEADERS]
            await send(message)

        self._now[address] += 1
        try:
            self._refuse(scope, address)
            await self._app(scope, receive, send_safely)
        except (P2PError, asyncio.CancelledError) as error:
            if begun:
                raise
            # The server alone cancels, at the end of the time that it has after a stop.
            await send_error(send_safely, error if isinstance(error, P2PError) else is_stopping())
        finally:
            self._now[address] -= 1
            self._now += Counter()  # keeps only addresses with requests

    def _refuse(self, scope: Scope, address: str) -> None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._names_us(host):
            to_do = "Use the address that the server said when it started, or start it with --name for a proxy's name."
            raise P2PError(f"the host {host[:60]}", "is not a name of this server", to_do, code="other-host")
        origin = headers.get(b"origin")
        site = headers.get(b"sec-fetch-site", b"none")
        if origin is not None and origin.decode("latin-1").lower() not in (f"http://{host}", f"https://{host}"):
            raise _of_another_origin()
        if site not in (b"none", b"same-origin") and not _is_visit(scope["path"], headers):
            raise _of_another_origin()
        self._refuse_beyond(_SHARE, self._now[address], " of this client")
        self._refuse_beyond(_MOST_AT_ONCE, self._now.total())
        if scope["method"] == "POST":
            self._buckets.take(address)

    def _refuse_beyond(self, most: int, now: int, whose: str = "") -> None:
        if now > most:
            to_do = "Wait a moment and send it again."
            raise P2PError("the server", f"answers {most} requests{whose} already", to_do, code="busy")

    def _names_us(self, host: str) -> bool:
        name = _name_of(host)
        return name.rstrip(".") in self._names or _is_address(name)


class _Buckets:
    """Requests that each address may still send: a bucket that is filled at a rate, up to a number."""

    def __init__(self, rate: float, most: float) -> None:
        self._rate, self._most = rate, most
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> None:
        """Count a request; raises P2PError where there were too many."""
        now = time.monotonic()
        left, since = self._left.pop(address, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        self._left[address] = (max(0.0, left - 1), now)
        while len(self._left) > _MOST_ADDRESSES:
            self._left.popitem(last=False)
        if left < 1:
            what = f"sends more than {self._rate:.0f} requests a second"
            raise P2PError("the client", what, "Wait a second, and send fewer.", code="too-fast")


def refuse_no_names(names: Iterable[str]) -> None:
    """Raise UsageError for what is no name of a host, such as an address with https:// or a port."""
    for name in names:
        if not _HOST.fullmatch(name):
            to_do = "Give it as in p2p.example.org, without https://, port and path."
            raise UsageError(f"name={name}", "is not the name of a host", to_do, code="unknown-host")


def names_of_this_machine(host: str) -> list[str]:
    """The names, beside addresses, by which a server on `host` may be asked for."""
    own = socket.gethostname()
    return [host, *([] if _is_loopback(host) else [own, f"{own}.local", socket.getfqdn()])]


async def send_error(send: Send, error: P2PError) -> None:
    """Answer with an error."""
    status, body = status_of(error), json.dumps(error_json(error)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"cache-control", b"no-store")]
    headers += [(b"retry-after", RETRY_AFTER[status].encode())] if status in RETRY_AFTER else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_address(name: str) -> bool:
    """Whether a host is a number, for which no other site can have a page of its own."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str:
    """The host of a Host header without its port; empty for none, and for what is not a host."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_visit(path: str, headers: dict[bytes, bytes]) -> bool:
    """Whether a person follows a link to the page, which any site may have."""
    return path == "/" and headers.get(b"sec-fetch-mode") == b"navigate"


def _of_another_origin() -> P2PError:
    what, to_do = "comes from a page of another origin", "Use the page of this server, or a program."
    return P2PError("the request", what, to_do, code="other-origin")
