"""`distributor tokens`."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from .context import (
    CliContext,
    clock,
    complete_newsletter,
    confirm,
    json_option,
    pass_cli_context,
    say,
    show_table,
    yes_option,
)
from .listing import ListingGroup

if TYPE_CHECKING:
    from ..api_access.tokens import ApiScope, ApiToken

# As in api_access.tokens.ApiScope, which a help page must not load; a test compares the two.
SCOPES = (
    "articles:read", "articles:write", "subscribers:read", "subscribers:write", "editions:read", "editions:write",
    "editions:send", "deliveries:read", "suppressions:read", "suppressions:write", "statistics:read",
)  # fmt: skip
_ALL = "all"


@click.group("tokens", cls=ListingGroup, short_help="Create, list and revoke tokens of the API.")
def command() -> None:
    """Create, list and revoke tokens of the API, with which other programs push articles and manage subscribers.

    docs/api.md shows how a token is used.
    """


@command.command("create", short_help="Create a token; it is shown once.")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    metavar="SCOPE",
    multiple=True,
    required=True,
    type=click.Choice([*SCOPES, _ALL]),
    help=f"What it may do. Repeatable. One of: {', '.join(SCOPES)}, or {_ALL}.",
)
@click.option(
    "-n",
    "--newsletter",
    "newsletters",
    metavar="NEWSLETTER",
    multiple=True,
    shell_complete=complete_newsletter,
    help="Only this newsletter and its subscribers. Repeatable.  [default: all]",
)
@click.option("--expires", metavar="DURATION", help="When it ends by itself: 90d, 24h.  [default: never]")
@json_option
@pass_cli_context
def create(
    app: CliContext,
    name: str,
    scopes: tuple[str, ...],
    newsletters: tuple[str, ...],
    expires: str | None,
    as_json: bool,
) -> None:
    """Create a token for the program NAME, which is recorded with everything it does.

    The token is shown once. Only a hash of it is stored: if it is lost, revoke it and create another one.

    \b
    Example:
      distributor tokens create cms --scope articles:write --expires 365d
    """
    from ..api_access import tokens
    from ..config.types import parse_duration
    from ..errors import UserError

    for newsletter in newsletters:
        app.newsroom.newsletter(newsletter)
    now = clock()
    try:
        expires_at = now + parse_duration(expires) if expires else None
    except ValueError as error:
        raise UserError(f"--expires: {error}") from None
    if expires_at and expires_at <= now:
        raise UserError("--expires: must be longer than nothing")
    with app.store() as database, database.write() as connection:
        made, token = tokens.create(
            connection,
            name.strip(),
            scopes=_chosen(scopes),
            newsletters=newsletters,
            by=getpass.getuser(),
            now=now,
            expires_at=expires_at,
        )
    if as_json:
        app.show_json({**_data(made), "token": token})
        return
    say(token)
    until = f" until {app.local(made.expires_at)}" if made.expires_at else ""
    say(f"Token {made.name} ({made.id}) may {', '.join(made.scopes)}{until}. It is not shown again.", err=True)


def _chosen(scopes: tuple[str, ...]) -> list[ApiScope]:
    from ..api_access.tokens import ApiScope

    return list(ApiScope) if _ALL in scopes else [ApiScope(scope) for scope in scopes]


@command.command("list", short_help="List the tokens.")
@json_option
@pass_cli_context
def list_all(app: CliContext, as_json: bool) -> None:
    """List the tokens, with what they may do and when each was last used."""
    from ..api_access import tokens

    with app.store() as database, database.read() as connection:
        found = tokens.list_tokens(connection)
    if as_json:
        app.show_json([_data(one) for one in found])
        return
    rows = [
        (
            one.id,
            one.name,
            one.state(clock()),
            ", ".join(one.scopes) if len(one.scopes) < len(SCOPES) else _ALL,
            ", ".join(one.newsletters) or "all",
            app.local(one.expires_at) or "never",
            app.local(one.last_used) or "never",
        )
        for one in found
    ]
    empty = "No tokens yet: `distributor tokens create NAME --scope articles:write` creates one."
    show_table(["id", "name", "state", "scopes", "newsletters", "expires", "last used"], rows, empty)


@command.command("revoke", short_help="Revoke a token for good.")
@click.argument("token", metavar="NAME|ID")
@yes_option
@pass_cli_context
def revoke(app: CliContext, token: str, yes: bool) -> None:
    """Revoke a token: from the next request on it is refused. This cannot be undone."""
    from ..api_access import tokens

    if not yes:
        confirm(f"Revoke the token {token}?")
    with app.store() as database, database.write() as connection:
        gone = tokens.revoke(connection, token, clock())
    say(f"revoked: {gone.name} ({gone.id})")


def _data(token: ApiToken) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "state": token.state(clock()),
        "scopes": token.scopes,
        "newsletters": token.newsletters,
        "created": token.created,
        "created_by": token.actor,
        "expires": token.expires_at,
        "last_used": token.last_used,
        "revoked": token.revoked_at,
    }
