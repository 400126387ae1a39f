"""Takes secrets out of text: what may be a password or a token in an address, and the credentials of this machine.

Nothing here may print, store or send what it reads; a secret is known only for as long as a text is cleaned of it.
"""

import base64
import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from p2p_datatools.contract.files.opening import read_file

HIDDEN = "***"
_LONG = 8  # characters of a secret that is searched within words too
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>\"']+")
_QUERY = re.compile(r"([?&;][^\s=&;?#'\"]+=)[^\s&;'\"<>)]+")
_PARTS = re.compile(r"(?P<scheme>(?:[A-Za-z][A-Za-z0-9+.-]*:)?/{0,2})(?P<rest>.*)", re.DOTALL)


def show_address(address: str) -> str:
    """An address as messages and records have it: without user and password, the values of its query and its fragment.

    Any of them may be a secret: a signed address is as good as a password. The path stays as it is.
    """
    scheme, rest = _split(address)
    if user := _user_of(rest):
        rest = f"{HIDDEN}{rest[len(user) :]}"
    rest, fragment, _ = rest.partition("#")
    place, asks, query = rest.partition("?")
    shown = re.sub(r"[^&;]+", lambda part: _show_value(part[0]), query)
    return f"{scheme}{place}{asks}{shown}{fragment}{HIDDEN if fragment else ''}"


def hide_secrets(text: str) -> str:
    """A text of a library, such as an error, without credentials of this machine and without secrets in addresses."""
    for secret in sorted(set(_known_secrets()), key=len, reverse=True):
        found = re.escape(secret)
        text = re.sub(found if len(secret) >= _LONG else rf"(?<!\w){found}(?!\w)", HIDDEN, text)
    text = _ADDRESS.sub(lambda address: show_address(address[0]), text)
    return _QUERY.sub(rf"\g<1>{HIDDEN}", text)


def _split(address: str) -> tuple[str, str]:
    """What stands before the host of an address and its user, and the rest."""
    parts = _PARTS.fullmatch(address)
    assert parts is not None, "the expression takes any text"
    return parts["scheme"], parts["rest"]


def _user_of(rest: str) -> str:
    """The user and password before the @ of an address, also where the password has characters that it may not have."""
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in host:
        return host.rpartition("@")[0]
    _, colon, port = host.partition(":")
    return rest.rpartition("@")[0] if colon and not port.isdecimal() else ""


def _show_value(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}={HIDDEN}" if equals else HIDDEN


def _known_secrets() -> Iterator[str]:
    """The credentials that this machine has for Kaggle and for proxies, in each way in which they may be written."""
    for user, password in (*_kaggle_credentials(), *_proxy_credentials()):
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        for secret in (user, password, basic if user and password else ""):
            yield from filter(None, (secret, quote(secret, safe=""), unquote(secret)))


def home_folder() -> Path:
    """The user's home; where the system knows none, as of a bare number in a container, a place that holds nothing."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.devnull)


def _kaggle_credentials() -> Iterator[tuple[str, str]]:
    """Pairs of a user, where there is one, and a key or token."""
    environment = os.environ
    yield environment.get("KAGGLE_USERNAME", ""), environment.get("KAGGLE_KEY", "")
    token = environment.get("KAGGLE_API_TOKEN", "")
    yield "", token
    home = home_folder() / ".kaggle"
    tokens = [home / "access_token", home / "access_token.txt"]
    for path in [*tokens, Path(token)] if token else tokens:  # the client takes the name of a file for a token too
        yield "", _text(path).strip()
    folders = [home, Path(environment.get("XDG_CONFIG_HOME") or home_folder() / ".config") / "kaggle"]
    if environment.get("KAGGLE_CONFIG_DIR"):
        folders.append(Path(environment["KAGGLE_CONFIG_DIR"]))
    for path in [folder / name for folder in folders for name in ("kaggle.json", "credentials.json")]:
        found = _table(path)
        yield str(found.get("username") or ""), str(found.get("key") or "")
        yield from (("", str(found.get(name) or "")) for name in ("access_token", "refresh_token"))


def _proxy_credentials() -> Iterator[tuple[str, str]]:
    for name, value in os.environ.items():
        if name.lower().endswith("_proxy") and "@" in value:
            user, _, password = _split(value)[1].rpartition("@")[0].partition(":")
            yield user, password
            yield "", value


def _table(path: Path) -> Mapping[str, object]:
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(_text(path) or "{}")
        return found if isinstance(found, dict) else {}
    return {}


def _text(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return read_file(path).decode("utf-8")[:10_000]
    return ""
