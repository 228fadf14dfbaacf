"""Commands that list when nothing else is asked of them: `distributor articles`, or `distributor articles list`."""

from __future__ import annotations

from typing import Any

import click

LIST = "list"


class ListingCommand(click.Command):
    """A command that lists: the word `list` before its arguments may be written or left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args[1:] if args[:1] == [LIST] else args)


class ListingGroup(click.Group):
    """A group that lists without a subcommand, and with the subcommand `list`, which takes the same options. For a command
    that there is not, it names one that is near, or what there is."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = super().get_command(ctx, cmd_name)
        return known or (self._list(ctx) if cmd_name == LIST and self.invoke_without_command else None)

    def _list(self, ctx: click.Context) -> click.Command:
        """The group itself without its subcommands; options that stand before `list` hold too."""
        given: dict[str, Any] = {name: value for name, value in ctx.params.items() if value is not None}
        return click.Command(
            LIST, context_settings={"default_map": given}, callback=self.callback, params=self.params, help=self.help
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            if ctx.resilient_parsing:
                raise
            there = self.list_commands(ctx)
            near = difflib.get_close_matches(args[0], there, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(there)}"
            alone = f", and `{ctx.command_path}` alone lists" if self.invoke_without_command and not near else ""
            raise click.UsageError(f"{ctx.command_path} has no command {args[0]!r}; {hint}{alone}", ctx) from error
