"""The list of all tables, complete: whoever works on whole tables takes it from here."""

from . import tables, web_tables
from .columns import metadata

__all__ = ["metadata", "tables", "web_tables"]
