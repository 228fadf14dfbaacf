"""The manual page is made from the commands: each command and option is on it, and no text is taken for markup."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import click
import pytest

from distributor.cli.main import COMMANDS, main

FILE = Path(__file__).parents[2] / "docs" / "man_page.py"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("man_page", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sections(page: str) -> dict[str, str]:
    """The text below each command's heading, by the heading without what may follow the command's name."""
    parts = re.split(r"^\.S[SH] (.*)\n", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_command_and_each_of_its_options_is_on_the_page(maker: ModuleType) -> None:
    found = sections(maker.page())
    context = click.Context(main, info_name="distributor")
    seen = 0
    for name in COMMANDS:
        top = main.get_command(context, name)
        assert top is not None
        for command, where in maker.walk(top, click.Context(top, context, name)):
            heading = maker.roff(" ".join([where.command_path, *command.collect_usage_pieces(where)]))
            assert heading in found
            for option in command.params:
                if isinstance(option, click.Option) and not option.hidden:
                    for flag in option.opts:
                        assert re.search(rf"^\.B .*{re.escape(maker.roff(flag))}\b", found[heading], re.MULTILINE), (
                            heading,
                            flag,
                        )
            seen += 1
    assert seen > 2 * len(COMMANDS)


def test_every_request_on_the_page_is_meant(maker: ModuleType) -> None:
    requests = {line.split()[0] for line in maker.page().splitlines() if line.startswith((".", "'"))}
    assert requests <= {'.\\"', ".TH", ".SH", ".SS", ".B", ".I", ".TP", ".PP", ".nf", ".fi"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("--yes", r"\-\-yes"),
        (".hidden\n'x", "\\&.hidden\n\\&'x"),
        ("`distributor check`", r"\fBdistributor check\fR"),
        (r"a\nb", r"a\enb"),
    ],
)
def test_no_text_is_taken_for_markup(maker: ModuleType, text: str, shown: str) -> None:
    assert maker.roff(text) == shown
