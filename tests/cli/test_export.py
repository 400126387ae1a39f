"""`p2p export` and what it says."""

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.sources import web_runtime
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture


def model(path: Path, shape: Architecture) -> Path:
    card = ModelCard(
        shape,
        Half("a", "picture", shape.inputs),
        Half("b", "picture", shape.outputs),
        None,
        Size(64, 64),
        "pad",
        "running",
        False,
        7,
        "",
    )
    save_model(path, card, shape.build())
    return path


def test_the_options_that_load_it_in_the_reference_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = Architecture(1, 4, 2, 3, 12, "batch", 0.0, "resnet", blocks=6, biases=False)
    command = [
        "export",
        str(model(tmp_path / "m.safetensors", shape)),
        str(tmp_path / "G.pth"),
        "--format",
        "reference",
    ]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "load it with --netG resnet_6blocks --norm batch --ngf 3 --input_nc 1 --output_nc 4" in out
    assert "note: the model has no dropout: add --no_dropout" in out
    assert "note: the model uses running statistics: add --eval" in out
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] is False


def test_a_model_the_reference_cannot_hold_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shape = Architecture(3, 3, 5, 2, 16, "batch", 0.5, "encoder-decoder")
    source = model(tmp_path / "m.safetensors", shape)
    assert main(["export", str(source), str(tmp_path / "G.pth"), "--format", "reference"]) == 1
    assert "its decoder has no skips" in capsys.readouterr().err
    assert not (tmp_path / "G.pth").exists()


def test_an_onnx_file_says_how_far_it_differs_and_what_is_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    shape = Architecture(1, 2, 2, 3, 12, "batch", 0.5)
    source = model(tmp_path / "m.safetensors", shape)
    assert main(["export", str(source), "--format", "onnx"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{tmp_path / 'm.onnx'}: onnx in float32, ")
    assert "compared 4 random inputs: largest difference " in out
    assert f"next       p2p sample {tmp_path / 'm.onnx'} PICTURES --out DEST" in out
    assert "Only random inputs are compared" in err
    assert main(["export", str(source), "--format", "onnx", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] is False


def test_a_missing_destination_and_a_setting_of_another_format_are_wrong_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(model(tmp_path / "m.safetensors", Architecture(3, 3, 2, 3, 12, "batch", 0.5)))
    assert main(["export", source, "--format", "reference"]) == 2
    assert "DEST: is missing" in capsys.readouterr().err
    assert main(["export", source, str(tmp_path / "G.pth"), "--format", "reference", "--precision", "float16"]) == 2
    assert main(["export", source, str(tmp_path / "x.safetensors"), "--format", "safetensors"]) == 0
    assert "x.safetensors: safetensors in float32" in capsys.readouterr().out


def test_a_page_says_what_it_weighs_and_how_to_try_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    archive, site = tmp_path / "ort.tgz", tmp_path / "my site"
    scripts = ["ort.webgpu.bundle.min.mjs", "ort.wasm.bundle.min.mjs"]
    names = [*scripts, "ort-wasm-simd-threaded.asyncify.wasm", "ort-wasm-simd-threaded.wasm"]
    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        for name in names:
            info = tarfile.TarInfo(f"package/dist/{name}")
            packed.addfile(info, io.BytesIO())
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    release = web_runtime.WebRelease("9.9.9", web_runtime.RELEASE.place, f"sha512-{digest}")
    monkeypatch.setattr(web_runtime, "RELEASE", release)
    shape = Architecture(3, 3, 2, 3, 12, "batch", 0.0, "resnet", blocks=1)
    command = ["export", str(model(tmp_path / "m.safetensors", shape)), str(site), "--format", "web"]
    assert main([*command, "--archive", str(archive)]) == 0
    out = capsys.readouterr().out
    assert "onnxruntime-web 9.9.9" in out
    assert "in float16" in out
    assert f"python -m http.server --directory '{site}'" in out
    assert main([*command, "--archive", str(archive), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["written"], said["smaller"]) == (False, [])


def test_the_format_follows_from_the_ending_of_the_file_where_it_is_not_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = Architecture(1, 4, 2, 3, 12, "batch", 0.0, "resnet", blocks=6, biases=False)
    source = str(model(tmp_path / "m.safetensors", shape))
    assert main(["export", source, str(tmp_path / "copy.safetensors")]) == 0
    assert "copy.safetensors: safetensors in float32" in capsys.readouterr().out
    assert main(["export", source, str(tmp_path / "G.pth")]) == 0
    assert "--netG resnet_6blocks" in capsys.readouterr().out
    for dest in ([], [str(tmp_path / "site")], [str(tmp_path / "m.tflite")]):
        assert main(["export", source, *dest]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "--format" in error
        assert "onnx, torchscript, safetensors, reference, web" in error


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--format", "onnx", "--archive", "x.tgz"], "needs no archive"), (["--format", "web"], "DEST: is missing")],
)
def test_words_of_a_page_that_do_not_fit_are_a_usage_error(
    words: list[str], code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(tmp_path), *words]) == 2
    assert code in capsys.readouterr().err
