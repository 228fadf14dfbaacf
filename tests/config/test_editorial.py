"""Subject, preheader, greeting and blocks in config.yaml: what is wrong is told in one line, with its key path."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from distributor.config.editorial import NewsletterBlock
from distributor.errors import ConfigError
from distributor.newsroom import open_newsroom

CONFIG = """\
site: {title: Báo Bắc Sơn, url: "https://bacson.example"}
sources: {cong: {type: folder, folder: articles}}
newsletters:
  tin-sang:
    title: Tin sáng
    sections: [Kinh tế]
    channels: [mail]
"""
CHANNELS = "channels: {mail: {type: email, sender: Báo <tin@bacson.example>}}\n"


def read(folder: Path, *lines: str) -> list[NewsletterBlock]:
    """The blocks of the newsletter with these settings. Raises ConfigError."""
    (folder / "articles").mkdir(exist_ok=True)
    file = folder / "config.yaml"
    file.write_text(CONFIG + "".join(f"    {line}\n" for line in lines) + CHANNELS, encoding="utf-8")
    return list(open_newsroom(file).settings.newsletters["tin-sang"].blocks)


def faults(folder: Path, *lines: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read(folder, *lines)
    return [str(problem).partition("newsletters.tin-sang.")[2] for problem in error.value.problems]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('subject: "{frist}"', "subject: has a place {frist} that there is not; did you mean {first}? there are: {count}, "),
        ("subject: {first}", "subject: put it in quotes: YAML takes braces for a section"),
        ('subject: ""', "subject: must not be empty"),
        (f"subject: {'x' * 10_000}", "subject: has 10,000 characters; 250 are the most"),
        ('preheader: "{name}"', "preheader: has a place {name} that there is not"),
        ('greeting: "Chào {ten}"', "greeting: has a place {ten} that there is not; "),
        ("blocks: [{label: x}]", "blocks.0: has no text; write `text` or `file`"),
        ("blocks: [{text: x, after: dau}]", "blocks.0.after: there is no place 'dau'; there are: greeting, first, "),
        ("blocks: [{text: x, from: 2026-11-29, to: 2026-11-23}]", "blocks.0.to: 2026-11-23 is before `from`, 2026-11-29"),
        ("blocks: [{text: x, from: mai}]", "blocks.0.from: write a day like 2026-11-23"),
        ("blocks: [{text: x, from: 2026-02-30}]", "blocks.0.from: there is no day 2026-02-30"),
        ("blocks: [{text: x, to: 20261201}]", "blocks.0.to: write the day with hyphens, as 2026-12-01"),
        ("blocks: [{text: x, to: 2026-W50-1}]", "blocks.0.to: write a day like 2026-11-23: year, month, day"),
        ("blocks: [{text: x, to: 2026-12-01T07:00}]", "blocks.0.to: write a day like 2026-11-23: year, month, day"),
        ("days_off: {dates: [2026-02-30 Tết]}", "days_off.dates.0: there is no day 2026-02-30"),
        ("days_off: {dates: [20261201]}", "days_off.dates.0: write the day with hyphens, as 2026-12-01"),
        ("days_off: {dates: [2026-12-02..2026-12-01]}", "days_off.dates.0: 2026-12-01 is before 2026-12-02"),
        ("days_off: {dates: [nghỉ]}", "days_off.dates.0: write a day, 2026-12-24, or two, "),
        ("blocks: [{text: <!-- sau -->}]", "blocks.0.text: shows nothing to readers"),
        ("blocks: [{file: ghi-chu.md}]", "ghi-chu.md shows nothing to readers"),
        ("blocks: [{text: x, form: 2026-11-23}]", "blocks.0.form: is not a known key; did you mean 'from'?"),
        ("blocks: [{file: khong-co.md}]", "blocks.0.file: "),
        ("blocks: [{file: rong.md}]", "is empty"),
        ("blocks: [{file: latin.md}]", "is not UTF-8; save it in that encoding"),
        ("blocks: [{file: articles}]", "is a folder"),
        ("blocks: [{file: tot.md, text: x}]", "blocks.0.file: is not used together with text: keep one of the two"),
        (f"blocks: [{{text: {'x' * 10_001}}}]", "blocks.0.text: has 10,001 characters; 10,000 are the most"),
        (f"blocks: [{{text: x, label: {'x' * 61}}}]", "blocks.0.label: has 61 characters; 60 are the most"),
        ("alerts: {label: 5}", "alerts.label: YAML reads this as a number; put it in quotes to make it a text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_key(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "rong.md").write_text("\n \n", encoding="utf-8")
    (tmp_path / "latin.md").write_bytes("Nghỉ lễ".encode("utf-16"))
    (tmp_path / "ghi-chu.md").write_text("<!-- sau -->", encoding="utf-8")
    (tmp_path / "tot.md").write_text("Tốt", encoding="utf-8")
    (fault,) = faults(tmp_path, line)
    assert message in fault
    assert "\n" not in fault


def test_a_file_is_read_from_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "tai-tro.md").write_bytes("\ufeffMua **chè**.\r\n".encode())
    (block,) = read(tmp_path, "blocks: [{file: blocks/tai-tro.md, sponsor: true, after: kinh tế}]")
    assert block.markdown == "Mua **chè**."


def test_first_and_last_day_are_both_in(tmp_path: Path) -> None:
    week, open_end = read(
        tmp_path, "blocks: [{text: x, from: 2026-11-23, to: 2026-11-29}, {text: x, from: 2026-11-23}]"
    )
    shown = [day for day in range(20, 31) if week.is_shown_on(date(2026, 11, day))]
    assert shown == [23, 24, 25, 26, 27, 28, 29]
    assert open_end.is_shown_on(date(2030, 1, 1)) and not open_end.is_shown_on(date(2026, 11, 22))
