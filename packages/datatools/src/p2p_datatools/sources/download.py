"""Downloads one file over HTTPS: resumes, tries again, and verifies size and hash.

Nothing here may use another scheme than HTTPS (except HTTP to this machine itself), follow a redirect to one, or look
into what it downloads.
"""

import hashlib
import http.client
import ipaddress
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import cannot_write, read_json, sha256_file, write_json
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.sources.catalog import ArchivePlace
from p2p_datatools.sources.secrets import hide_secrets, show_address

Sleep = Callable[[float], None]

TRIES = 6  # in a row that bring no byte
_TIMEOUT = 60.0  # seconds of silence
_CHUNK = 1 << 18
_LONGEST_WAIT = 120.0
_MOST = 1 << 40  # bytes of a file whose length nobody says
_KEPT = "/%:@!$&'()*+,;=?-._~"  # characters of an address that mean something there, or are escapes already
_MEANING = {
    301: ("redirects to an address that is not HTTPS", "Look for another source."),
    302: ("redirects to an address that is not HTTPS", "Look for another source."),
    401: ("asks for a login", "Fetch the file in a browser and give it with --from PATH."),
    403: ("refuses to give the file", "Fetch the file in a browser and give it with --from PATH."),
    404: ("no longer has the file", "Look for another source and give its file with --from PATH."),
    410: ("no longer has the file", "Look for another source and give its file with --from PATH."),
}


@dataclass(frozen=True)
class DownloadResult:
    """A complete file and its version according to the server."""

    path: Path
    bytes: int
    sha256: str
    version: str


class _BrokenError(Exception):
    """A passing failure, after which another try may succeed; `wait` is what the server asked for, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(hide_secrets(why))
        self.wait = wait


class _NoSuchPartError(_BrokenError):
    """The part is at least as long as the file now is, and may not be its beginning."""


def download_file(
    place: ArchivePlace, path: Path, *, report: Reporter = QUIET, sleep: Sleep = time.sleep
) -> DownloadResult:
    """Bring the file at `place` to `path`; an interrupted download continues if the file is still the same.

    Raises P2PError when the server refuses, gives a web page, or after six tries in a row without a byte, and when
    size or hash are not those of `place`.
    """
    _check(place.address, place.address)
    part, state = path.with_name(path.name + ".part"), path.with_name(path.name + ".state")
    if _read_state(state).get("address") != _mark(place):
        path.unlink(missing_ok=True)
    failures = 0
    while not path.exists():
        before = _size(part)
        try:
            _one_try(place, part, state, report)
            part.replace(path)
        except _BrokenError as broken:
            if isinstance(broken, _NoSuchPartError):
                part.unlink()
            failures = 1 if _size(part) > before else failures + 1
            if failures >= TRIES:
                what = f"{broken}, {TRIES} times in a row"
                to_do = "Run the same command again later; it continues where this one stopped. "
                to_do += "Or fetch it on a machine that can, and give it with --from FILE."
                raise P2PError(place.shown, what, to_do, code="download-failed") from broken
            wait = min(_LONGEST_WAIT, broken.wait if broken.wait is not None else 2.0 ** (failures - 1))
            report.note(f"{place.shown}: {broken}; the next try is in {wait:.0f} s.")
            sleep(wait)
    return _check_hash(place, path, state)


def _one_try(place: ArchivePlace, part: Path, state: Path, report: Reporter) -> None:
    """Request what is missing and append it; raises _BrokenError when it ended early."""
    known = _read_state(state) if part.is_file() else {}
    there = _size(part) if known.get("validator") and known.get("address") == _mark(place) else 0
    headers = {"User-Agent": "p2p", "Accept-Encoding": "identity"}
    if there:
        headers |= {"Range": f"bytes={there}-", "If-Range": known["validator"]}
    with _open(place.address, headers) as response:
        start, total = _what_comes(response, place, there)
        write_json(state, {"address": _mark(place), "validator": _validator(response.headers)})
        _append(response, part, start, total, report)


def _open(address: str, headers: dict[str, str]) -> Any:
    try:
        request = urllib.request.Request(_in_ascii(address), headers=headers)
        return _opener(address).open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            if error.code in (408, 425, 429) or error.code >= 500:
                raise _BrokenError(f"answers {error.code}", _wait(error.headers)) from error
            if error.code == 416:
                raise _NoSuchPartError(f"answers {error.code}", 0.0) from error
            what, to_do = _MEANING.get(error.code, ("answers with an error", "Look at the address in a browser."))
            raise P2PError(show_address(address), f"{what} (HTTP {error.code})", to_do, code="http-error") from error
    except urllib.error.URLError as error:
        raise _BrokenError(f"cannot be reached ({error.reason})") from error
    except (ValueError, http.client.InvalidURL) as error:  # of a proxy: the address itself was checked
        what = f"cannot be requested ({hide_secrets(str(error))[:200]})"
        to_do = "Look at the proxies in the environment: http_proxy, https_proxy and all_proxy."
        raise P2PError(show_address(address), what, to_do, code="bad-proxy") from None
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(f"connection lost ({error!r})") from error


def _opener(address: str) -> urllib.request.OpenerDirector:
    """An opener for HTTP and HTTPS only, without a proxy for this machine itself."""
    opener = urllib.request.OpenerDirector()
    proxies = urllib.request.ProxyHandler({} if _is_loopback(address) else None)
    handlers = (
        proxies,
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(address),
        urllib.request.HTTPErrorProcessor(),
    )
    for handler in handlers:
        opener.add_handler(handler)
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to an allowed address."""

    def __init__(self, first: str) -> None:
        self._first = first

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        try:
            _check(newurl, self._first)
        except UsageError:
            fp.close()  # else the connection stays open as long as the error is held
            raise
        return super().redirect_request(req, fp, code, msg, headers, _in_ascii(newurl))


