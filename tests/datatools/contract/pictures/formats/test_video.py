"""Frames come and go in their order, whatever writes them, and what is no whole video is one line."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from p2p_datatools.contract.pictures.formats import video
from p2p_datatools.contract.pictures.formats.video import open_video, read_mark, write_video
from p2p_datatools.contract.pictures.images import Photo, write_png
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused


def frames(count: int = 12, height: int = 32, width: int = 48) -> Iterator[Photo]:
    """Each a step redder than the one before, with a green bar that moves."""
    for number in range(count):
        frame = np.full((height, width, 3), (number * 20, 40, 0), np.uint8)
        frame[:, number : number + 8] = (0, 255, 0)
        yield frame


@pytest.fixture(params=["av", "opencv"])
def writer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The two ways of writing."""
    if request.param == "av":
        pytest.importorskip("av", reason="the package av is not installed")
    else:
        monkeypatch.setattr(video, "has_av", lambda: False)
    return str(request.param)


def test_what_is_written_has_the_frames_in_their_order(writer: str, tmp_path: Path) -> None:
    codec = write_video(tmp_path / "x.mp4", frames(), 12.5, mark='{"seed": 1}')
    assert codec in ("H.264", "MPEG-4 (mp4v)")
    reader = open_video(tmp_path / "x.mp4")
    assert (reader.header.size, reader.header.frames, reader.header.rate) == (Size(48, 32), 12, 12.5)
    assert reader.header.sound is (False if writer == "av" else None)
    found = list(reader.frames())
    assert len(found) == 12
    for number, (frame, wanted) in enumerate(zip(found, frames(), strict=True)):
        assert np.abs(frame.astype(int) - wanted).mean() < 12, number
    assert not reader.uneven
    assert read_mark(tmp_path / "x.mp4") == '{"seed": 1}'
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]


@pytest.mark.usefixtures("writer")
def test_odd_sides_get_a_column_and_a_row(tmp_path: Path) -> None:
    write_video(tmp_path / "x.mp4", frames(3, 31, 47), 10, mark="")
    assert open_video(tmp_path / "x.mp4").header.size == Size(48, 32)


@pytest.mark.usefixtures("writer")
def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def stop() -> Iterator[Photo]:
        yield from frames(5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "x.mp4", stop(), 10, mark="")
    assert list(tmp_path.iterdir()) == []


def test_frames_that_do_not_arrive_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    class Full:
        def write(self, frame: Photo) -> None: ...
        def release(self) -> None: ...

    monkeypatch.setattr(video, "has_av", lambda: False)
    monkeypatch.setattr(video, "_open_writer", lambda *_: (Full(), "MPEG-4 (mp4v)"))
    with refused("cannot-write", tmp_path / "x.mp4"):
        write_video(tmp_path / "x.mp4", frames(3), 10, mark="")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_whole_video_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr(video, "has_av", lambda: False)
    write_video(tmp_path / "x.mp4", frames(60), 10, mark="")
    data = (tmp_path / "x.mp4").read_bytes()
    write_png(tmp_path / "picture.mp4", next(frames()))
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mp4").write_bytes(b"")
    for name in ("picture", "text", "empty"):
        with refused("not-a-video", tmp_path / f"{name}.mp4"):
            open_video(tmp_path / f"{name}.mp4")
        assert read_mark(tmp_path / f"{name}.mp4") is None
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])  # its table of frames is at the end
    with refused("no-frames", tmp_path / "cut.mp4"):
        open_video(tmp_path / "cut.mp4")
    with refused("unreadable-file", tmp_path / "missing.mp4"):
        open_video(tmp_path / "missing.mp4")


def test_a_video_that_ends_before_it_should_is_cut_off(tmp_path: Path, refused: "Refused") -> None:
    place = str(tmp_path / "x.avi")
    writer = cv2.VideoWriter(place, cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (48, 32))
    for frame in frames(60):
        writer.write(frame)
    writer.release()
    data = (tmp_path / "x.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) // 2])
    assert len(list(open_video(place).frames())) == 60
    with refused("cut-video", tmp_path / "cut.avi"):
        list(open_video(tmp_path / "cut.avi").frames())
    reader = open_video(tmp_path / "cut.avi")
    assert 10 < len(list(reader.frames(keep_going=True))) < 50
    assert "of the 60 frames" in reader.cut


@pytest.mark.parametrize("pixel", [Fraction(1), Fraction(16, 11)])
def test_colours_and_pixels_that_are_not_square_are_said_to_players(tmp_path: Path, pixel: Fraction) -> None:
    # Without a word players take large frames for BT.709, in which pure green is another.
    av = pytest.importorskip("av", reason="the package av is not installed")
    write_video(tmp_path / "x.mp4", frames(3), 10, mark="", pixel=pixel)
    with av.open(tmp_path / "x.mp4") as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (6, 1)
    header = open_video(tmp_path / "x.mp4").header
    assert (header.pixel, header.clear) == (pixel, False)


def test_transparency_which_is_not_read_is_known(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="the package av is not installed")
    with av.open(tmp_path / "x.mov", "w") as container:
        stream = container.add_stream("qtrle", rate=10)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "argb"
        for frame in frames(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    assert open_video(tmp_path / "x.mov").header.clear
