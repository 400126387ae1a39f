"""Fetches the archive of a Kaggle data set with Kaggle's own client, and suppresses its printing and exits.

Nothing here may import that client before credentials were found, or in more than one function.
"""

import contextlib
import io
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.opening import read_file
from p2p_datatools.contract.files.text import decode_text, find_encoding
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.health import HealthCheck
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.sources.download import whole_number
from p2p_datatools.sources.secrets import hide_secrets, home_folder

_Sleep = Callable[[float], None]
_TRIES = 5
_LOOK_EVERY = 0.5  # seconds between two checks of the client's progress
_TOKENS, _KEY_FILE = ("access_token", "access_token.txt"), "kaggle.json"
_FORM = '{"username": "NAME", "key": "KEY"}'
_ABSENT = "does not exist"
_TOKEN_PAGE = "https://www.kaggle.com/settings/api"


def credentials() -> str:
    """Where credentials for Kaggle were found, in words; empty if nowhere. They are not tested."""
    home = home_folder() / ".kaggle"
    if os.environ.get("KAGGLE_API_TOKEN"):
        return "KAGGLE_API_TOKEN"
    if any(_holds_text(home / name) for name in _TOKENS):
        return str(home / _TOKENS[0])
    if os.environ.get("KAGGLE_USERNAME") and os.environ.get("KAGGLE_KEY"):
        return "KAGGLE_USERNAME and KAGGLE_KEY"
    return next((str(file) for file in _key_files() if not _fault_of(file)), "")


def require_credentials(handle: str, instead: str) -> None:
    """Raise P2PError when no credentials are found; it says how to get them, what is wrong with any, and `instead`."""
    if credentials():
        return
    if found := _find_fault():
        where, what, to_do = found
        raise P2PError(where, what, f"{to_do} {instead}", code="kaggle-credentials-damaged")
    to_do = f"Create a token at {_TOKEN_PAGE} and put it into KAGGLE_API_TOKEN or ~/.kaggle/access_token. {instead}"
    raise P2PError(handle, "Kaggle needs credentials, but none were found", to_do, code="kaggle-credentials")


def _key_files() -> list[Path]:
    """Where Kaggle's client looks for kaggle.json: the place that is set, or else one or the other at home."""
    if folder := os.environ.get("KAGGLE_CONFIG_DIR"):
        return [Path(folder) / _KEY_FILE]
    home = home_folder()
    other = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "kaggle"
    own = home / ".kaggle"
    return [(own if own.exists() or not sys.platform.startswith("linux") else other) / _KEY_FILE]


def _find_fault() -> tuple[str, str, str] | None:
    """(where, what, what to do) of credentials that are there but cannot be used; None if there are none at all."""
    half = [name for name in ("KAGGLE_USERNAME", "KAGGLE_KEY") if os.environ.get(name)]
    if len(half) == 1:
        other = "KAGGLE_KEY" if half[0] == "KAGGLE_USERNAME" else "KAGGLE_USERNAME"
        return half[0], f"is set, but {other} is not", f"Set both, as in {_KEY_FILE} from {_TOKEN_PAGE}."
    home = home_folder() / ".kaggle"
    again = f"Create a new one at {_TOKEN_PAGE} and put it there."
    for file in (*(home / name for name in _TOKENS), *_key_files()):
        if (fault := _fault_of(file)) and fault != _ABSENT:
            return str(file), fault, again if "may not" not in fault else f"Run chmod 600 {file} as its owner."
    folder = os.environ.get("KAGGLE_CONFIG_DIR")
    if folder and not Path(folder).is_dir():
        return "KAGGLE_CONFIG_DIR", f"names {folder}, which is not a folder", "Correct or unset it."
    for file in _key_files():
        # A browser numbers what it fetches twice, and Windows hides the ending .txt.
        wrong = [*file.parent.glob("kaggle*json*"), *(home_folder() / "Downloads").glob("kaggle*.json")]
        if wrong:
            return str(wrong[0]), "is not where Kaggle's client looks for it", f"Move it to {file}."
    return None


def _fault_of(file: Path) -> str:
    """What is wrong with a file of credentials, in words; empty for one that is whole, or not there."""
    is_key = file.name == _KEY_FILE
    try:
        data = read_file(file)
        text = decode_text(data, file)
    except (FileNotFoundError, NotADirectoryError):
        return "" if not is_key else _ABSENT
    except PermissionError:
        return "may not be read by this user"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except P2PError as error:
        return error.what
    if not text.strip():
        return "is empty"
    if find_encoding(data) != "utf-8":
        return "begins with a byte order mark, which Kaggle's client does not read"
    return _fault_in(text) if is_key else ""


