"""Texts of the archive, the search and the feeds."""

TEXTS: dict[str, tuple[str, str]] = {}
