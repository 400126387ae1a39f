"""Brings pairs to their destination one after the other, and knows those that are there from earlier calls.

Nothing here may match names or decide what a pair looks like.
"""

import hashlib
from collections.abc import Set
from dataclasses import replace
from typing import Literal

from p2p_datatools.contract.destination import Destination, Skip, skip_of
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.images import Photo, Size, hash_pixels, write_png
from p2p_datatools.contract.manifest import UNSPLIT, Pair, pair_from_json
from p2p_datatools.pairing import Job
from p2p_datatools.partners import Files

CROWD = 10_000  # pairs above which a folder gets subfolders, for file managers and file systems grow slow


class Assembler:
    """Brings one pair after the other to the destination, and knows those that are there from earlier calls.

    `old` are the pairs of DEST, by name; `wanted` are the names it will have. What an interrupted call made of other
    names, whose pictures are gone since, is removed.
    """

    def __init__(self, job: Job, destination: Destination, old: dict[str, Pair], *, wanted: Set[str]) -> None:
        self._job, self._destination, self._old = job, destination, old
        self._crowded = len(wanted) > CROWD
        for pair in self._done().values():
            if pair.name not in wanted:
                destination.forget(pair.file)
        self._begun = self._done()
        self._taken = {pair.file for pair in self.pairs().values()}

    def _done(self) -> dict[str, Pair]:
        return {line["name"]: pair_from_json(line) for line in self._destination.done.values()}

    def pairs(self) -> dict[str, Pair]:
        """All pairs so far, by name."""
        return self._old | self._done()

    def bring(self, name: str, files: Files) -> Skip | Literal["built", "kept"]:
        """Build the pair of a name from its two files, unless it is there."""
        try:
            sources = self._job.sources(files)
            picture = self._picture(name, files, sources)
        except P2PError as error:
            if name in self._begun and name not in self._old:
                self._destination.forget(self._begun[name].file)
            return _skip(error, files)
        if picture is None:
            return "kept"
        size = Size(picture.shape[1] // 2, picture.shape[0])
        pair = replace(self._place(name), size=size, hash=hash_pixels(picture), sources=sources)
        write_png(self._destination.path(pair.file), picture, durable=False)
        self._destination.record(pair.file, pair.to_json())
        return "built"

    def _picture(self, name: str, files: Files, sources: dict[str, str]) -> Photo | None:
        """The picture to write for a name; None where it is there already."""
        if name in self._begun and self._begun[name].sources == sources:
            return None
        known = self._old.get(name)
        file = self._destination.dest / known.file if known else None
        if known is None or file is None or not file.exists():
            return self._job.assemble(files)
        # Files may have been written anew with the same pixels.
        if known.sources == sources or hash_pixels(self._job.assemble(files)) == known.hash:
            return None
        raise P2PError(f"{files[0]}: this or {files[1]} has changed. Delete {file} to have the pair built anew.")

    def _place(self, name: str) -> Pair:
        """Where the pair lies: where it lay before, else in all/; its size, hash and sources are still to be known."""
        known = self._old.get(name) or self._begun.get(name)
        if known:
            return known
        bucket = f"{hashlib.sha256(name.encode()).hexdigest()[:2]}/" if self._crowded else ""
        file = f"{UNSPLIT}/{bucket}{name}.png"
        if file in self._taken:
            raise P2PError(f"{self._destination.dest / file}: is the place of another pair. Rename '{name}'.")
        return Pair(name, file, UNSPLIT, Size(0, 0), "")


def _skip(error: P2PError, files: Files) -> Skip:
    at_fault = next((file for file in files if str(error).startswith(f"{file}: ")), files[0])
    return skip_of(error, str(at_fault))
