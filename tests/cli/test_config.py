"""`p2p config` from the command line: every field is listed, one is explained, and no torch is loaded for it."""

import json
import subprocess
import sys

import pytest

from p2p_cli.app import main
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config

KNOWN = settings_of(Config)


def test_all_fields_are_listed_with_default_and_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config"]) == 0
    said = capsys.readouterr().out
    words = " ".join(said.split())
    for name, each in KNOWN.items():
        star = "*" if each.on_resume == "free" else ""
        assert f"{name}={each.text(each.default)}{star} {each.summary}" in words
    for group in {each.group for each in KNOWN.values()}:
        assert f"{group}:\n" in said


def test_one_field_is_explained_with_the_presets_that_set_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "generator_filters"]) == 0
    said = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (said["field"], said["default"], said["unit"]) == ("generator_filters", "64", "channels")
    assert said["allowed"] == "a whole number from 1 to 8,192"
    assert said["presets"] == "tiny 32"
    assert said["meaning"] == KNOWN["generator_filters"].doc


def test_json_says_the_same_of_one_and_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == list(KNOWN)
    assert main(["config", "gan_loss", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found["gan_loss"]
    assert found["gan_loss"]["choices"] == ["bce", "lsgan", "hinge", "wgan", "segmentation", "none"]


@pytest.mark.parametrize(
    ("name", "way_out"),
    [("learning", "learning_rate"), ("lambda_l3", "lambda_l1"), ("game", "gan_loss"), ("zzzzz", "lists")],
)
def test_an_unknown_field_is_answered_with_the_nearest(
    name: str, way_out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", name]) == 2
    assert way_out in capsys.readouterr().err


def test_it_loads_no_torch_and_no_picture_library() -> None:
    program = (
        "import sys; from p2p_cli.app import main; main(['config']); main(['config', 'size']); "
        "print(' '.join(sys.modules), file=sys.stderr)"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "learning_rate" in output.stdout
    assert not {"torch", "cv2", "PIL", "kaggle"} & set(output.stderr.split())
