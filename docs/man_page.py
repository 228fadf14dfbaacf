"""Writes the manual page distributor(1) from the commands, in the language of man(7).

python docs/man_page.py >distributor.1
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator

import click

from distributor import __version__
from distributor.cli.main import COMMANDS, main

_HEAD = """\
.\\" Made by docs/man_page.py from the commands.
.TH DISTRIBUTOR 1 "" "distributor {version}" "User Commands"
.SH NAME
distributor \\- send a newsroom's articles as email newsletters, feeds and posts
.SH SYNOPSIS
.B distributor
[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGS\\fR]...
"""
_TAIL = """\
.SH ENVIRONMENT
.TP
.B DISTRIBUTOR_CONFIG
The newsroom's configuration file, in place of \\fB\\-\\-config\\fR.
.PP
Values of config.yaml can name other variables, such as \\fB${SMTP_PASSWORD}\\fR.
.SH FILES
.TP
.I config.yaml
The settings of the newsroom. \\fBdistributor config\\fR explains each.
.TP
.I var/
What the program writes beside it: the store, keys, saved emails, feeds, pages and posts.
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
A run failed or left something unfinished.
.TP
.B 2
Wrong usage or configuration.
.TP
.B 130
Stopped by Ctrl\\-C.
"""


def page() -> str:
    """The whole page."""
    context = click.Context(main, info_name="distributor", **main.context_settings)
    lines = [_HEAD.format(version=__version__).rstrip("\n"), ".SH DESCRIPTION", *_paragraphs(main)]
    lines += [".SH OPTIONS", *_options(main, context), ".SH COMMANDS"]
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        lines += _section(command, click.Context(command, context, name))
    return "\n".join([*lines, _TAIL])


def walk(command: click.Command, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """A command and all below it, each with the context that knows its full name."""
    yield command, context
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            if not inner.hidden:
                yield from walk(inner, click.Context(inner, context, name))


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    for one, where in walk(command, context):
        yield f".SS {roff(' '.join([where.command_path, *one.collect_usage_pieces(where)]))}"
        yield from _paragraphs(one)
        yield from _options(one, where)


def _paragraphs(command: click.Command) -> Iterator[str]:
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        as_it_is = paragraph.startswith("\b")
        text = roff(paragraph.removeprefix("\b").strip("\n"))
        yield f".PP\n.nf\n{text}\n.fi" if as_it_is else f".PP\n{text}"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and record[1] and (context.parent is None or "--help" not in parameter.opts):
            names, words = record
            yield f".TP\n.B {roff(names)}\n{roff(words)}"


def roff(text: str) -> str:
    """A text as man(7) shows it: nothing in it is a request or an escape, and what stands in backticks is bold."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", text)
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(page())
