"""Topics of Amazon: ours are confirmed, and nothing else is ever called."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from distributor.pipeline import sns_topics
from support import provider_requests as sent
from support.worked_reports import Reports


def test_a_topic_of_ours_is_confirmed(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    async def fetch(url: str) -> None:
        called.append(url)

    monkeypatch.setattr(sns_topics, "fetch_confirmation", fetch)
    request = sent.sns_confirmation(reports.line.now)
    assert reports.told(request) == {"confirmed": 1}
    assert called == [json.loads(request.body)["SubscribeURL"]]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/?Action=ConfirmSubscription",
        "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
        "http://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.ap-southeast-1.amazonaws.com/?Action=DeleteTopic",
        "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&Action=DeleteTopic",
        "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:x",
        "https://sns.ap-southeast-1.amazonaws.com@evil.example/?Action=ConfirmSubscription",
    ],
)
def test_no_other_address_is_ever_called(reports: Reports, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(url: str) -> None:
        raise AssertionError(url)

    monkeypatch.setattr(sns_topics, "fetch_confirmation", fetch)
    reports.store(sent.sns_confirmation(reports.line.now, SubscribeURL=url))
    assert len(reports.work().alarms) == 1
    assert [row.state for row in reports.rows()] == ["aside"]


def test_a_confirmation_that_fails_is_tried_again_for_an_hour_and_then_left_to_staff(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(url: str) -> None:
        raise OSError("HTTP 500")

    monkeypatch.setattr(sns_topics, "fetch_confirmation", fetch)
    reports.store(sent.sns_confirmation(reports.line.now))
    assert reports.work().alarms[0].endswith("could not be confirmed: HTTP 500; tried again")
    assert reports.work().worked == 0, "not at once"
    reports.line.now += timedelta(minutes=2)
    assert reports.work().worked == 1
    reports.line.now += timedelta(hours=1)
    assert "confirm it by hand: https://sns." in reports.work().alarms[0]
    assert [row.state for row in reports.rows()] == ["aside"]


def test_staff_are_told_when_a_subscription_was_ended_and_it_is_not_made_again(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(url: str) -> None:
        raise AssertionError(url)

    monkeypatch.setattr(sns_topics, "fetch_confirmation", fetch)
    reports.store(sent.sns_confirmation(reports.line.now, Type="UnsubscribeConfirmation"))
    assert "was ended" in reports.work().alarms[0]


async def test_an_address_inside_is_never_called() -> None:
    called: list[object] = []
    server = await asyncio.start_server(lambda *streams: called.append(streams), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OSError, match="Cannot connect"):
            await sns_topics.fetch_confirmation(f"http://127.0.0.1:{port}/")
    assert called == []
