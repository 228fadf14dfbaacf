"""`distributor sources`, with `sources try`; `new` and `test` are in `plugin_author`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click

from .context import (
    CliContext,
    clock,
    json_option,
    on_terminal,
    pass_cli_context,
    plural,
    say,
    show_table,
    warn,
)
from .plugin_author import add_author_commands
from .plugin_list import PluginTypeGroup, show_plugin_types

if TYPE_CHECKING:
    from ..config.schema import Site
    from ..errors import SourceError
    from ..gathering.discovery.report import ArticlePreview, DiscoveryReport, DiscoveryRequest, SourceProposal


class _Sources(PluginTypeGroup):
    kind = "source"


@click.group(
    "sources",
    cls=_Sources,
    short_help="List the source types; try an address; write your own.",
    invoke_without_command=True,
    subcommand_metavar="[TYPE | COMMAND [ARGS]...]",
)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the source types, or show one TYPE with its settings and an example for config.yaml.

    Types from the newsroom's own `sources/` folder are included. `distributor sources try ADDRESS` reads an address and
    proposes the block for config.yaml; `sources new NAME` and `sources test NAME` are for a source of your own.
    """
    if context.invoked_subcommand is None:
        show_plugin_types(context.obj, "source", None, as_json)


add_author_commands(command, "sources")

_KINDS = ("listing", "article", "feed", "folder")
_LONGEST = 110  # characters of a value in the table
_SITE = "https://example.com"  # of a newsroom that has no config.yaml yet


