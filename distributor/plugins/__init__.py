"""Channels, sources and templates found by name, and what their files say of themselves."""