def _check(address: str, first: str) -> None:
    """Raise UsageError unless `address` is HTTPS to a named host, or lies on this machine as `first` does."""
    if not _is_allowed(address, first):
        raise _not_an_address(address, first)


def _is_allowed(address: str, first: str) -> bool:
    parts = _split(address)
    if parts is None or parts.username is not None:  # a password would be sent to whoever answers
        return False
    if _is_loopback(address):
        return parts.scheme in ("http", "https") and _is_loopback(first)
    host = parts.hostname or ""
    return parts.scheme == "https" and bool(host) and not _is_number(host)


def _not_an_address(address: str, first: str) -> UsageError:
    led = "" if address == first else f"{show_address(first)} redirects to "
    what = "is not an HTTPS address of a named host"
    to_do = "Give an address that begins with https:// and names a host, without a user or password."
    return UsageError(f"{led}{show_address(address)[:500]}", what, to_do, code="not-https")


def _split(address: str) -> SplitResult | None:
    """The parts of an address; None for what is none, such as one with spaces in its host, or a port of letters."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return None
    plain = re.fullmatch(r"[\w.:%-]*", host) and not any(ord(letter) < 33 or letter == "\x7f" for letter in address)
    return parts if plain else None


def _in_ascii(address: str) -> str:
    """The address with the letters of a path that are not ASCII as %XX, and those of a host as IDNA has them."""
    parts = _split(address)
    if parts is None:
        raise _not_an_address(address, address)
    if address.isascii():
        return address
    host = (parts.hostname or "").encode("idna").decode()
    place = f"[{host}]" if ":" in host else host
    place += f":{parts.port}" if parts.port is not None else ""
    return urlunsplit(parts._replace(netloc=place, path=quote(parts.path, _KEPT), query=quote(parts.query, _KEPT)))


def _is_loopback(address: str) -> bool:
    parts = _split(address)
    host = (parts.hostname or "") if parts else ""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_number(host: str) -> bool:
    """Whether systems take a host for an address: 127.0.0.1, and also 127.1, 2130706433 and 0x7f000001."""
    last = host.rstrip(".").rpartition(".")[2]
    return _is_address(host) or ":" in host or re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", last) is not None


def _what_comes(response: Any, place: ArchivePlace, there: int) -> tuple[int, int | None]:
    """The byte at which the answer begins, and the bytes of the whole file; raises P2PError for another answer."""
    headers = response.headers
    if headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        to_do = "Fetch the archive in a browser and give the file with --from PATH."
        raise P2PError(place.shown, "gives a web page, not an archive; it may ask for a login", to_do, code="web-page")
    start, total = 0, whole_number(headers.get("Content-Length", ""))
    if response.status == 206:
        first, _, whole = headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        start, total = there, whole_number(whole)
        if first.partition("-")[0] != str(there):
            to_do = "Fetch the file in a browser and give it with --from PATH."
            raise P2PError(place.shown, "sends another part than was requested", to_do, code="wrong-part")
    if total is not None and place.bytes is not None and total != place.bytes:
        what = f"has {total} bytes now, but {place.bytes} were expected"
        to_do = (
            "The set may have changed: look at its page, then give the file with --from PATH or an entry of "
            "your own with --catalog."
        )
        raise P2PError(place.shown, what, to_do, code="other-version")
    return start, total if total is not None else place.bytes


def whole_number(text: str) -> int | None:
    """The number of bytes in a header; None for what is none, or is larger than any file."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text.strip()) else None


