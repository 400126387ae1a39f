"""The names in a data.yaml, in each of the forms that tools write, and no others."""

from pathlib import Path

import pytest

from p2p_datatools.annotations.yolonames import read_names
from p2p_datatools.contract.errors import P2PError

NAMES = {0: "car", 1: "front wheel", 2: "it's, a #1"}


@pytest.mark.parametrize(
    "text",
    [
        'train: ../x\nnames: [car, front wheel, "it\'s, a #1"]  # three\nnc: 3\n',
        "names: ['car', 'front wheel',\n  \"it's, a #1\"]\n",
        'names:\n- car\n- "front wheel"\n# between\n- "it\'s, a #1"\nnc: 3\n',
        'names:\n  - car\n  - front wheel\n  - "it\'s, a #1"\n',
        "names:\n  0: car\n  1: 'front wheel'\n\n  2: \"it's, a #1\"\nval: x\n",
        "names: {0: car, 1: 'front wheel', 2: \"it's, a #1\"}\n",
        '\ufeffnames :\r\n  0: car\r\n  1: front wheel\r\n  2: "it\'s, a #1"\r\n',
    ],
)
def test_a_list_and_a_mapping_are_read_in_one_line_or_several(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.yaml").write_text(text, "utf-8")
    assert read_names(tmp_path / "data.yaml") == NAMES


@pytest.mark.parametrize("text", ["nc: 3\n", "path: x\n  names: [a]\n"])
def test_no_names_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(P2PError, match=r"data\.yaml: has no line 'names:'"):
        read_names(tmp_path / "data.yaml")


@pytest.mark.parametrize("text", ["names: *anchor", "names: [a, b", "names:\n", "names: [a, a]", "names: &x\n- a\n"])
def test_another_form_is_refused_and_not_guessed(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(P2PError, match="names cannot be read, or one stands twice"):
        read_names(tmp_path / "data.yaml")


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(P2PError, match="cannot be read as text"):
        read_names(tmp_path / "data.yaml")
