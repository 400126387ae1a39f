"""How many bits a channel has in kinds of files of which Pillow gives 8 without saying that there are more.

Nothing here may open a file or decode pixels; the first bytes say it.
"""

import re

from p2p_datatools.contract.pictures.formats import jpeg2000


def bits_at_start(kind: str, start: bytes) -> int:
    """The bits of a channel of a PPM, JPEG2000 or AVIF file, as Pillow names them, that begins so; 8 for any other."""
    reader = {"PPM": _bits_of_ppm, "JPEG2000": jpeg2000.bits_of, "AVIF": _bits_of_avif}.get(kind)
    return reader(start) if reader else 8


def _bits_of_avif(start: bytes) -> int:
    """The bits of a channel, from the AV1 configuration (AV1 in ISO base media files, 2.3); 8 if there is none."""
    place = start.find(b"av1C")
    flags = start[place + 6] if 0 <= place < len(start) - 6 else 0
    return 12 if flags & 0x20 else 10 if flags & 0x40 else 8


def _bits_of_ppm(start: bytes) -> int:
    """16 where the largest value of a PGM or PPM needs two bytes (Netpbm's pgm(5), ppm(5)), else 8."""
    found = re.match(rb"P[2356]\s+(?:#[^\n]*\n\s*)*\d+\s+(?:#[^\n]*\n\s*)*\d+\s+(?:#[^\n]*\n\s*)*(\d+)\s", start)
    return 16 if found and int(found[1]) > 255 else 8
