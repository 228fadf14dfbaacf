"""`distributor subscribers form`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from distributor.cli.main import main
from support.clocked_newsroom import CONFIG

WEB = 'web: {url: "https://news.bacson.example"}\n'


def run(folder: Path, config: str, *arguments: str) -> tuple[int, str]:
    for name in ("articles", "more"):
        (folder / name).mkdir()
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    outcome = CliRunner().invoke(main, ["-c", str(folder / "config.yaml"), "subscribers", "form", *arguments])
    return outcome.exit_code, outcome.output or str(outcome.exception)


def test_it_prints_a_form_that_posts_to_the_pages(tmp_path: Path) -> None:
    code, output = run(tmp_path, WEB + CONFIG, "tin-sang", "--language", "en")
    assert code == 0
    assert output.startswith('<form method="post" action="https://news.bacson.example/en/subscribe"')


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (CONFIG, "has no `web`"),
        (WEB + CONFIG.replace("[mail, feeds, posts]", "[feeds]"), "sends no emails"),
        (
            WEB + CONFIG.replace("    title: Tin sáng\n", "    title: Tin sáng\n    on_the_web: false\n"),
            "on_the_web: false",
        ),
    ],
)
def test_it_says_why_there_can_be_none(tmp_path: Path, config: str, words: str) -> None:
    code, output = run(tmp_path, config, "tin-sang")
    assert code != 0
    assert words in output
