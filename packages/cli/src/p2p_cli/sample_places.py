"""`p2p sample` where a picture comes from standard input, goes to standard output, or is a video.

Nothing here may print on standard output beside the picture that goes there.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from p2p_cli.text import render
from p2p_cli.text.terminal import name_full_output
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.words import plural, shell_word

if TYPE_CHECKING:
    from p2p_gan.inference.sampling import SampleOptions
    from p2p_gan.inference.video import VideoSummary

STREAM = Path("-")
_IN, _OUT = "standard input", "standard output"


class Call(NamedTuple):
    """What the command line asks for; `where` are device and runtime."""

    model: Path
    inputs: Sequence[Path]
    dest: Path
    sampling: "SampleOptions"
    keep_going: bool
    where: dict[str, Any]
    as_json: bool


def sample_elsewhere(call: Call) -> int | None:
    """Do what is not from files to a folder, and give the exit code; None where it is from files to a folder."""
    if STREAM in call.inputs or call.dest == STREAM:
        if len(call.inputs) > 1:
            what, to_do = "is one picture, and more are given", "Give one input, or a folder for --out."
            raise UsageError("-", what, to_do, code="unfit-setting")
        return _sample_to_stream(call) if call.dest == STREAM else _sample_from_stream(call)
    from p2p_datatools.contract.pictures.formats.video import is_video

    videos = [each for each in call.inputs if is_video(each) and not each.is_dir()]
    if is_video(call.dest) and not call.dest.is_dir():
        return _sample_video(call)
    if videos:
        to_do = (
            f"Add --out {shell_word(f'{videos[0].stem}-out.mp4')}." if len(call.inputs) == 1 else "Sample it by itself."
        )
        raise UsageError(videos[0], "is a video, which becomes a video and no folder", to_do, code="wrong-file-name")
    return None


def _sample_to_stream(call: Call) -> int:
    from p2p_gan.inference.streams import sample_bytes

    if call.as_json:
        to_do = "Leave --json out, or give a folder for --out."
        raise UsageError("--json", f"would be on {_OUT}, where the picture goes", to_do, code="unfit-setting")
    if sys.stdout.isatty():
        to_do = "Redirect it: --out - > picture.png."
        raise UsageError(_OUT, "is a terminal, which shows no picture", to_do, code="terminal")
    [place] = call.inputs
    data, name = _read(place)
    made = sample_bytes(call.model, data, call.sampling, name=name, report=render.reporter(), **call.where)
    with name_full_output():
        sys.stdout.buffer.write(made)
        sys.stdout.buffer.flush()
    return 0


def _read(place: Path) -> tuple[bytes, str]:
    """The bytes of the one picture, and what errors call it."""
    from p2p_datatools.contract.files.atomic import read_bytes

    if place == STREAM:
        return _read_stream(), _IN
    if place.is_dir():
        to_do = "Give one picture, or a folder for --out."
        raise UsageError(place, f"is a folder, and {_OUT} takes one picture", to_do, code="unfit-setting")
    return read_bytes(place), str(place)


def _read_stream() -> bytes:
    if sys.stdin.isatty():
        to_do = "Send a picture: ... | p2p sample MODEL - --out DEST."
        raise UsageError(_IN, "is a terminal, from which no picture comes", to_do, code="terminal")
    return sys.stdin.buffer.read()


def _sample_from_stream(call: Call) -> int:
    """A picture from standard input to a folder, as DEST/stdin.png."""
    from p2p_cli.sample import sample_files
    from p2p_gan.inference.inputs import PictureBytes

    given = PictureBytes(_read_stream(), _IN)
    given.open()  # refuses an empty one by its name
    return sample_files(call, [given])


def _sample_video(call: Call) -> int:
    from p2p_gan.inference.video import sample_video

    if len(call.inputs) > 1:
        to_do = "Sample each by itself, or give a folder for pictures."
        raise UsageError(call.dest, "is one video, and several inputs are given", to_do, code="unfit-setting")
    [video] = call.inputs
    if not video.is_file():
        what, to_do = ("is a folder", "Give a video.") if video.is_dir() else ("does not exist", "Check the path.")
        raise P2PError(video, what, to_do, code="missing-path")
    keep_going, report = call.keep_going, render.reporter()
    made = sample_video(call.model, video, call.dest, call.sampling, keep_going=keep_going, report=report, **call.where)
    if call.as_json:
        render.say_json(_facts(made))
    else:
        render.say(_line(made))
    if made.cut:
        render.remark(f"{video}: {made.cut}.")
    return 1 if made.cut else 0


def _facts(made: "VideoSummary") -> dict[str, Any]:
    names = ("frames", "written", "codec", "runtime", "snapped", "snapped_frames", "cut")
    return {"dest": str(made.dest), **{name: getattr(made, name) for name in names}}


def _line(made: "VideoSummary") -> str:
    frames = plural(made.frames, "frame")
    if not made.written:
        return f"{made.dest} exists already: {frames}."
    by = "" if made.runtime == "torch" else f" by {made.runtime}"
    browser = "" if made.codec == "H.264" else " Browsers want H.264, which it is with the package av (av>=13)."
    return f"{made.model.card.direction}: {frames} in {made.dest}{by}, as {made.codec}.{browser}"
