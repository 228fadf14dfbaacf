"""What events of providers mean: the milder of two opinions counts."""

from __future__ import annotations

import pytest

from distributor.bounces.providers import ses
from distributor.bounces.providers.event import ProviderEvent, ProviderEventKind
from distributor.bounces.providers.severity import bounce_type
from distributor.model import BounceType
from support import provider_requests as sent

LAN = "lan@example.com"
EVER = sent.utc("2026-01-01")


def hard(text: str = "", status: str = "", code: int = 0, type: BounceType | None = BounceType.HARD) -> ProviderEvent:
    return ProviderEvent(
        name="x", kind=ProviderEventKind.BOUNCE, type=type, text=text, status=status, code=code, address=LAN
    )


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (hard("550 5.1.1 user unknown"), "hard"),
        (hard(), "hard"),  # no server's words: the provider's own is all there is
        (hard("552 5.2.2 mailbox full"), "soft"),
        (hard("550 5.7.1 message rejected as spam"), "policy"),
        (hard("550 5.7.26 unauthenticated sender"), "policy"),
        (hard("khó hiểu"), "policy"),
        (hard(status="5.1.1"), "hard"),
        (hard("550 5.1.1 user unknown", type=BounceType.SOFT), "soft"),
        (hard("550 5.1.1 user unknown", type=BounceType.POLICY), "policy"),
        (hard("550 5.1.1 user unknown", type=None), "policy"),
    ],
)
def test_the_milder_of_the_providers_class_and_the_servers_words_counts(event: ProviderEvent, found: str) -> None:
    assert bounce_type(event, LAN) == found


@pytest.mark.parametrize(
    ("of", "subtype", "found"),
    [
        ("Transient", "MailboxFull", "soft"),
        ("Transient", "ContentRejected", "policy"),
        ("Undetermined", "Undetermined", "soft"),
        ("Permanent", "NoEmail", "hard"),
    ],
)
def test_amazons_classes(of: str, subtype: str, found: str) -> None:
    content = sent.ses_bounce("", LAN, EVER, said="", bounceType=of, bounceSubType=subtype)
    (event,) = ses.read(content)
    assert bounce_type(event, LAN) == found
