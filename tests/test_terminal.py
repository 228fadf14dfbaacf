"""Whatever strangers write, the terminal of whoever looks does nothing but show it."""

from __future__ import annotations

import ast
import json
import logging
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import distributor
from distributor.cli import context, log_format
from distributor.terminal import printable, printable_json, printable_line
from support.newsroom import Room

# Clears the screen, writes the window's title, moves up and over the line before; C1 does the same in one character; and
# what turns or hides words.
ACTING = (
    "\x1b[2J",
    "\x1b]0;x\x07",
    "\x9b2J",
    "\x1b[1A\x1b[2K",
    "\r",
    "\x08\x08",
    "\x85",
    "\u202e",
    "\u2066",
    "\u2028",
    "\udc80",
)
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")


@pytest.mark.parametrize("acting", ACTING, ids=ascii)
def test_what_would_act_is_written_out(acting: str) -> None:
    shown = printable(f"tin{acting}tức")
    assert not HARMFUL.search(shown)
    assert re.fullmatch(r"tin.*\\[xurn].*tức", shown)


@given(st.text())
def test_nothing_acts_and_words_stay(text: str) -> None:
    assert not HARMFUL.search(printable(text))
    assert printable(printable(text)) == printable(text)
    assert "\n" not in printable_line(text)
    made = printable_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(made) == text
    assert not HARMFUL.search(made)


def test_letters_and_emoji_are_left_alone() -> None:
    text = "Ủy ban: 5\u00a0°C, “đường” – 👩\u200d👩\u200d👧, dòng một\n\tdòng hai"
    assert printable(text) == text
    assert printable_line("a\nerror: b") == "a\\nerror: b"


@pytest.mark.parametrize("terminal", [True, False], ids=["on a terminal", "in a pipe"])
@pytest.mark.parametrize("acting", [one for one in ACTING if one != "\udc80"], ids=ascii)
def test_every_way_to_say_something_shows_it(
    acting: str, terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "on_terminal", lambda: terminal)
    monkeypatch.setenv("COLUMNS", "200")
    words = f"tin{acting}tức"
    context.say(words)
    context.warn(words)
    context.CliContext(Path("config.yaml")).show_json({"title": words})
    context.show_table(["title"], [[words]], "none")
    said = capsys.readouterr()
    assert not HARMFUL.search(said.out + said.err)
    assert (said.out + said.err).count("tức") == 4


def test_the_log_shows_it_and_no_message_can_pass_for_another() -> None:
    made = log_format.LogFormatter()
    words = "x.md\n2026-11-28 08:00:00,000 INFO distributor: all is well\x1b[2J"
    try:
        raise ValueError(words)
    except ValueError as error:
        record = logging.LogRecord(
            "distributor", logging.ERROR, "x.py", 1, "%s", (words,), (ValueError, error, error.__traceback__)
        )
    text = made.format(record)
    assert not HARMFUL.search(text)
    assert text.splitlines()[1].startswith("    2026-11-28")


def test_no_command_writes_by_itself() -> None:
    """All that is said goes through `say`, `warn` and the like; and what main says of errors through `printable`."""
    for file in sorted((Path(distributor.__file__).parent / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and file.name not in ("context.py", "main.py"):
                called = ast.unparse(node.func)
                assert called not in ("print", "click.echo", "click.secho", "click.confirm", "click.prompt"), file.name
                assert not called.endswith("stdout.write"), file.name


def test_names_of_files_and_titles_reach_no_terminal_as_they_are(room: Room) -> None:
    folder = room.folder / "articles"
    folder.mkdir(exist_ok=True)
    (folder / "\x1b[2J\x9b1A\nerror: giả.md").write_text("không có tiêu đề", encoding="utf-8")
    (folder / "a\x1b]0;x\x07.md").write_text('---\ntitle: "Tin\\u009b2J mới\\e[2J"\n---\n\nMột.\n', encoding="utf-8")
    (folder / "b.md").write_text("---\ntitle: Tin b\n\x1b[2Jkhóa: x\n---\n\nMột.\n", encoding="utf-8")
    said = [
        room.run(*arguments) for arguments in (["gather"], ["articles"], ["articles", "--json"], ["plan"], ["check"])
    ]
    for done in said:
        assert not HARMFUL.search(done.out + done.err)
        assert not [line for line in (done.out + done.err).splitlines() if line.startswith("error: giả")]
    assert "Tin" in said[1].out
    done = room.run("articles", "show", "\x1b[2J")
    assert not HARMFUL.search(done.out + done.err)


def test_the_name_of_a_file_that_is_no_utf8_is_one_fault(room: Room) -> None:
    folder = room.folder / "articles"
    folder.mkdir(exist_ok=True)
    (folder / "b.md").write_text("---\ntitle: Tin b\n---\n\nMột.\n", encoding="utf-8")
    (folder / b"\xff\xfe.md".decode(errors="surrogateescape")).write_text(
        "---\ntitle: Tin a\n---\n\nMột.\n", encoding="utf-8"
    )
    done = room.run("gather")
    assert "is not UTF-8" in done.out + done.err
    assert "Tin b" in room.good("articles")