@command.command("try", short_help="Read an address and propose the block for config.yaml.")
@click.argument("address", metavar="URL|PATH")
@click.option(
    "--articles",
    metavar="N",
    type=click.IntRange(1, 30),
    default=5,
    show_default=True,
    help="How many articles to read in full.",
)
@click.option(
    "--select",
    "chosen",
    multiple=True,
    metavar="KEY=CSS",
    help="Try your own selector, such as body=#noidung. Repeatable.",
)
@click.option("--as", "kind", type=click.Choice(_KINDS), help="Treat the address as this kind.")
@click.option("--name", metavar="NAME", help="The name of the source.  [default: from its address]")
@click.option("--allow-private", is_flag=True, help="Allow addresses on the local machine and network.")
@json_option
@pass_cli_context
def try_command(
    app: CliContext,
    address: str,
    articles: int,
    chosen: tuple[str, ...],
    kind: str | None,
    name: str | None,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Read an address and propose its block for config.yaml. Nothing is stored or sent.

    The address may be a page that lists news, an article, a front page, a feed, a file or a folder. Some of its articles are
    read as `gather` would read them, and each field is shown with the places on the page that hold the same text. For fields
    that are not found on every page, CSS selectors are searched for, tried on all of them, and proposed. No config.yaml is
    needed.

    Exit code: 1 if nothing could be read.

    \b
    Example:
      distributor sources try https://portal.example/news/
    """
    from ..errors import SourceError

    newsroom = _newsroom(app)
    request = _request(newsroom, address, articles, _selectors(chosen), kind, allow_private)
    try:
        trial = _tried(request, newsroom.site)
    except SourceError as error:
        _show_failure(app, request, error, as_json)
        raise SystemExit(1) from None
    blocks = _blocks(trial, newsroom.sources, name, app.config)
    if as_json:
        app.show_json(_as_data(trial, blocks))
    else:
        _show_trial(trial, blocks, newsroom)
    if not trial.readable:
        raise SystemExit(1)


# -- the newsroom, if there is one -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Newsroom:
    """As much of config.yaml as is needed, or what stands in for it. `file` is None where there is none."""

    site: Site
    sources: frozenset[str]
    file: Path | None


def _newsroom(app: CliContext) -> _Newsroom:
    """Raises ConfigError where there is a config.yaml and it is wrong."""
    from ..config.schema import Site

    if not app.config.exists():
        return _Newsroom(Site(title="newsroom", url=_SITE), frozenset(), None)
    newsroom = app.newsroom
    return _Newsroom(newsroom.settings.site, frozenset(newsroom.sources), app.config)


def _request(
    newsroom: _Newsroom,
    address: str,
    articles: int,
    select: Mapping[str, str],
    kind: str | None,
    allow_private: bool,
) -> DiscoveryRequest:
    from ..gathering.discovery.report import AddressKind, DiscoveryRequest

    path = _path(address)
    return DiscoveryRequest(
        address=str(path) if path else _web(address),
        is_path=path is not None,
        kind=AddressKind(kind) if kind else None,
        articles=articles,
        select=select,
        allow_private=allow_private,
        language=newsroom.site.language.value,
        timezone=str(newsroom.site.timezone),
    )


def _path(address: str) -> Path | None:
    """The file or folder that is meant; None for an address of the web. Raises UserError where neither is."""
    from ..errors import UserError

    if "://" in address:
        return None
    path = Path(address).expanduser()
    try:
        if path.exists():
            return path.absolute()
    except (OSError, ValueError):
        raise UserError(f"{address[:200]!r} is neither an address nor a path") from None
    host = address.partition("/")[0]
    if "." not in host.strip(".") or " " in host or address.startswith((".", "/", "~")):
        raise UserError(f"{address}: there is no such file or folder; write an address with https://")
    return None


def _web(address: str) -> str:
    """An address of the web. Raises UserError."""
    from ..config.types import web_url
    from ..credentials import redact_credentials
    from ..errors import UserError

    made = address if "://" in address else f"https://{address}"
    try:
        return web_url(made)
    except ValueError as error:
        raise UserError(f"{redact_credentials(address)[:200]}: {error}") from None


def _selectors(chosen: Sequence[str]) -> dict[str, str]:
    """`KEY=CSS` as a mapping. Raises click.BadParameter in words."""
    from dataclasses import fields

    from ..config.validation import suggestion
    from ..gathering.extraction.selectors import Selectors

    keys = [one.name for one in fields(Selectors)]
    made: dict[str, str] = {}
    for one in chosen:
        key, sign, css = one.partition("=")
        key = key.strip()
        if not sign or not css.strip():
            raise click.BadParameter(f"write {one!r} as KEY=CSS, such as body=#noidung", param_hint="--select")
        if key not in keys:
            hint = suggestion(key, keys) or f"; keys are {', '.join(keys)}"
            raise click.BadParameter(f"there is no selector {key!r}{hint}", param_hint="--select")
        try:
            Selectors(**{key: css.strip()})
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--select") from None
        made[key] = css.strip()
    return made


# -- trying ------------------------------------------------------------------------------------------------------------


def _tried(request: DiscoveryRequest, site: Site) -> DiscoveryReport:
    import asyncio

    from ..gathering.discovery.probe import discover_source

    with _progress() as tell:
        return asyncio.run(discover_source(request, site, clock(), tell))


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being read: a line that changes on a terminal, and lines on stderr anywhere else."""
    from ..terminal import printable_line

    if not on_terminal():
        yield lambda what: say(f"reading {printable_line(what)}", err=True)
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status("reading") as status:
        yield lambda what: status.update(Text(f"reading {printable_line(what)}", overflow="ellipsis", no_wrap=True))


def _show_failure(app: CliContext, request: DiscoveryRequest, error: SourceError, as_json: bool) -> None:
    reason = str(error)
    if "set allow_private" in reason:
        reason = reason.replace("set allow_private: true to allow it", "--allow-private allows it")
    if as_json:
        app.show_json({"ok": False, "address": request.address, "failure": reason})
    else:
        say(f"Nothing could be read: {reason}", err=True)


def _blocks(
    trial: DiscoveryReport, taken: frozenset[str], name: str | None, file: Path
) -> list[tuple[SourceProposal, str]]:
    """Each proposal with its lines for config.yaml. They are read back as config.yaml is: what it would not take is no
    proposal, but told."""
    from ..gathering.discovery.report import find_problems, format_block, suggest_source_name, unique_name

    made = []
    used = set(taken)
    for proposal in trial.proposals:
        place = proposal.settings.get("url") or proposal.settings.get("folder") or trial.address
        own = unique_name(name or suggest_source_name(str(place)), used)
        text = format_block({own: proposal.settings})
        problems = find_problems(text, file.absolute())
        if problems:
            warn(f"no block is proposed, because config.yaml would not take it: {problems[0]}")
            continue
        used.add(own)
        made.append((proposal, text))
    return made


# -- telling -----------------------------------------------------------------------------------------------------------


def _as_data(trial: DiscoveryReport, blocks: Sequence[tuple[SourceProposal, str]]) -> dict[str, Any]:
    from dataclasses import asdict

    data = asdict(trial)
    data["proposals"] = [{**asdict(proposal), "block": text} for proposal, text in blocks]
    return {"ok": trial.readable, **data}


def _show_trial(trial: DiscoveryReport, blocks: Sequence[tuple[SourceProposal, str]], newsroom: _Newsroom) -> None:
    say(f"{trial.address} {trial.what}.", bold=True)
    for left in trial.left_out:
        examples = ", ".join(f"«{one}»" for one in left.examples)
        say(f"  left out: {left.number} × {left.reason}" + (f", such as {examples}" if examples else ""))
    read = [one for one in trial.articles if not one.fault]
    if read:
        say()
        _show_article(read[0], newsroom)
    if len(trial.articles) > 1:
        say()
        _show_others(trial.articles, newsroom)
    _show_list("Please check", trial.doubts)
    _show_list("Also", trial.hints)
    if blocks:
        _show_blocks(blocks, newsroom)


def _show_article(article: ArticlePreview, newsroom: _Newsroom) -> None:
    """One article: what was understood, and which places of the page say the same."""
    say(f"The first article as read, {article.address}")
    rows = [
        (one.name, _short(one.value) if one.value else "-", ", ".join(one.places) if one.value else "")
        for one in article.fields
    ]
    rows += [
        ("", f"{label} {_short(text)}", "")
        for label, text in (("begins", article.first), ("ends", article.last))
        if text
    ]
    show_table(["field", "value", "found in"], rows, "")
    for warning in article.warnings:
        warn(warning)


def _show_others(articles: Sequence[ArticlePreview], newsroom: _Newsroom) -> None:
    say("All articles that were read")
    zone = newsroom.site.timezone
    rows = [_row(number, one, zone) for number, one in enumerate(articles, 1)]
    show_table(["", "title", "date", "author", "text", "image"], rows, "")
    for one in articles:
        if one.fault:
            warn(one.fault)


def _row(number: int, article: ArticlePreview, zone: ZoneInfo) -> tuple[object, ...]:
    if article.fault:
        path = urlsplit(article.address)
        return number, f"no article: {_short(path.path or article.address, 50)}", "", "", "", ""
    values = {one.name: one.value for one in article.fields}
    text = f"{article.characters:,} characters" if article.characters else "-"
    image = "yes" if values.get("image") else "-"
    return number, _short(article.title, 60), values.get("date") or "-", values.get("author") or "-", text, image


def _show_list(heading: str, lines: Sequence[str]) -> None:
    if lines:
        say(f"\n{heading}")
        for line in lines:
            say(f"  - {line}")


def _show_blocks(blocks: Sequence[tuple[SourceProposal, str]], newsroom: _Newsroom) -> None:
    for number, (proposal, text) in enumerate(blocks):
        head = "For config.yaml" if number == 0 else "Or"
        say(f"\n{head}" + (f" ({proposal.why})" if proposal.why else ""), bold=True)
        say()
        for line in text.rstrip().splitlines():
            say(line, fg="cyan")
        say()
        for one in proposal.selectors:
            found = plural(one.pages, "link") if one.key == "link" else f"{one.pages} of {plural(one.of, 'page')}"
            say(f"  select.{one.key} finds {found}; {one.why}")
    where = f"{newsroom.file}" if newsroom.file else "config.yaml (`distributor init my-newsroom` makes one)"
    say(f"Put it into {where}, then: distributor check --online")


def _short(text: str, most: int = _LONGEST) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
