"""Parses XML label files, and refuses those that declare a document type, because it can define entities.

Nothing here may follow a reference out of the file or expand one within it.
"""

from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from p2p_datatools.contract.errors import P2PError

Element = ElementTree.Element
_JUNK = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]


class SeveralRootsError(P2PError):
    """An XML file goes on after its first element, called `tag`: that is damage, or a format that is not valid XML."""

    def __init__(self, path: Path, tag: str) -> None:
        what = "is not valid XML, because it has several root elements"
        super().__init__(path, what, "Was it edited? Export it again.", code="damaged-xml")
        self.tag = tag


def read_xml(path: Path) -> Element:
    """The root of an XML file. Raises P2PError, naming the place, when it is not valid or declares a document type."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise P2PError(
            path,
            f"cannot be read: {error.strerror}",
            "Check the path and the permissions of the file.",
            code="unreadable-file",
        ) from error

    def refuse(*_: object) -> None:
        raise P2PError(
            path,
            "declares a document type (DOCTYPE), which no labelling tool writes",
            "Remove the declaration.",
            code="xml-doctype",
        )

    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
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
        raise _not_whole(path, error) from error
    except (ValueError, LookupError, AssertionError) as error:
        raise _not_whole(path, error) from error


def _not_whole(path: Path, error: Exception) -> P2PError:
    return P2PError(
        path, f"is not valid XML ({error})", "Was it cut off or edited? Export or fetch it again.", code="damaged-xml"
    )


def text_of(element: Element, path: str) -> str:
    """The text of the first element at `path`, without the space around it; empty when there is none."""
    return (element.findtext(path) or "").strip()
