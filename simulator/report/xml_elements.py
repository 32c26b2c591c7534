"""Elements of an XML document, of text from anywhere: characters that XML cannot hold become U+FFFD."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(parent: ElementTree.Element | None, tag: str, **attributes: str) -> ElementTree.Element:
    """An element, within `parent` where there is one."""
    clean = {name: cleaned(value) for name, value in attributes.items()}
    return ElementTree.Element(tag, clean) if parent is None else ElementTree.SubElement(parent, tag, clean)


def cleaned(text: str) -> str:
    """The text as XML 1.0 can hold it."""
    return _NOT_XML.sub("\ufffd", text)


def document(root: ElementTree.Element) -> str:
    """The whole document, indented; UTF-8 when written as such."""
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
