"""All texts that subscribers see, in Vietnamese and English: one module for each kind of page or email."""

from collections.abc import Mapping

from . import archive, email, forms, pages, preferences, review

Texts = Mapping[str, tuple[str, str]]  # by key: Vietnamese, English

MODULES = {one.__name__.rpartition(".")[2]: one.TEXTS for one in (archive, email, forms, pages, preferences, review)}
