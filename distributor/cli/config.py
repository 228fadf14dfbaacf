"""`distributor config`."""

from __future__ import annotations

import click

from .context import CliContext, pass_cli_context, say


@click.group("config", short_help="Show a config.yaml with every setting explained.", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Show a config.yaml with every setting of every section, channel and source, each explained.

    What is not needed is commented out. The channels and sources in your newsroom's own folders are included.
    """
    if context.invoked_subcommand is None:
        context.invoke(_show_settings)


@click.command("settings", hidden=True)
@pass_cli_context
def _show_settings(app: CliContext) -> None:
    from ..plugins import registry
    from ..plugins.example import write_example

    folder = app.config.absolute().parent
    registry.channels.join(folder / "channels")
    registry.sources.join(folder / "sources")
    for line in write_example().splitlines():
        say(line)


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
