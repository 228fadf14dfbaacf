"""The list of all tables, complete: whoever works on whole tables takes it from here."""

from . import gather_tables, host_tables, tables, web_tables
from .columns import metadata

__all__ = ["gather_tables", "host_tables", "metadata", "tables", "web_tables"]
