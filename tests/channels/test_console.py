"""Outbox and console, and the way in which files are written."""

from __future__ import annotations

import importlib
import io
import sys
from typing import Any

import pytest

from distributor.errors import Unavailable
from support.attempts import publish
from support.builders import edition
from support.social_networks import FakeContext

console: Any = importlib.import_module("distributor.channels.console")
files: Any = importlib.import_module("distributor.kit.files")


async def test_the_console_prints_titles_and_addresses(
    capsys: pytest.CaptureFixture[str], context: FakeContext
) -> None:
    screen = console.Console(name="screen")
    await publish(screen, screen.compose(edition(), context)[0])
    printed = capsys.readouterr().out
    assert printed.startswith(
        "Tin sáng #1: Tin sáng 23/11\n\n1. Tin a0\n   Tóm tắt của tin a0.\n   https://bacson.example/"
    )
    assert "2. Tin a1" in printed


async def test_a_terminal_of_few_letters_shows_question_marks_and_a_closed_one_is_told(
    monkeypatch: pytest.MonkeyPatch, context: FakeContext
) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    screen = console.Console(name="screen", leads=False)
    (rendition, *_) = screen.compose(edition(), context)
    await publish(screen, rendition)
    assert buffer.getvalue().startswith(b"Tin s?ng #1")
    stream.close()
    with pytest.raises(Unavailable, match="standard output"):
        await publish(screen, rendition)