def _mark(place: ArchivePlace) -> str:
    """By what the state of a download knows its address, which may hold a secret and is not written."""
    return hashlib.sha256(place.address.encode("utf-8", "surrogatepass")).hexdigest()


def _read_state(state: Path) -> dict[str, Any]:
    """What an earlier call recorded of the partial file."""
    found = read_json(state) if state.is_file() else {}
    return found if isinstance(found, dict) else {}


def _append(response: Any, part: Path, start: int, total: int | None, report: Reporter) -> None:
    there = start
    report.start("downloading", total or 0, start, unit="bytes")
    try:
        with part.open("ab" if start else "wb") as file:
            while block := _read(response):
                if there + len(block) > (_MOST if total is None else total):
                    raise _too_long(response, part, total)
                file.write(block)
                there += len(block)
                report.advance(len(block))
    except OSError as error:
        raise cannot_write(part, error) from error
    finally:
        report.finish()
    if total is not None and there != total:
        raise _BrokenError(f"ended after {there} of {total} bytes")


def _too_long(response: Any, part: Path, total: int | None) -> P2PError:
    """The error for a server that sends more than it, or the catalogue, has promised; nothing of it is kept."""
    part.unlink(missing_ok=True)
    what = f"sends more than the {_MOST if total is None else total} bytes that were expected"
    to_do = "The file was deleted. Look at the page of the set, then give its file with --from PATH."
    return P2PError(show_address(response.url), what, to_do, code="other-version")


def _read(response: Any) -> bytes:
    try:
        block: bytes = response.read1(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(f"connection lost ({error!r})") from error
    return block


def _validator(headers: HTTPMessage) -> str:
    """What proves that the file is still the same: a strong ETag, or its date."""
    tag = headers.get("ETag", "")
    return headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag


def _wait(headers: Message) -> float | None:
    seconds = headers.get("Retry-After", "")
    return float(seconds) if is_digits(seconds) else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _check_hash(place: ArchivePlace, path: Path, state: Path) -> DownloadResult:
    digest, size = sha256_file(path), _size(path)
    if not place.fits(size, digest):
        for file in (path, state):
            file.unlink(missing_ok=True)
        what = f"gave {size} bytes with the SHA-256 {digest}; expected: {place.known}"
        raise P2PError(place.shown, what, "The file was deleted; run the same command again.", code="hash-differs")
    return DownloadResult(path, size, digest, str(_read_state(state).get("validator", "")))
