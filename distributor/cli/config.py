"""`distributor config`."""

from __future__ import annotations

import click

from .context import CliContext, pass_cli_context, say


class _Settings(click.Group):
    """A command group in which every name that is not a subcommand is a setting or a section to show."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self._one(cmd_name)

    def _one(self, name: str) -> click.Command:
        @click.command(name, help="Show this setting or section of config.yaml, wherever it stands.")
        @pass_cli_context
        def show(app: CliContext) -> None:
            import difflib

            from ..plugins.example import setting_names, show_setting

            example = _example(app)
            lines = show_setting(example, name)
            if not lines:
                near = difflib.get_close_matches(name, setting_names(example), n=1)
                hint = f"; did you mean {near[0]!r}?" if near else "; `distributor config` shows all"
                raise click.UsageError(f"config.yaml has no setting {name!r}{hint}")
            for line in lines:
                say(line)

        return show


@click.group(
    "config",
    cls=_Settings,
    short_help="Show a config.yaml with every setting explained.",
    subcommand_metavar="[SETTING | wording [WORDS]]",
    invoke_without_command=True,
)
@click.pass_context
def command(context: click.Context) -> None:
    """Show a config.yaml with every setting of every section, channel and source, each explained.

    With the name of a setting or section (`distributor config review`) it shows that one. What is not needed is commented
    out. The channels and sources in your newsroom's own folders are included.
    """
    if context.invoked_subcommand is None:
        context.invoke(_show_settings)


@click.command("settings", hidden=True)
@pass_cli_context
def _show_settings(app: CliContext) -> None:
    for line in _example(app).splitlines():
        say(line)


def _example(app: CliContext) -> str:
    from ..plugins import registry
    from ..plugins.example import write_example

    folder = app.config.absolute().parent
    registry.channels.join(folder / "channels")
    registry.sources.join(folder / "sources")
    return write_example()


@command.command("wording", short_help="List every sentence that subscribers see, with its key.")
@click.argument("words", default="")
def wording(words: str) -> None:
    """List every sentence that subscribers see, with its key, in Vietnamese and English: those with WORDS in them, or all.

    Write a key into `wording:` of config.yaml to say it in your own words; what stands in {braces} is filled in.
    """
    from ..i18n import all_texts

    for key, (vietnamese, english) in sorted(all_texts().items()):
        if words.casefold() in f"{key}\n{vietnamese}\n{english}".casefold():
            say(f"{key}\n  vi: {vietnamese}\n  en: {english}")
