"""The reference pages of the site that are made from the code: settings, sources, commands, templates, wording.

Nothing of it is kept in a file: `site_hook.py` makes them anew whenever the site is built, so they cannot be out of date.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from jinja2 import TemplateError, meta, nodes
from man_page import walk

from distributor.cli.main import COMMANDS, main
from distributor.config.schema import Settings
from distributor.i18n import all_texts
from distributor.plugins.example import ConfigKey, in_yaml, list_keys, write_example
from distributor.plugins.info import show_default
from distributor.plugins.registry import sources, template_folders
from distributor.rendering.templates import Templates

_NAMED = {"newsletters": "newsletters.NAME", "attributes": "attributes.NAME"}  # sections under names of one's own
_EXPLANATION = re.compile(r"\{#-?(.*?)-?#\}", re.DOTALL)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table, and an empty line behind it."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return [*lines, *(f"| {' | '.join(map(cell, row))} |" for row in rows), ""]


def cell(text: str) -> str:
    """A text within a table: on one line, with no column of its own."""
    return " ".join(text.split()).replace("|", "\\|")


def plain(text: str) -> str:
    """A sentence of the code as Markdown shows it: no tag, no emphasis; what stands in backticks is left as it is."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([<*_\[])", r"\\\1", part) for part in parts)


def code(text: str) -> str:
    """A value as code. A text with a backtick in it is put between two."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


# -- settings ----------------------------------------------------------------------------------------------------------

_CONFIG_HEAD = """\
# Settings: config.yaml

Every setting, its type, its default and what it does. `distributor config` prints the same as an example to copy from,
and `distributor config NAME` shows one setting. `distributor check` names every mistake with its line.

Values can come from the environment: `${NAME}`, or `${NAME:-default}`; `$$` writes a dollar sign. A secret can be read from
a file: `file:PATH`. Paths are relative to the folder of config.yaml. A duration is `30s`, `15m`, `1h` or `1d`.

The settings of each type of source are on the page [Sources](sources.md), those of each type of channel on the page
[Channels](../channels.md).
"""


def configuration_page() -> str:
    """Each section with its settings, and the whole example at the end."""
    keys = list(list_keys(Settings))
    single = [key for key in keys if key.section is None and key.name not in ("sources", "channels")]
    lines = [_CONFIG_HEAD, "## Settings without a section", "", *_settings_table(single)]
    for key in keys:
        if key.section is not None:
            lines += _section(_NAMED.get(key.name, key.name), key, 2)
        elif key.name in ("sources", "channels"):
            page = "sources.md" if key.name == "sources" else "../channels.md"
            lines += [
                f"## {code(key.name)}",
                "",
                f"{_sentence(key.help)} Each has a name of your own. [Their settings]({page})",
                "",
            ]
    return "\n".join([*lines, "## The whole example", "", "```yaml", write_example().rstrip(), "```", ""])


def _section(path: str, key: ConfigKey, level: int) -> Iterator[str]:
    inner = list(list_keys(key.section))
    yield from (f"{'#' * level} {code(path)}", "", _sentence(key.help), "")
    yield from _settings_table(inner)
    for one in inner:
        if one.section is not None:
            yield from _section(f"{path}.{one.name}", one, min(level + 1, 4))


def _settings_table(keys: Sequence[ConfigKey]) -> list[str]:
    rows = [(code(key.name), plain(key.help), _type(key), _default(key), _example(key)) for key in keys]
    return table(("setting", "what", "type", "default", "example"), rows)


def _type(key: ConfigKey) -> str:
    if key.section is None:
        return key.type
    return "list of sections" if key.type.startswith("list of") else "section"


def _default(key: ConfigKey) -> str:
    if key.required:
        return "**required**"
    shown = show_default(key.default)
    return "" if shown == "empty" or key.section is not None else code(getattr(key.default, "key", shown))


def _example(key: ConfigKey) -> str:
    if key.section is not None or key.example is None:
        return ""
    return code(in_yaml(key.example))


def _sentence(text: str) -> str:
    return plain(text[:1].upper() + text[1:].rstrip(".") + ".")


# -- sources -----------------------------------------------------------------------------------------------------------

_SOURCES_HEAD = """\
# Sources

The types of sources that come with the program, as `distributor sources TYPE` shows them. `distributor sources try
ADDRESS` finds out which one fits a page or a feed, and prints its block. [Reading your portal](../reading-your-portal.md)
shows the way, [Adding a source](../adding-a-source.md) how to write another one.
"""


def sources_page() -> str:
    """Each type with its manual, an example and its settings."""
    lines = [_SOURCES_HEAD]
    for name in sources.names():
        info = sources.describe(name)
        lines += [f"## {code(name)}", "", plain(info.manual), "", "```yaml", info.example, "```", ""]
        rows = [
            (code(one.name), plain(one.help), one.type, _SOURCE_DEFAULTS.get(one.default) or code(f"{one.default}"))
            for one in info.settings
        ]
        lines += table(("setting", "what", "type", "default"), rows)
    return "\n".join(lines)


_SOURCE_DEFAULTS = {None: "**required**", "empty": "–"}


# -- commands ----------------------------------------------------------------------------------------------------------

_COMMANDS_HEAD = """\
# Commands

