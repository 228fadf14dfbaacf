"""`python -m distributor`."""

from .cli.main import run

run()
