"""Texts of preferences, unsubscribing, and the data of subscribers."""

TEXTS: dict[str, tuple[str, str]] = {}