As `distributor COMMAND --help` shows them. `make man` writes the same as the manual page distributor(1).

Exit codes: 0 done, 1 a run failed or left something unfinished, 2 wrong usage or configuration, 130 stopped by Ctrl-C.
"""


def commands_page() -> str:
    """Each command and each of its subcommands, with their arguments and options."""
    context = click.Context(main, info_name="distributor", **main.context_settings)
    lines = [_COMMANDS_HEAD, "## For every command", "", *_options(main, context)]
    lines += ["These stand before the command: `distributor --config other.yaml check`.", ""]
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        for one, where in walk(command, click.Context(command, context, name)):
            lines += [f"{'#' * (where.command_path.count(' ') + 1)} {where.command_path}", ""]
            lines += [*_usage(one, where), *_help(one), *_options(one, where)]
    return "\n".join(lines)


def _usage(command: click.Command, context: click.Context) -> list[str]:
    return ["```text", " ".join([context.command_path, *command.collect_usage_pieces(context)]), "```", ""]


def _help(command: click.Command) -> Iterator[str]:
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            yield from ("```text", paragraph.removeprefix("\b").strip("\n"), "```", "")
        else:
            yield from (plain(paragraph), "")


def _options(command: click.Command, context: click.Context) -> list[str]:
    records = [one.get_help_record(context) for one in command.get_params(context) if "--help" not in one.opts]
    rows = [(code(names), plain(words)) for names, words in filter(None, records) if words]
    return table(("option", "does"), rows) if rows else []


# -- templates ---------------------------------------------------------------------------------------------------------

_TEMPLATES_HEAD = """\
# Template files

Every template that comes with the program: what it extends, the blocks that a template of your own can fill, its
macros, and the values that it uses. [Templates](../templates.md) explains each value and how one replaces a file.
"""


def templates_page() -> str:
    """Each file of templates/ as its syntax tree shows it."""
    templates = Templates(template_folders(Path("/nonexistent")))
    lines = [_TEMPLATES_HEAD]
    for folder, title in (("email/", "Emails"), ("page/", "Web pages"), ("post/", "Posts")):
        lines += [f"## {title}", ""]
        for name in sorted(one for one in templates.names() if one.startswith(folder)):
            lines += [f"### {name}", "", *_template(templates, name), ""]
    return "\n".join(lines)


def _template(templates: Templates, name: str) -> Iterator[str]:
    try:
        tree, _ = templates.source(name)
    except TemplateError:  # a style sheet, where braces are its own
        yield "A style sheet."
        return
    text, _ = templates.text(name)
    if (found := _EXPLANATION.match(text)) is not None:
        yield from (plain(" ".join(found[1].split())), "")
    blocks = [code(one.name) for one in tree.find_all(nodes.Block)]
    macros = [code(f"{one.name}({', '.join(arg.name for arg in one.args)})") for one in tree.find_all(nodes.Macro)]
    parents = [code(str(one)) for one in meta.find_referenced_templates(tree) if one]
    names = sorted(meta.find_undeclared_variables(tree) - set(templates.environment.globals))
    rows = [("extends, includes, imports", parents), ("blocks", list(dict.fromkeys(blocks))), ("macros", macros)]
    rows.append(("values", list(map(code, names))))
    yield from [f"- {what}: {', '.join(values)}" for what, values in rows if values] or ["Text alone."]


# -- wording -----------------------------------------------------------------------------------------------------------

_WORDING_HEAD = """\
# Every sentence that subscribers see

`wording:` of config.yaml changes any of them, for each language ([Templates](../templates.md)). What stands in braces is
filled in.
"""


def wording_page() -> str:
    """Each key with both texts."""
    rows = [(code(key), plain(vi), plain(en)) for key, (vi, en) in sorted(all_texts().items())]
    return "\n".join([_WORDING_HEAD, *table(("key", "Vietnamese", "English"), rows)])


def all_pages() -> dict[str, Callable[[], str]]:
    """The function that makes each page, by its path in the site."""
    return {
        "reference/configuration.md": configuration_page,
        "reference/sources.md": sources_page,
        "reference/commands.md": commands_page,
        "reference/template-files.md": templates_page,
        "reference/wording.md": wording_page,
    }
