"""A tar or tar.gz, read without trusting it: its size, its headers and its end are checked while it is listed.

Nothing here may write a file or hold more than one header in memory beyond the list of them.
"""

import gzip
import tarfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any, cast

from p2p_datatools.contract.errors import P2PError

_HEADERS = 4096  # bytes of headers and padding that each file may take
_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"


class _GuardedStream:
    """A stream that refuses to read more than a valid archive needs."""

    def __init__(self, stream: IO[bytes], where: str, most: int) -> None:
        self._stream, self._where, self._most = stream, where, most

    def read(self, size: int = -1) -> bytes:
        # A header may claim gigabytes of name, which tarfile would take into memory at once.
        if size < 0 or size > _CHUNK:
            what = f"holds a header of {size} bytes"
            raise P2PError(self._where, what, "Do not trust it; get it elsewhere.", code="untrusted-archive")
        return self._stream.read(size)

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, position: int, whence: int = 0) -> int:
        if position > self._most:
            what = f"unpacks to more than {self._most >> 20} MiB, as an archive bomb does"
            to_do = "If you trust it, raise the limits with --unpack-limit."
            raise P2PError(self._where, what, to_do, code="archive-bomb")
        return self._stream.seek(position, whence)


class TarReader:
    """Lists and opens the files of one archive; use as a context."""

    def __init__(self, file: IO[bytes], where: str, *, most: int, files: int) -> None:
        packed = file.read(2) == _GZIP
        file.seek(0)
        self._where = where
        self._stream: IO[bytes] = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file
        guarded = cast("IO[bytes]", _GuardedStream(self._stream, where, most + files * _HEADERS))
        self._archive = tarfile.TarFile.open(fileobj=guarded, mode="r:", encoding="utf-8", errors="surrogateescape")

    def __enter__(self) -> "TarReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def headers(self) -> Iterator[tarfile.TarInfo]:
        """Every header in order; at the end raises tarfile.ReadError if the archive was cut off."""
        for info in self._archive:
            if info.size < 0 or len(info.name) > _CHUNK // 256 or len(info.linkname) > _CHUNK // 256:
                raise tarfile.ReadError("it has a header that no program writes")
            yield info
        self._stream.seek(self._archive.offset)
        if self._stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("its end is missing")
        for _ in range(64):  # read on: the last bytes of a gzip hold its checksum
            if not self._stream.read(_CHUNK):
                return
        what = "has more data after its end than padding"
        raise P2PError(self._where, what, "Do not trust it; get it elsewhere.", code="untrusted-archive")

    def open(self, info: Any) -> IO[bytes]:
        """The bytes of one file."""
        opened = self._archive.extractfile(info)
        assert opened is not None, "links and devices are not opened"
        return opened
