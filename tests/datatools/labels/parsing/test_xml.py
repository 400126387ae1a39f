"""XML is parsed without ever following or expanding an entity."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.labels.parsing.xml import read_xml, text_of

if TYPE_CHECKING:
    from conftest import Refused

BOMB = (
    '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;&x;&x;">'
    '<!ENTITY z "&y;&y;&y;&y;&y;&y;&y;&y;&y;&y;">]><a>&z;</a>'
)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "a.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_elements_attributes_and_text_are_read(tmp_path: Path) -> None:
    root = read_xml(written(tmp_path, '<?xml version="1.0"?><a b="1"><c> x &amp; ä </c><c/></a>'))
    assert (root.tag, root.get("b"), text_of(root, "c"), text_of(root, "d")) == ("a", "1", "x & ä", "")


def test_text_in_another_encoding_is_read_as_declared(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="iso-8859-1"?><a b="käfer"/>'
    assert read_xml(written(tmp_path, text.encode("iso-8859-1"))).get("b") == "käfer"


@pytest.mark.parametrize(
    "text", [BOMB, '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "<!DOCTYPE a><a/>"]
)
def test_a_document_type_is_refused_before_anything_is_expanded(tmp_path: Path, text: str, refused: "Refused") -> None:
    with refused("xml-doctype", tmp_path / "a.xml"):
        read_xml(written(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    ["", "<a>", "<a><b></a>", "<a>&x;</a>", "<a/><a/>", b"<a>\xff</a>", b'<?xml version="1.0" encoding="no"?><a/>'],
)
def test_what_is_not_whole_is_one_line(tmp_path: Path, text: str | bytes, refused: "Refused") -> None:
    with refused("damaged-xml", tmp_path / "a.xml"):
        read_xml(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path, refused: "Refused") -> None:
    with refused("unreadable-file", tmp_path / "gone.xml"):
        read_xml(tmp_path / "gone.xml")
