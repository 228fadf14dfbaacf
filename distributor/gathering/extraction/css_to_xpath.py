"""CSS selectors as XPath. Pure, and without lxml: who only asks whether a selector is one has no need of it."""

from __future__ import annotations

import string

from cssselect import HTMLTranslator, SelectorError
from cssselect.parser import Class, Hash
from cssselect.xpath import XPathExpr


class _AnyCase(HTMLTranslator):
    """Selectors as browsers match them on pages without a doctype: element names, classes and ids in any case.

    Portals write `class="NoiDung"` in one template and `class="noidung"` in another.
    """

    def xpath_class(self, class_selector: Class) -> XPathExpr:
        xpath = self.xpath(class_selector.selector)
        return self.xpath_attrib_includes(xpath, _small("@class"), class_selector.class_name.lower())

    def xpath_hash(self, id_selector: Hash) -> XPathExpr:
        xpath = self.xpath(id_selector.selector)
        return self.xpath_attrib_equals(xpath, _small("@id"), id_selector.id.lower())


def _small(attribute: str) -> str:
    return f"translate({attribute}, '{string.ascii_uppercase}', '{string.ascii_lowercase}')"


def css_to_xpath(selector: str) -> str:
    """A selector as XPath. Raises ValueError in words."""
    try:
        return _AnyCase().css_to_xpath(selector)
    except SelectorError as error:
        raise ValueError(f"{selector!r} is not a CSS selector: {error}") from None
