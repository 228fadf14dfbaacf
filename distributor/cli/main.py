"""The `distributor` command: finds the subcommand, reads config.yaml, turns errors into one line and an exit code.

Exit codes: 0 done, 1 a run failed, 2 wrong usage or configuration, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..terminal import printable

# Names and the lines that `--help` shows. A test compares each line with the command's own.
COMMANDS = {
    "init": "Make a new newsroom folder that runs as it is.",
    "config": "Show a config.yaml with every setting explained.",
    "check": "Check config.yaml, templates, channels and the store.",
    "gather": "Gather new articles from the sources.",
    "articles": "List articles; hold, pin, correct or withdraw one.",
    "plan": "Show the next schedule slots and what would be sent.",
    "why": "Explain what became of an article or a subscriber's emails.",
    "preview": "Write the next edition to a folder, without sending it.",
    "preflight": "Check the emails of an edition before they are sent.",
    "send": "Send the next edition of a newsletter now.",
    "deliver": "Send the deliveries that are due.",
    "editions": "List editions; edit, approve, cancel or watch one.",
    "deliveries": "List the deliveries in the ledger with their state.",
    "outbox": "List transactional emails and events with their state.",
    "subscribers": "Add, update, unsubscribe, list and import subscribers.",
    "newsletters": "List the newsletters; rename or remove one.",
    "bounces": "Read the bounce mailboxes now.",
    "suppressions": "List, add, remove and import suppressed addresses.",
    "channels": "List, write and test channel types; log a channel in.",
    "sources": "List the source types; try an address; write your own.",
    "tokens": "Create, list and revoke tokens of the API.",
    "serve": "Gather and send on schedule until stopped.",
    "worker": "Work on the tasks of a store on PostgreSQL, on any host.",
    "web": "Serve the web pages alone; `serve` has them too.",
    "alerts": "List the alerts to staff; send a test.",
    "dkim": "Create a DKIM key and show its DNS record.",
    "doctor": "Find what keeps this newsroom from working.",
    "store": "Copy a store, claim one that was moved; exchange its key.",
    "prune": "Remove what is too old to be kept.",
    "backup": "Write the whole newsroom into one file.",
    "restore": "Make a newsroom of a backup, in a new folder.",
    "migrate": "Show or run the database migrations.",
}

_LOG_FORMAT = "DISTRIBUTOR_LOG_FORMAT"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_MODULES = {"migrate": "store", "restore": "backup"}  # of commands that have none of their own


class LazyGroup(click.Group):
    """A group that lists its commands without loading them, so that `--help` and completion are fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"distributor.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command = getattr(module, cmd_name if cmd_name in _MODULES else "command")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if ctx.resilient_parsing:
                raise
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}{hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"distributor {__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("config.yaml"),
    envvar="DISTRIBUTOR_CONFIG",
    show_default=True,
    help="The newsroom's configuration file.",
)
@click.option("-v", "--verbose", count=True, help="Log more: -v what happens, -vv everything.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar=_LOG_FORMAT,
    show_default=True,
    help="How the log is written: for people, or as JSON with the name of each event.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def main(ctx: click.Context, config: Path, verbose: int, log_format: str) -> None:
    """Gather a newsroom's articles and send them as email digests, feeds and social posts.

    Begin with `distributor init my-newsroom`. `distributor COMMAND --help` explains a command.

    Exit codes: 0 done, 1 a run failed or left something unfinished, 2 wrong usage or configuration, 130 stopped by Ctrl-C.
    """
    from .context import CliContext

    if log_format != os.environ.get(_LOG_FORMAT, "text"):
        os.environ[_LOG_FORMAT] = log_format  # for the processes that `serve` starts, and for the last line
    ctx.obj = CliContext(config=config, verbose=verbose, log_format=log_format)


def run(arguments: list[str] | None = None) -> None:
    """The console script: `main`, with every expected error as one line on stderr and an exit code."""
    gc.disable()  # nothing of what is loaded is garbage; CliContext turns it on again once the newsroom is open
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = main.main(args=arguments, prog_name="distributor", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Abort:
        _tell(["stopped"], begin="")
        return 130
    except click.ClickException as error:
        _heed_log_format(error)
        if isinstance(error, click.UsageError) and error.ctx and not _logs_json():
            click.echo(error.ctx.get_usage(), err=True)
        _tell([error.format_message()])
        return error.exit_code
    except BrokenPipeError:
        return 1
    except Exception as error:
        code = _code(error)
        if code is None:
            if not _logs_json():
                raise  # a bug: the traceback helps
            _tell([f"{type(error).__name__}: {error}"], error)
            return 1
        _tell(str(error).splitlines())
        return code


def _heed_log_format(error: click.ClickException) -> None:
    """Without a command that exists `main` is not called, but the option may have been read."""
    asked = (
        error.ctx.find_root().params.get("log_format") if isinstance(error, click.UsageError) and error.ctx else None
    )
    if asked:
        os.environ[_LOG_FORMAT] = asked


def _logs_json() -> bool:
    return os.environ.get(_LOG_FORMAT) == "json"


def _tell(lines: list[str], bug: Exception | None = None, *, begin: str = "error: ") -> None:
    """Say why the command has failed; as lines of the log where that is for programs."""
    if not _logs_json():
        for line in lines:
            click.echo(f"{begin}{printable(line)}", err=True)
        return
    import logging

    from .context import start_logging
    from .json_log import JsonLogFormatter

    log = logging.getLogger("distributor.cli")
    if not any(isinstance(one.formatter, JsonLogFormatter) for one in logging.getLogger().handlers):
        start_logging(logging.WARNING, None, "json")  # the command line was wrong, and nothing has begun
    for line in lines:
        log.error("%s", line, exc_info=bug)


def _code(error: Exception) -> int | None:
    from ..errors import DistributorError, StoreError, UserError

    if isinstance(error, StoreError):
        return 1
    if isinstance(error, UserError):
        return 2
    if isinstance(error, OSError) and error.errno in _FULL:  # what was printed goes into a file on a full disk
        return 1
    return 1 if isinstance(error, DistributorError) else None
