"""Videos in and out of files: frames as RGB arrays, in their order, and a file that is whole or not there.

Nothing here may know what a frame shows, or open an address: a file is a video by its first bytes.
"""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import atomic, cannot_read, cannot_write
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.pictures.formats.png import OPENCV_LOG
from p2p_datatools.contract.pictures.images import Photo, size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong with a video is in the error
VIDEOS = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv", ".3gp"}
)
"""Suffixes of files that are taken for videos."""
WRITTEN = frozenset({".mp4", ".m4v", ".mov"})
"""Suffixes of videos that are written; all are of the same kind."""
_BRANDS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")  # of the first box, at the byte 4
_HEADS = (
    *(b"\x1aE\xdf\xa3", b"GIF8", b"OggS", b"FLV", b"0&\xb2u", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"),
    b"\x47\x40",  # MPEG-TS
)
_USUAL_RATE, _FASTEST = 25.0, 1000.0
_TOLERANCE = 0.02  # of the length: what the header of a whole video may announce too much
_LEAST_MISSING = 2
_QUALITY = "18"  # CRF of H.264, at which a loss can hardly be seen
_MARK, _LONGEST_MARK = b"p2p:", 4096
_BT601, _LIMITED = 6, 1  # as av computes YUV of RGB, in the numbers of ITU-T H.273
_MOST_PIXEL = 10_000
_CLEAR = ("yuva", "rgba", "argb", "bgra", "abgr", "gbrap", "ya8", "ya16")
_BOX = 8  # bytes of the size and the name of a box


@dataclass(frozen=True)
class VideoHeader:
    """What a video says of itself: `frames` are announced, 0 if not known; `sound` is None if that is not known.

    `pixel` is the width of a pixel over its height, `clear` whether frames are known to have transparency, which is not
    read.
    """

    size: Size
    rate: float
    frames: int
    sound: bool | None
    pixel: Fraction = Fraction(1)
    clear: bool = False


@dataclass
class VideoReader:
    """A video whose `frames` are read one after the other.

    Afterwards `read` is their number, `uneven` whether their times were, and `cut` what is missing, if some are.
    """

    path: Path
    header: VideoHeader
    read: int = 0
    uneven: bool = False
    cut: str = ""
    _capture: Any = field(default=None, repr=False)

    def frames(self, *, keep_going: bool = False) -> Iterator[Photo]:
        """The frames, uint8 RGB (height, width, 3).

        Raises P2PError when there is none, and after the last one when the video ends before it should, unless
        `keep_going`.
        """
        rate, first, last = self.header.rate, 0.0, 0.0
        try:
            while True:
                found, frame = self._capture.read()
                if not found:
                    break
                last = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000 - first
                first, last = (first, last) if self.read else (last, 0.0)
                self.uneven |= abs(last - self.read / rate) > 1.5 / rate
                self.read += 1
                yield np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
        finally:
            self._capture.release()
        if not self.read:
            raise P2PError(self.path, "is a video without frames", "Record or fetch it again.", code="no-frames")
        if self._is_cut(last):
            frames = plural(self.header.frames, "frame")
            self.cut = f"is cut off: it has {self.read} of the {frames} that it announces"
        if self.cut and not keep_going:
            raise P2PError(self.path, self.cut, "Fetch it again, or add --keep-going.", code="cut-video")

    def _is_cut(self, last: float) -> bool:
        """Whether frames are missing: both by their number and by the time of the last, for a number may be a guess."""
        announced, rate = self.header.frames, self.header.rate
        least = announced - max(_LEAST_MISSING, _TOLERANCE * announced)
        return self.read < least and last + 1 / rate < least / rate


def is_video(path: Path) -> bool:
    """Whether a path is that of a video, by its name."""
    return path.suffix.lower() in VIDEOS


def open_video(path: Path | str) -> VideoReader:
    """Open a video; raises P2PError for a file that is none, or that cannot be read."""
    path = Path(path)
    try:
        with open_file(path) as file:
            head = file.read(188)
    except OSError as error:
        raise cannot_read(path, error) from error
    if not _is_container(head):
        to_do = "Give a video, such as MP4, or pictures and a folder for --out."
        raise P2PError(path, "is not a video, whatever its name says", to_do, code="not-a-video")
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        what = "has no frames that can be read: it is cut off, damaged, or sound alone"
        raise P2PError(path, what, "Fetch or record it again.", code="no-frames")
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    size = Size(int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    frames = int(max(0, min(capture.get(cv2.CAP_PROP_FRAME_COUNT), 2**31)))
    rate = rate if 0 < rate <= _FASTEST else _USUAL_RATE
    sound, clear = _look_into(path)
    header = VideoHeader(size, rate, frames, sound, _pixel_of(capture), clear)
    return VideoReader(path, header, _capture=capture)


def _pixel_of(capture: Any) -> Fraction:
    """The width of a pixel over its height, in the frames as they are read: turned."""
    width, height = (int(capture.get(each)) for each in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN))
    if not (0 < width <= _MOST_PIXEL and 0 < height <= _MOST_PIXEL):
        return Fraction(1)
    is_turned = int(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 180 == 90
    return Fraction(height, width) if is_turned else Fraction(width, height)


def _is_container(head: bytes) -> bool:
    return head[4:8] in _BRANDS or head.startswith(_HEADS) or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")


def has_av() -> bool:
    """Whether the package av is installed, which writes H.264 and knows of sound."""
    return importlib.util.find_spec("av") is not None


def _look_into(path: Path) -> tuple[bool | None, bool]:
    """Whether a video has sound, None if that is not known, and whether its frames are known to have transparency."""
    if not has_av():
        return None, False
    import av

    try:
        with av.open(str(path)) as container:
            clear = any(_is_clear(each.codec_context, each.metadata) for each in container.streams.video)
            return bool(container.streams.audio), clear
    except (OSError, ValueError):
        return None, False


def _is_clear(codec: Any, metadata: Mapping[str, str]) -> bool:
    """Whether frames have an alpha channel; that of VP8 and VP9 lies beside them, and GIF has one in any case."""
    has_channel = codec.name != "gif" and (codec.pix_fmt or "").startswith(_CLEAR)
    return metadata.get("alpha_mode") == "1" or has_channel


def write_video(path: Path, frames: Iterable[Photo], rate: float, *, mark: str, pixel: Fraction = Fraction(1)) -> str:
    """Write frames of one size as MP4, atomically, and say how: H.264, or MPEG-4 (mp4v) where nothing writes that.

    Sides that are odd get their last column or row twice, as both demand. `mark` is a text in the file by which
    `read_mark` knows it again. Pixels that are not square are said by av alone. Raises P2PError when the disk is full
    or the place cannot be written.
    """
    padded = (_to_even(frame) for frame in frames)
    with atomic(path) as file:
        codec = _write_by_av(file.name, padded, rate, pixel) if has_av() else _write_by_opencv(path, file, padded, rate)
        file.seek(0, os.SEEK_END)
        data = _MARK + mark.encode()
        file.write((len(data) + _BOX).to_bytes(4, "big") + b"free" + data)
    return codec


def read_mark(path: Path) -> str | None:
    """The text that `write_video` left in a video; None in any other file."""
    try:
        with open_file(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_MARK))
            tail = file.read()
    except OSError as error:
        raise cannot_read(path, error) from error
    place = tail.rfind(b"free" + _MARK)
    return tail[place + len(b"free" + _MARK) :].decode(errors="replace") if place >= 0 else None


def _to_even(frame: Photo) -> Photo:
    height, width = frame.shape[:2]
    return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else frame


def _write_by_av(place: str, frames: Iterable[Photo], rate: float, pixel: Fraction) -> str:
    import av

    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(place, "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream: Any = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=Fraction(rate).limit_denominator(60_000))
                stream.width, stream.height = size_of(frame)
                stream.pix_fmt = "yuv420p"
                stream.codec_context.sample_aspect_ratio = pixel
                # Of what says nothing, players take large frames for BT.709, and show other colours.
                stream.codec_context.colorspace, stream.codec_context.color_range = _BT601, _LIMITED
                stream.options = {"crf": _QUALITY} if codec == "libx264" else {"q:v": "2"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())
    return "H.264" if codec == "libx264" else "MPEG-4 (mp4v)"


def _write_by_opencv(path: Path, file: Any, frames: Iterable[Photo], rate: float) -> str:
    """By OpenCV, whose packages for Linux have no encoder for H.264; it tells no error, so the result is counted."""
    with tempfile.TemporaryDirectory(prefix=".p2p-", suffix=".tmp", dir=path.parent) as folder:
        place, writer, codec, count = Path(folder) / f"x{path.suffix}", None, "", 0
        for frame in frames:
            writer, codec = (writer, codec) if writer else _open_writer(place, size_of(frame), rate)
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
            count += 1
        if writer is not None:
            writer.release()
        written = cv2.VideoCapture(str(place), cv2.CAP_FFMPEG)
        found = int(written.get(cv2.CAP_PROP_FRAME_COUNT)) if written.isOpened() else 0
        written.release()
        if found != count:
            raise cannot_write(path, OSError(0, f"{found} of {plural(count, 'frame')} arrived"))
        with place.open("rb") as made:
            shutil.copyfileobj(made, file)
    return codec


def _open_writer(place: Path, size: Size, rate: float) -> tuple[Any, str]:
    level = OPENCV_LOG.getLogLevel()
    OPENCV_LOG.setLogLevel(0)  # the first may be missing
    try:
        for word, name in (("avc1", "H.264"), ("mp4v", "MPEG-4 (mp4v)")):
            writer = cv2.VideoWriter(str(place), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*word), rate, size)
            if writer.isOpened():
                return writer, name
    finally:
        OPENCV_LOG.setLogLevel(level)
    to_do = "Run 'pip install \"av>=13\"', which writes H.264, or free space."
    raise P2PError(place.name, "cannot be written: OpenCV has no encoder for it", to_do, code="no-encoder")


def refuse_other_suffix(path: Path) -> None:
    """Raise UsageError for a name that is not that of a video which is written."""
    if path.suffix.lower() not in WRITTEN or path.is_dir():
        to_do = f"Give a name that ends in {', '.join(sorted(WRITTEN))}."
        raise UsageError(path, "is not the name of a video to write", to_do, code="wrong-file-name")
