"""Parses XML label files, and refuses those that declare a document type, because it can define entities.

Nothing here may follow a reference out of the file or expand one within it.
"""

import re
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_bytes
from p2p_datatools.contract.files.text import guess_encodings, other_encoding

Element = ElementTree.Element
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z][\w.-]{0,40})["']""")
_KNOWN = (b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii", b"iso-8859-1")  # to the parser
_JUNK = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]


class SeveralRootsError(P2PError):
    """An XML file goes on after its first element, called `tag`: that is damage, or a format that is not valid XML."""

    def __init__(self, path: Path, tag: str) -> None:
        what = "is not valid XML, because it has several root elements"
        super().__init__(path, what, "Was it edited? Export it again.", code="damaged-xml")
        self.tag = tag


def read_xml(path: Path) -> Element:
    """The root of an XML file. Raises P2PError, naming the place, when it is not valid or declares a document type."""
    data, encoding = _known_encoding(read_bytes(path), path)

    def refuse(*_: object) -> None:
        what = "declares a document type (DOCTYPE), which no labelling tool writes"
        raise P2PError(path, what, "Remove the declaration.", code="xml-doctype")

    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except expat.ExpatError as error:
        if error.code == _JUNK:
            raise SeveralRootsError(path, builder.close().tag) from error
        if encoding is None and not _is_utf8(data) and guess_encodings(data):
            raise other_encoding(data, path, error) from error
        raise _not_whole(path, error) from error
    except (ValueError, LookupError, AssertionError) as error:
        raise _not_whole(path, error) from error


def _known_encoding(data: bytes, path: Path) -> tuple[bytes, str | None]:
    """The bytes in an encoding that the parser knows, and its name where it is another one than they declare."""
    declared = _DECLARED.match(data)
    if declared is None or declared[1].lower() in _KNOWN:
        return data, None
    name = declared[1].decode("ascii", "replace").lower()
    try:
        # What is called by the older names of Chinese often has letters of the newest, which has all of theirs.
        return data.decode("gb18030" if name in ("gb2312", "gbk") else name).encode(), "utf-8"
    except UnicodeDecodeError as error:
        raise other_encoding(data, path, error) from error
    except LookupError as error:
        what = f"declares the encoding {name}, which is not known"
        raise P2PError(path, what, "Save it as UTF-8.", code="damaged-xml") from error


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _not_whole(path: Path, error: Exception) -> P2PError:
    what = f"is not valid XML ({error})"
    return P2PError(path, what, "Was it cut off or edited? Export or fetch it again.", code="damaged-xml")


def text_of(element: Element, path: str) -> str:
    """The text of the first element at `path`, without the space around it; empty when there is none."""
    return (element.findtext(path) or "").strip()
