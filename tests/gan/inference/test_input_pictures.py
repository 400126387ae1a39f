"""The pictures that a model is to be applied to, as they are listed before any is decoded."""

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from p2p_gan.inference.input_pictures import list_inputs

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
