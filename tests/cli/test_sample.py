"""`p2p sample` of videos and streams: what it says, and that nothing but the picture is on standard output."""

import io
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from p2p_cli.app import main
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.formats.video import write_video
from p2p_datatools.contract.pictures.images import read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.derivations.color import lab_to_rgb
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture

NOISE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
Send = Callable[[bytes], None]


def write_model(path: Path, of: str, to: str) -> str:
    """A model of photos to photos, without dropout."""
    shape, halves = Architecture(3, 3, 2, 3, 12, "batch", 0.0), (Half(of, "photo"), Half(to, "photo"))
    card = ModelCard(shape, *halves, None, Size(32, 32), "stretch", "picture", False, 7, "")
    save_model(path, card, shape.build())
    return str(path)


@pytest.fixture
def model(tmp_path: Path) -> str:
    return write_model(tmp_path / "m.safetensors", "a", "b")


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch) -> Send:
    """send(data): what standard input then holds."""

    def replace(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return replace


def test_a_picture_comes_from_standard_input_and_goes_to_standard_output(
    model: str, tmp_path: Path, send: Send, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    write_png(tmp_path / "x.png", NOISE)
    data = (tmp_path / "x.png").read_bytes()
    assert main(["sample", model, str(tmp_path / "x.png"), "--out", str(tmp_path / "out")]) == 0
    capsysbinary.readouterr()
    wanted = (tmp_path / "out" / "x.png").read_bytes()
    for place in ("-", str(tmp_path / "x.png")):
        send(data)
        assert main(["sample", model, place, "--out", "-"]) == 0
        assert capsysbinary.readouterr().out == wanted
    send(data)
    assert main(["sample", model, "-", "--out", str(tmp_path / "from")]) == 0
    assert (tmp_path / "from" / "stdin.png").read_bytes() == wanted
    send(data)
    capsysbinary.readouterr()
    assert main(["sample", model, "-", "--out", "-", "--sheet"]) == 0
    assert Image.open(io.BytesIO(capsysbinary.readouterr().out)).size == (60, 20)


@pytest.mark.parametrize(
    ("words", "data", "code", "said"),
    [
        ("- --out -", b"", 1, "standard input: is empty"),
        ("- --out -", b"hello", 1, "standard input: is not a picture"),
        ("- --out x", b"", 1, "standard input: is empty"),
        ("- - --out -", b"", 2, "is one picture, and more are given"),
        (". --out -", b"", 2, "is a folder"),
        ("- --out - --json", b"", 2, "would be on standard output"),
        ("- --out - --variants 2", b"", 2, "variants=2"),
    ],
)
def test_what_is_no_picture_leaves_standard_output_empty(
    model: str,
    words: str,
    data: bytes,
    code: int,
    said: str,
    send: Send,
    capsysbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    send(data)
    assert main(["sample", model, *words.split()]) == code
    out, err = capsysbinary.readouterr()
    assert out == b""
    assert said in err.decode()
    assert not (tmp_path / "x").exists()


def test_what_came_from_standard_input_is_called_so_where_it_fails_for_a_folder(
    model: str, tmp_path: Path, send: Send, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(tmp_path / "x.png", NOISE)
    whole = (tmp_path / "x.png").read_bytes()
    for data in (b"no picture", whole[: len(whole) // 2]):
        send(data)
        assert main(["sample", model, "-", "--out", str(tmp_path / "out")]) == 1
        err = capsys.readouterr().err
        assert "Error: standard input: is " in err
        assert "stdin.png" not in err


def test_what_came_from_standard_input_is_called_so_in_records_and_in_notes(
    model: str, tmp_path: Path, send: Send, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    send(b"no picture")
    assert main(["sample", model, "-", "--out", str(tmp_path / "none"), "--keep-going"]) == 1
    assert json.loads((tmp_path / "none" / "skipped.jsonl").read_text())["where"] == "standard input"
    smooth = cv2.resize(NOISE[:4, :8], (32, 32), interpolation=cv2.INTER_CUBIC)
    write_png(tmp_path / "ab.png", np.concatenate([smooth, 255 - smooth], axis=1))
    for dest in (str(tmp_path / "some"), "-"):
        send((tmp_path / "ab.png").read_bytes())
        assert main(["sample", model, "-", "--out", dest]) == 0
        err = capsysbinary.readouterr().err.decode()
        assert "standard input: the pictures are twice as wide as those of training" in err
    assert json.loads((tmp_path / "some" / "samples.jsonl").read_text())["source"] == "standard input"


def test_a_terminal_is_refused(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(tmp_path / "x.png", NOISE)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["sample", model, str(tmp_path / "x.png"), "--out", "-"]) == 2
    assert "standard output: is a terminal" in capsys.readouterr().err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert main(["sample", model, "-", "--out", str(tmp_path / "out")]) == 2
    assert "standard input: is a terminal" in capsys.readouterr().err


def test_a_video_says_its_frames_and_what_wrote_it(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, out = tmp_path / "clip.mp4", str(tmp_path / "out.mp4")
    write_video(clip, [NOISE] * 6, 10, mark="")
    assert main(["sample", model, str(clip), "--out", out]) == 0
    assert f"a-to-b: 6 frames in {out}, as " in capsys.readouterr().out
    assert main(["sample", model, str(clip), "--out", out]) == 0
    assert "exists already: 6 frames" in capsys.readouterr().out
    assert main(["sample", model, str(clip), "--out", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] is False
    for words, code, said in (
        ([str(clip), "--out", str(tmp_path / "folder")], 2, "Add --out clip-out.mp4"),
        ([str(clip), str(clip), "--out", out], 2, "several inputs are given"),
        ([str(tmp_path / "missing.mp4"), "--out", out], 1, "does not exist"),
        ([str(tmp_path), "--out", out], 1, "is a folder"),
    ):
        assert main(["sample", model, *words]) == code
        assert said in capsys.readouterr().err


def test_colours_of_a_model_become_a_photo_by_the_command_that_it_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_png(tmp_path / "photos" / "x.png", NOISE)
    model, lab = write_model(tmp_path / "m.safetensors", "L", "ab"), tmp_path / "lab"
    assert main(["data", "derive", str(tmp_path / "photos"), str(lab), "--op", "lab"]) == 0
    assert main(["sample", model, str(lab / "L"), "--out", str(tmp_path / "ab")]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "--op color" in line)
    words = [{"PHOTOS": str(tmp_path / "photos"), "DEST": str(tmp_path / "made")}.get(w, w) for w in shlex.split(line)]
    assert main(words[words.index("p2p") + 1 :]) == 0
    pictures = [read_photo(tmp_path / folder / "x.png") for folder in ("lab/L", "ab", "made")]
    assert (lab_to_rgb(*pictures[:2]) == pictures[2]).all()
