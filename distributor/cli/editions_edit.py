"""`distributor editions edit`, and the texts of an editor on the command line."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .context import CliContext, by_option, clock, complete_edition, pass_cli_context, say, warn

if TYPE_CHECKING:
    from ..editorial import EditorWords
    from ..model import Edition

_TEXTS = ("subject", "preheader", "intro")

subject_option = click.option(
    "--subject", metavar="TEXT", help="Its subject. Places such as {first} and {count} work as in config.yaml."
)
preheader_option = click.option(
    "--preheader", metavar="TEXT", help="The text that mail programs show beside the subject."
)
intro_option = click.option(
    "--intro", metavar="FILE.md", help="File with an introduction, in Markdown; - reads standard input."
)
version_option = click.option(
    "--version", "version", type=int, metavar="N", help="Refuse if the draft has changed since `editions show` said N."
)


def voice_lines(app: CliContext, edition: Edition) -> list[str]:
    """What the newsroom says itself in an edition, a line each."""
    words = edition.words
    lines = [f"preheader    {shown_preheader(app, edition)}"]
    lines += [f"own subject  {words.subject}"] if words.subject else []
    lines += [f"intro        {_shortened(words.intro)}"] if words.intro else []
    for block in edition.blocks:
        label = f"[{block.label}] " if block.label else ""
        lines.append(f"block        {label}{_shortened(block.text)} (after {block.after})")
    return lines


def shown_preheader(app: CliContext, edition: Edition) -> str:
    """The preheader of the email of a whole edition."""
    from ..rendering.digest import edition_values
    from ..rendering.globals import RenderSettings

    newsroom = app.newsroom
    newsletter = newsroom.settings.newsletters.get(edition.newsletter)
    zone = newsroom.zone(newsletter) if newsletter else newsroom.settings.site.timezone
    settings = RenderSettings(
        site=newsroom.settings.site,
        newsletter=newsletter,
        zone=zone,
        templates=newsroom.templates,
        texts=newsroom.settings.texts,
    )
    return str(edition_values(edition, settings)["preheader"])


def _shortened(markdown: str) -> str:
    from ..text import clean_line, cut_words

    return cut_words(clean_line(markdown), 80)


def read_intro(path: str) -> str:
    """The Markdown of an introduction. Raises UserError, naming the file."""
    from ..config.editorial import read_markdown
    from ..editorial import clean_markdown
    from ..errors import UserError

    try:
        if path != "-":
            return read_markdown(Path(path).expanduser())
        text = clean_markdown(sys.stdin.buffer.read().decode())
        if not text:
            raise ValueError("standard input is empty")
        return text
    except UnicodeDecodeError:
        raise UserError("--intro: standard input is not UTF-8") from None
    except ValueError as error:
        raise UserError(f"--intro: {error}") from None


def read_words(subject: str | None, preheader: str | None, intro: str | None) -> EditorWords:
    """What an editor says in an edition that is sent now. Raises UserError."""
    from ..editions.editing import DraftEdit, clean_words
    from ..editorial import EditorWords
    from ..errors import UserError

    for name, text in (("subject", subject), ("preheader", preheader)):
        if text is not None and not text.strip():
            raise UserError(f"--{name} is empty; leave it out for the usual one")
    asked = DraftEdit(subject=subject, preheader=preheader, intro=read_intro(intro) if intro else None)
    return clean_words(EditorWords(), asked)


def _ids(texts: tuple[str, ...]) -> list[str]:
    """`A,B` and repeated options, as one list."""
    return [id.strip() for text in texts for id in text.split(",") if id.strip()]


@click.command("edit", short_help="Edit a draft: its subject, introduction, articles.")
@click.argument("edition", shell_complete=complete_edition)
@subject_option
@preheader_option
@intro_option
@click.option(
    "--clear",
    multiple=True,
    type=click.Choice(_TEXTS),
    help="Go back to the usual subject or preheader, or to no introduction. Can be given several times.",
)
@click.option(
    "--order", multiple=True, metavar="A,B,…", help="Articles that come first, in this order; the others follow."
)
@click.option(
    "--drop",
    multiple=True,
    metavar="ARTICLE",
    help="Leave an article out. It waits for the next edition; `articles hold` keeps it out of that too. Can be given "
    "several times.",
)
@version_option
@by_option
@pass_cli_context
def edit(app: CliContext, /, edition: str, by: str | None, version: int | None, **options: Any) -> None:
    """Edit a draft, or an edition that is held. Its emails, posts and pages are made anew at once.

    An approval given before is void, as what is sent must be what was approved. The reviewers are told what has changed.

    \b
    Examples:
      distributor editions edit tin-sang-12 --subject "Bão số 5: học sinh nghỉ học từ chiều nay"
      distributor editions edit tin-sang-12 --intro loi-dan.md --drop 3f9a1c2e
      distributor editions edit tin-sang-12 --order 8c01,55ab --clear subject
    """
    from .. import pipeline
    from ..editions.editing import DraftEdit
    from ..errors import UserError

    texts = {name: options[name] for name in _TEXTS}
    for name in options["clear"]:
        if texts[name] is not None:
            raise UserError(f"--{name} and --clear {name} contradict each other")
    for name in ("subject", "preheader"):
        if texts[name] is not None and not texts[name].strip():
            raise UserError(f"--{name} is empty; `--clear {name}` brings the usual one back")
    if texts["intro"] is not None:
        texts["intro"] = read_intro(texts["intro"])
    texts |= dict.fromkeys(options["clear"], "")
    asked = DraftEdit(**texts, order=_ids(options["order"]), drop=_ids(options["drop"]))
    if asked == DraftEdit():
        raise UserError("say what to change: --subject, --preheader, --intro, --clear, --order or --drop")
    with app.store() as database:
        made = pipeline.edit_draft(
            app.newsroom, database, edition, asked, by or getpass.getuser(), clock(), seen=version
        )
    if not made.changes:
        say(f"{edition}: nothing to change: it is so already")
        return
    say(f"{edition}: edited (version {made.version}): {made.edition.subject}", bold=True)
    for line in made.changes:
        say(f"  {line}")
    if made.void:
        say(f"  the approval given before is void; `distributor editions approve {edition}` approves it as it is now")
    if made.held:
        warn(f"{edition} is held by preflight: {made.held}")
