"""The pictures that a model is to be applied to, as they are listed before any is decoded."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from p2p_gan.inference.input_pictures import list_inputs, refuse_dest_among

if TYPE_CHECKING:
    from conftest import Refused

    from p2p_datatools.contract.errors import Skip


def test_pictures_of_one_name_are_named_together_and_the_others_go_on_where_that_is_asked(
    tmp_path: Path, refused: "Refused"
) -> None:
    for name in ("a.png", "a.jpg", "b.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    with refused("same-name") as error:
        list_inputs([tmp_path])
    assert all(str(tmp_path / name) in error.value.where for name in ("a.png", "a.jpg"))
    strange: list[Skip] = []
    assert [each.name for each in list_inputs([tmp_path], strange=strange)] == ["b"]
    assert [each.code for each in strange] == ["same-name"]
    (tmp_path / "b.png").unlink()
    with refused("same-name"):
        list_inputs([tmp_path], strange=[])


def test_outputs_do_not_lie_among_the_inputs_whose_number_would_double_with_each_call(
    tmp_path: Path, refused: "Refused"
) -> None:
    pictures, pairs = tmp_path / "pictures", tmp_path / "pairs"
    pictures.mkdir()
    for split in ("train", "test"):
        (pairs / split).mkdir(parents=True)
    for inputs, dest in ((pictures, pictures / "out"), (pictures, pictures), (pairs, pairs / "test" / "out")):
        with refused("destination-inside-source", dest, usage=True):
            refuse_dest_among(dest, [inputs])
    refuse_dest_among(tmp_path / "pictures-out", [pictures])
    refuse_dest_among(pairs / "samples", [pairs])  # only the splits are read
    Image.new("RGB", (8, 8)).save(pictures / "a.png")
    refuse_dest_among(pictures / "out", [pictures / "a.png"])


def test_a_pipe_is_offered_standard_input_instead(tmp_path: Path, refused: "Refused") -> None:
    os.mkfifo(tmp_path / "pipe")
    with refused("special-file", tmp_path / "pipe") as error:
        list_inputs([tmp_path / "pipe"])
    assert "Write - " in error.value.to_do
