"""What `distributor channels` and `distributor sources` have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .app import App, json_option, say, show_json, show_table, warn

if TYPE_CHECKING:
    from ..manual import Described
    from ..registry import Kind


def catalogue_options(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("name", required=False)(json_option(function))


def show_catalogue(app: App, kind: Kind[Any], section: str, name: str | None, as_json: bool) -> None:
    """All of a kind, or one. The newsroom's own folder takes part even while its config.yaml is broken."""
    from ..errors import UserError
    from ..manual import describe

    kind.join(app.config.absolute().parent / section)
    if name:
        described = describe(name, kind.find(name), section)
        show_json(asdict(described)) if as_json else _tell(described)
        return
    found = []
    for each in kind.names():
        try:
            found.append(describe(each, kind.find(each), section))
        except UserError as error:
            warn(str(error))
    if as_json:
        show_json([asdict(one) for one in found])
        return
    show_table(["type", "what it is"], [(one.type, one.summary) for one in found], "There are none.")
    say(f"\n`distributor {section} TYPE` shows the settings of one and an example to paste.")


def _tell(one: Described) -> None:
    say(f"{one.type}  ({one.origin})", bold=True)
    say()
    say(one.manual)
    say("\nSettings:")
    width = max((len(setting.name) for setting in one.settings), default=0)
    for setting in one.settings:
        default = "needed" if setting.default is None else f"default: {setting.default}"
        say(f"  {setting.name.ljust(width)}  {setting.help} ({setting.type}; {default})")
    if one.example:
        say("\nExample for config.yaml:\n")
        for line in one.example.splitlines():
            say(f"  {line}")
