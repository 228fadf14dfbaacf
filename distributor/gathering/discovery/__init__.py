"""Probing an address before it is a source: what it is, what is read of it, and the block for config.yaml.

`probe` asks a child process; the search for selectors, the comparison of texts and the report are pure.
"""
