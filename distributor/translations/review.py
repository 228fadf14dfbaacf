"""Texts of the pages on which reviewers approve an edition."""

TEXTS: dict[str, tuple[str, str]] = {}
