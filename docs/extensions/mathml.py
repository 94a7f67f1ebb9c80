"""Formulas as MathML, made when the site is built, so that a page needs no script for them."""

from __future__ import annotations

from html import unescape
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, tostring

from docutils import nodes
from latex2mathml.converter import convert_to_element
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

_log = logging.getLogger(__name__)
_THIN = "0.167em"
_ROWS = {"math", "mrow", "mtd"}  # elements that may have any number of children
_SCRIPTS = {"msub", "msup", "msubsup"}
_SIGNS, _CLOSING = "-\u2212+", ")]}|\u2016\u230b\u2032"
_OPERANDS = {"mi", "mn", "mrow", "msub", "msup", "msubsup", "mfrac", "mover"}


def to_mathml(latex: str, *, block: bool = False) -> str:
    """A formula as a ``math`` element that keeps its LaTeX as alternative text.

    Raises
    ------
    ValueError : the formula is broken, or has a command that is not known.
    """
    try:
        root = convert_to_element(latex, display="block" if block else "inline")
    except Exception as error:  # the converter has many kinds, and all mean a broken formula
        raise ValueError(f"not a formula: {latex}: {error!r}") from error
    for element in root.iter():
        element.text = unescape(element.text or "")  # the converter writes entities as text
    unknown = [text for text in root.itertext() if "\\" in text]
    if unknown:
        raise ValueError(f"no such command in a formula: {', '.join(unknown)}")
    _space_functions(root)
    root.set("alttext", " ".join(latex.split()))
    return tostring(root, encoding="unicode")


def _space_functions(element: Element) -> None:
    """Set names such as log and sg upright, with a thin space to what they stand beside."""
    for child in element:
        _space_functions(child)
        if child.tag == "mo" and _is_name(child):
            child.tag = "mi"
        if child.get("fence"):  # between others a bracket has the space of an operator
            child.attrib |= {"lspace": "0em", "rspace": "0em"}
    _close_signs(element)
    if element.tag not in _ROWS:
        return
    spaced: list[Element] = []
    for child in chain.from_iterable(map(_split_scripts, list(element))):
        if spaced and _want_space(spaced[-1], child):
            space = SubElement(element, "mspace", width=_THIN)
            spaced.append(space)
        spaced.append(child)
    element[:] = spaced


def _split_scripts(element: Element) -> list[Element]:
    """A bracket and its exponent apart: browsers set a bracket with one unlike its partner."""
    if element.tag not in _SCRIPTS or (element[0].text or " ") not in _CLOSING:
        return [element]
    bracket = element[0]
    element[0] = Element("mrow")
    return [bracket, element]


def _close_signs(element: Element) -> None:
    """Set a sign after another operator, as in ``= -u``, without the space of a subtraction."""
    for left, sign in pairwise(element):
        opened = left.tag == "mspace" or (left.tag == "mo" and (left.text or "") not in _CLOSING)
        if opened and sign.tag == "mo" and (sign.text or " ") in _SIGNS:
            sign.set("form", "prefix")


def _want_space(left: Element, right: Element) -> bool:
    both = left.tag in _OPERANDS and right.tag in _OPERANDS
    return both and (_is_name(left) or _is_name(right))


def _is_name(element: Element) -> bool:
    text = element.text or ""
    return element.tag in ("mi", "mo") and len(text) > 1 and text.isascii() and text.isalpha()


def _write(translator: HTML5Translator, node: nodes.Element, *, block: bool) -> None:
    try:
        formula = to_mathml(node.astext(), block=block)
    except ValueError as error:
        _log.warning("%s", error, location=node)
        raise nodes.SkipNode from error
    kind = "div" if block else "span"
    translator.body.append(translator.starttag(node, kind, "", CLASS="math"))
    translator.body.append(f"{formula}</{kind}>")
    raise nodes.SkipNode


def write_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula inside a sentence."""
    _write(translator, node, block=False)


def write_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on lines of its own."""
    _write(translator, node, block=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
