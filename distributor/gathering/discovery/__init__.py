"""Trying an address before it is a source: what it is, what is read of it, and the block for config.yaml.

`trying` asks a child process (`look`); everything else here is pure: recognising, selectors, proposals.
"""
