"""Channels, sources and templates found by name, their manuals, and the example of config.yaml with every setting."""
