"""Bodies of every kind, as each provider's reader takes them: events, or that it is none."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from distributor.bounces.providers import brevo, mailgun, postmark, sendgrid, ses, sns
from distributor.bounces.providers.event import (
    BadSignature,
    ProviderEvent,
    UnreadableEvent,
    event_key,
    iso_time,
    unix_time,
)
from distributor.text import clean_line

READERS: dict[str, Callable[[bytes], Iterator[ProviderEvent]]] = {
    "ses": lambda body: ses.read(body.decode("utf-8", "replace")),
    "mailgun": mailgun.read,
    "postmark": postmark.read,
    "sendgrid": sendgrid.read,
    "brevo": brevo.read,
}
WORDS = (
    "event event-data bounce complaint mail tags d headers name value bouncedRecipients emailAddress status reason code "
    "eventType notificationType RecordType Type ID Metadata Email timestamp ts_epoch X-Mailin-custom user-variables "
    "severity delivery-status message envelope sender source Bounce Complaint failed permanent hard_bounce bounceType"
)
NAMES = st.sampled_from(re.findall(r"\S+", WORDS))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | NAMES
ODD = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=25
)


@pytest.mark.parametrize("provider", READERS)
@given(content=ODD)
@example(content={"event": "failed", "event-data": {"event": "failed", "reason": "nu\xadmber"}, "reason": "nu\xadmber"})
@settings(max_examples=60)
def test_whatever_json_comes_it_is_events_or_said_to_be_none(provider: str, content: Any) -> None:
    try:
        events = list(READERS[provider](json.dumps(content).encode()))
    except UnreadableEvent:
        return
    for one in events:
        assert all(len(text) <= 2_000 for text in (one.name, one.echo, one.address, one.status, one.text))
        assert (clean_line(one.text), clean_line(one.address)) == (one.text, one.address)
        assert one.at is None or one.at.tzinfo is UTC


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_whatever_octets_come_there_is_no_other_error(body: bytes) -> None:
    for read in READERS.values():
        with contextlib.suppress(UnreadableEvent):
            list(read(body))
    with contextlib.suppress(BadSignature):
        mailgun.verify(body, "key", datetime(2026, 1, 1, tzinfo=UTC))
    assert len(event_key(body.decode("latin-1"), body)) <= 150
    assert len(postmark.find_key(body)) <= 150


@given(
    fields=st.dictionaries(
        st.sampled_from(["Type", "TopicArn", "SigningCertURL", "SubscribeURL", "Timestamp"]), st.text(max_size=60)
    )
)
@settings(max_examples=60)
def test_whatever_stands_in_a_message_of_sns_no_other_host_is_asked(fields: dict[str, str]) -> None:
    message = sns.SnsMessage({**fields, "Type": "Notification", "SignatureVersion": "1"})
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with contextlib.suppress(BadSignature):
        assert message.certificate_url([message.topic], "Notification", now).startswith("https://sns.")
    with contextlib.suppress(BadSignature):
        assert message.confirmation_url().startswith("https://sns.")
    assert isinstance(message.string_to_sign, bytes)


@pytest.mark.parametrize("odd", ["", "x", "1e400", "-1", "99999999999999", "١", "nan", "1.2.3"])
def test_what_is_no_time_is_none(odd: str) -> None:
    assert unix_time(odd) is None
    assert iso_time(odd) is None


def test_times_of_every_form() -> None:
    then = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
    assert unix_time(str(int(then.timestamp()))) == then
    for text in (
        "2026-11-22T05:00:00Z",
        "2026-11-22T12:00:00+07:00",
        "2026-11-22T05:00:00.000Z",
        "2026-11-22T05:00:00",
    ):
        assert iso_time(text) == then
