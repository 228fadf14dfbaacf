"""`distributor init`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from .context import clock, on_terminal, pass_cli_context, prompt, say

if TYPE_CHECKING:
    from ..starter.answers import Answers

T = TypeVar("T")


@click.command("init", short_help="Make a new newsroom folder that runs as it is.")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("-y", "--yes", is_flag=True, help="Ask no questions: write placeholders to fill in later.")
@pass_cli_context
def command(_app: object, directory: Path, yes: bool) -> None:
    """Make a new newsroom folder that runs as it is: config.yaml, two articles, folders for your own files.

    On a terminal a few questions are asked first: name and address of the site, where articles come from, language, time
    zone, sender and mail server. Each has a default. Nothing is written before the last one is answered.

    DIRECTORY is created if it does not exist. Existing files are never changed. config.yaml has the settings that a newsroom
    needs; `distributor config` shows all the others.
    """
    from ..errors import UserError
    from ..starter.answers import Answers

    if (directory / "config.yaml").exists():
        raise UserError(f"{directory / 'config.yaml'} exists already: nothing was changed")
    answers = _ask_all() if not yes and sys.stdin.isatty() and on_terminal() else Answers()
    _write(directory, answers)
    newsletter = answers.newsletter
    say(f"The newsroom is in {directory.absolute()}. Next:")
    where = "" if directory == Path() else f"cd {directory} && "
    say(f"  {where}distributor check")
    say("  distributor subscribers add you@example.com")
    say(f"  distributor preview {newsletter} --open")
    say(f"  distributor send {newsletter}")
    shown = "" if answers.host else "; emails at /mailbox"
    say(f"  distributor serve, then open http://127.0.0.1:8080/: sign-up, archive, feeds{shown}")
    if answers.host:
        say("If the mail server asks for a login, give `username` and `password` in config.yaml.")
        say("Before the first email, write your postal address there; `distributor check` names what is missing.")
    else:
        say("Put your site, sources and mail server in config.yaml; `distributor config` explains every setting.")


def _write(directory: Path, answers: Answers) -> None:
    """Copy the files of the starter that are not there, config.yaml with the answers. Raises UserError."""
    from .. import starter
    from ..errors import UserError
    from ..starter.answers import fill_in

    origin = Path(next(iter(starter.__path__)))
    files = sorted(path for path in origin.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc"))
    target = directory
    try:
        for path in files:
            inside = path.relative_to(origin)
            if answers.sources and inside.parts[0] == "articles":
                continue
            target = directory / inside
            if target.name == "gitignore":
                target = target.with_name(".gitignore")
            target.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            if target.name == "config.yaml":
                content = fill_in(content.decode(), answers).encode()
            if not target.exists():
                with target.open("xb") as file:
                    file.write(content)
    except OSError as error:
        raise UserError(f"{error.filename or target}: cannot be written: {error.strerror}") from None


# -- the questions -----------------------------------------------------------------------------------------------------


def _ask_all() -> Answers:
    from dataclasses import replace

    from ..starter import answers as rules

    say(
        "A few questions about the newsroom. Enter takes what stands in brackets; you can change all of it in config.yaml."
    )
    found = rules.Answers(
        title=_ask("Name of the publisher", rules.parse_title, "Tên tòa soạn"),
        url=_ask("Address of its site", rules.parse_site_url, "https://example.com"),
        language=_ask("Language of emails and pages: vi or en", rules.parse_language, "vi"),
    )
    found = replace(found, timezone=_ask("Time zone", rules.parse_timezone, "Asia/Ho_Chi_Minh"))
    say("Where do articles come from? A page that lists news, or a feed, is read now; empty: files in articles/.")
    sources = _ask("Its address", lambda text: _find_sources(text, found) if text else {}, empty=True)
    sender = _ask("Sender of emails", lambda text: rules.parse_sender(text, found.title), found.suggested_sender)
    say("Which mail server sends them? Such as smtp.bacson.example; empty: they are only saved, in var/mail/.")
    host = _ask("Its name", lambda text: rules.parse_host(text) if text else "", empty=True)
    return replace(found, sources=sources, sender=sender, host=host)


def _ask(question: str, parse: Callable[[str], T], default: str = "", *, empty: bool = False) -> T:
    """Put a question until the answer is good. Raises click.Abort where there is no answer any more."""
    while True:
        standard = default if default else "" if empty else None
        text = prompt(question, standard, show_default=bool(default))
        try:
            return parse(text.strip())
        except ValueError as error:
            say(f"  {text.strip()[:80]!r}: {error}")


def _find_sources(address: str, answers: Answers) -> Mapping[str, Mapping[str, object]]:
    """The source that an address is, as `sources try` proposes it. Raises ValueError with the reason in words."""
    import asyncio

    from ..config.schema import Site
    from ..config.types import web_url
    from ..errors import SourceError
    from ..gathering.discovery import probe, report

    made = web_url(address if "://" in address else f"https://{address}")
    say(f"  reading {made}")
    request = report.DiscoveryRequest(address=made, language=answers.language.value, timezone=answers.timezone)
    site = Site(title=answers.title, url=answers.url, language=answers.language)
    try:
        found = asyncio.run(probe.discover_source(request, site, clock()))
    except SourceError as error:
        raise ValueError(f"could not be read: {error}; write another address, or nothing") from None
    if not found.readable or not found.proposals:
        raise ValueError("no article was found there (`distributor sources try` shows why); try another, or nothing")
    settings = found.proposals[0].settings
    name = report.suggest_source_name(str(settings.get("url") or made))
    problems = report.find_problems(report.format_block({name: settings}), Path("config.yaml").absolute())
    if problems:
        raise ValueError(f"config.yaml would not take it: {problems[0]}; write another address, or nothing")
    say(f"  {found.address} {found.what}; it becomes the source {name}")
    return {name: settings}