def _fault_in(text: str) -> str:
    """What is wrong with the content of kaggle.json, without a word of what is secret in it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        return f"is not valid JSON{line}; it should be {_FORM}"
    if not isinstance(found, dict):
        return f"is JSON of another form than {_FORM}"
    missing = [name for name in ("username", "key") if not found.get(name)]
    strange = [name for name in ("username", "key") if name in found and not isinstance(found[name], str)]
    if strange:
        return f"has a '{strange[0]}' that is not text; it should be {_FORM}"
    return f"has no '{missing[0]}'; it should be {_FORM}" if missing else ""


def _holds_text(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return bool(read_file(path).decode("utf-8").strip())
    return False


def download_dataset(
    handle: str, folder: Path, *, instead: str, report: Reporter = QUIET, sleep: _Sleep = time.sleep
) -> Path:
    """Bring the archive of the data set `handle` (owner/name) to `folder`; the client resumes what is there.

    `instead` names the other ways to get the set. Raises P2PError without credentials, and for what Kaggle refuses.
    """
    require_credentials(handle, instead)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{handle.rpartition('/')[2]}.zip"
    client = _client(handle)
    for left in reversed(range(_TRIES)):
        try:
            with _watch_progress(client, path, report), contextlib.redirect_stdout(io.StringIO()):
                client.dataset_download_files(handle, path=str(folder), quiet=True)
            return path
        except Exception as error:  # the client and the libraries below it raise many types
            wait = _wait(error, _TRIES - left)
            if wait is None or not left:
                raise _refusal(handle, error, instead) from None  # whose text may hold credentials
            sleep(wait)
    raise AssertionError("the last try returns or raises")


def _client(handle: str) -> Any:
    """Kaggle's client, logged in. It prints when it is imported, and ends the process when a login fails."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            import kaggle

            kaggle.api.authenticate()
    except ImportError as error:
        to_do = 'Run \'pip install "kaggle>=2.2.4,<3" "six>=1.16"\'.'
        raise P2PError(handle, f"Kaggle's client is not installed ({error})", to_do, code="missing-package") from error
    except (Exception, SystemExit) as error:
        raise _refusal(handle, error, "Run the same command again later.") from None
    return kaggle.api


def _status(error: BaseException) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _wait(error: Exception, tries: int) -> float | None:
    """Seconds until another try may help; None if it will not."""
    status = _status(error)
    if status != 429 and (status is None or status < 500):
        return None
    asked = str(getattr(error, "response").headers.get("Retry-After", ""))  # noqa: B009 - of a type not known here
    return min(120.0, float(asked)) if is_digits(asked) else 2.0**tries


def _refusal(handle: str, error: BaseException, instead: str) -> P2PError:
    """The error for a failure of Kaggle's client; `instead` is a sentence that names another way."""
    page = f"https://www.kaggle.com/datasets/{handle}"
    status = 401 if isinstance(error, SystemExit) else _status(error)  # it exits when no credentials are accepted
    if status == 401:
        what = f"Kaggle does not accept the credentials in {credentials()}"
        return P2PError(handle, what, f"Create a new token at {_TOKEN_PAGE}.", code="kaggle-credentials")
    if status == 403:
        to_do = f"Open {page}, log in, accept its rules, and run the same command again."
        return P2PError(handle, "Kaggle refuses (403)", to_do, code="kaggle-rules")
    if status == 404:
        what = "Kaggle has no such data set (404); it may be private or gone"
        return P2PError(handle, what, instead, code="kaggle-gone")
    if status == 429:
        to_do = "Run the same command again in a few minutes."
        return P2PError(handle, "Kaggle limits requests (429)", to_do, code="kaggle-wait")
    what = f"Kaggle's client failed ({type(error).__name__}: {hide_secrets(str(error))[:200]})"
    return P2PError(handle, what, f"Run it again, or try another way. {instead}", code="kaggle-failed")


@contextlib.contextmanager
def _watch_progress(client: Any, path: Path, report: Reporter) -> Iterator[None]:
    """Report how the file grows, because the client shows its progress on terminals only."""
    done = threading.Event()
    total = [0]
    own = type(client).download_file

    def watch(response: Any, *args: Any, **keywords: Any) -> Any:
        total[0] = whole_number(response.headers.get("Content-Length", "")) or 0
        watcher.start()
        return own(client, response, *args, **keywords)

    watcher = threading.Thread(target=_watch, args=(path, total, done, report), daemon=True)
    client.download_file = watch
    try:
        yield
    finally:
        del client.download_file
        done.set()
        if watcher.ident is not None:
            watcher.join()


def _watch(path: Path, total: list[int], done: threading.Event, report: Reporter) -> None:
    shown = path.stat().st_size if path.is_file() else 0
    report.start("downloading", total[0], shown, unit="bytes")
    while True:
        ended = done.wait(_LOOK_EVERY)
        size = path.stat().st_size if path.is_file() else 0
        report.advance(max(0, size - shown))
        shown = max(shown, size)
        if ended:
            report.finish()
            return


def check_credentials() -> HealthCheck:
    """Whether credentials for Kaggle are there and whole; they are not tested."""
    if found := credentials():
        return HealthCheck("credentials", "ok", f"for Kaggle in {found} (not tested)")
    if fault := _find_fault():
        where, what, to_do = fault
        return HealthCheck("credentials", "note", f"for Kaggle: {where} {what}", to_do)
    what = "none for Kaggle, which only 'p2p data fetch --from kaggle' needs"
    return HealthCheck("credentials", "note", what, f"Create a token at {_TOKEN_PAGE}.")
