"""The list of all tables, complete: whoever works on whole tables takes it from here."""

from . import host_tables, tables, web_tables
from .columns import metadata

__all__ = ["host_tables", "metadata", "tables", "web_tables"]
