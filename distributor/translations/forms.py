"""Texts of the sign-up form and its confirmation."""

TEXTS: dict[str, tuple[str, str]] = {}
