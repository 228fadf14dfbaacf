"""`distributor subscribers form`."""

from __future__ import annotations

import click

from .context import CliContext, complete_newsletter, pass_cli_context, say


@click.command("form", short_help="Print a sign-up form for your own site, to copy.")
@click.argument("newsletter", shell_complete=complete_newsletter)
@click.option("--language", type=click.Choice(["vi", "en"]), help="The language.  [default: the newsletter's]")
@pass_cli_context
def command(app: CliContext, newsletter: str, language: str | None) -> None:
    """Print the sign-up form of a newsletter as HTML, to be copied into a page of your own site.

    The form needs no script and no cookie. If your site has a Content-Security-Policy, its form-action must allow the
    address of `web.url`; see docs/sign-up.md. It carries the version of its sentence about consent: copy it again when that
    sentence or the title of the site changes.

    \b
    Example:
      distributor subscribers form tin-sang --language en
    """
    from ..errors import UserError
    from ..model import Language
    from ..web.signup_form import takes_signups
    from ..web.snippet import render_snippet

    newsroom = app.newsroom
    found = newsroom.newsletter(newsletter)
    if newsroom.settings.web is None:
        raise UserError(f"{newsroom.file.name} has no `web`: without the web pages nobody answers the form")
    if not takes_signups(newsroom, found):
        why = "sends no emails" if found.on_the_web else "has on_the_web: false"
        raise UserError(f"newsletter {newsletter!r} {why}, so nobody can sign up for it on the web")
    chosen = Language(language) if language else newsroom.language(found)
    for line in render_snippet(newsroom.settings, newsroom.templates, found, chosen, newsroom.secret()).splitlines():
        say(line)
