"""Data that others wrote, read without trust: whatever a decoder raises becomes one line that says where.

Nothing here may know a format.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from p2p_datatools.contract.errors import P2PError

_LONGEST = 200  # characters of a decoder's own words


@contextmanager
def catch_decoder(
    where: Path | str, what: str, to_do: str, *, code: str = "damaged-file", kind: type[P2PError] = P2PError
) -> Iterator[None]:
    """Raise an error of `kind` for whatever the block raises; errors of our own and missing memory stay as they are.

    Decoders raise what they like on data that nobody foresaw: an IndexError, a struct.error, an OverflowError. What
    the block does of our own must not be able to fail otherwise, or a mistake of ours would look like the file's.
    """
    try:
        yield
    except (P2PError, MemoryError):
        raise
    except Exception as error:
        refuse_without_memory(error)
        raise kind(where, f"{what} ({decoder_words(error)})", to_do, code=code) from error


def refuse_without_memory(error: Exception) -> None:
    """Raise MemoryError for an error by which a library says that there was none: it is not the file's fault."""
    words = str(error)
    if (isinstance(error, OSError) and error.errno == errno.ENOMEM) or "Insufficient memory" in words:  # OpenCV
        raise MemoryError(decoder_words(error)) from error


def decoder_words(error: BaseException) -> str:
    """What a decoder says, in one short line; the name of its error when it says nothing."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."
