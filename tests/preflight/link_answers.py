"""States of links and the findings that follow from them."""

from __future__ import annotations

import pytest

from distributor.preflight import link_check
from distributor.preflight.link_check import (
    LinkState,
)

A, G, U, X = LinkState.ANSWERS, LinkState.GONE, LinkState.UNREACHABLE, LinkState.UNCLEAR


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_check, "HOST_DELAY", 0.0)


# -- what the answers mean ---------------------------------------------------------------------------------------------

JUDGED: list[tuple[set[str], list[LinkState]]] = [
    (set(), []),
    (set(), [A, A, X]),
    (set(), [X, X]),
    ({"dead-link"}, [A, G]),
    ({"dead-link"}, [G, G]),  # two of two: perhaps two articles that were taken down
    ({"dead-link"}, [A, A, A, G, G, G]),
    ({"dead-link", "dead-links"}, [A, A, G, G, G, X, X]),
    ({"dead-link", "dead-links"}, [G, G, G]),
    ({"unreachable-link"}, [A, U]),
    ({"unreachable-link"}, [U]),
    ({"unreachable-link"}, [U, U, U]),
    ({"dead-link", "unreachable-link"}, [A, G, U]),
]
