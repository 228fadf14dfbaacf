"""The article that somebody means: by id, by the address of its page, or by words of its title."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..model import Article

_MAX_NAMED = 10  # articles that are named where several are meant


def find_article(connection: Connection, asked: str, *, by_title: bool = False) -> Article:
    """The one article that is meant. Words of a title are enough only where nothing is done to it (`by_title`). Raises
    UserError with the articles that may be meant."""
    from ..articles import search
    from ..errors import UserError

    found = search.find_exact_article(connection, asked)
    if found:
        return found
    near = list(itertools.islice(search.search_articles(connection, asked), _MAX_NAMED + 1))
    if len(near) == 1 and by_title:
        return near[0]
    if not near:
        raise UserError(f"there is no article {asked!r}; `distributor articles --search WORDS` looks for one")
    named = "\n".join(f"  {one.id}  {one.title}" for one in near[:_MAX_NAMED])
    more = "\n  and more" if len(near) > _MAX_NAMED else ""
    what = f"{asked!r} is several articles" if by_title else f"{asked!r} is no id and no address"
    raise UserError(f"{what}; say which by its id:\n{named}{more}")
