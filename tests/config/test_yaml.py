"""The YAML of a config.yaml: what cannot be read is reported in one line, and values are filled in from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.config_files import GOOD, problems, settings


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"site: [unclosed", "config.yaml:1: is not YAML: "),
        (b"- a list", "must be a list of `key: value` lines"),
        (b"", "must be a list of `key: value` lines"),
        ("site: tiếng".encode("utf-16"), "is not UTF-8 text (byte 0)"),
        (b"a: \x01", "is not YAML"),
        (b"a: *nobody", "is not YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, content: bytes, expected: str) -> None:
    (told,) = problems(tmp_path, content)
    assert expected in told
    assert "\n" not in told


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (BOMB, "expands to more than 50000 values"),
        ("a: &a [*a]\n", "expands to more than 50000 values or 50 levels"),
        ("a: &a {b: *a}\n", "expands to more than 50000 values or 50 levels"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested deeper than 50 levels"),
        ("a: " + "{b: " * 5000 + "}" * 5000, "nested deeper than 50 levels"),
        ("a: b\n" * 250_000, "is larger than 1 MB"),
        ("a:\tb\n\tc: d\n", "is not YAML"),
        ("a: b\n---\na: b\n", "is not YAML"),
    ],
)
def test_a_file_that_would_never_end_is_told_in_one_line(tmp_path: Path, content: str, expected: str) -> None:
    (told,) = problems(tmp_path, content)
    assert expected in told
    assert "\n" not in told


@pytest.mark.parametrize(
    "value",
    [
        "!!timestamp x", "!!bool maybe", "!!float 1:x", "!!int abc", "!!python/object:os.system x", "!own x", "0x_",
        "2026-13-45", "9" * 5000, ".inf", "-.inf", ".nan", '"a\\0b"', '"\\ud800"', "1.0e+999",
    ],
)  # fmt: skip
def test_a_value_that_is_none_is_told_with_its_place(tmp_path: Path, value: str) -> None:
    told = problems(tmp_path, GOOD.replace("  title: Báo Bắc Sơn", f"  title: {value}", 1))
    assert any(line.startswith("config.yaml:2: site.title: ") for line in told) or value == "2026-13-45", told
    assert all("\n" not in line for line in told)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("? [a, b]\n: c", "a key must be a word"),
        ("<<: {a: b}", "merge keys are not supported"),
        ("2026-11-23: x", "not a known key"),
    ],
)
def test_a_key_that_is_none_is_told(tmp_path: Path, line: str, expected: str) -> None:
    assert any(expected in told for told in problems(tmp_path, f"{line}\n{GOOD}"))


def test_values_come_from_the_environment_with_their_types(tmp_path: Path) -> None:
    text = GOOD.replace(
        "    channels: [mail]", '    min_articles: ${LEAST:-2}\n    max_articles: "${MOST}"\n    channels: [mail]'
    )
    made = settings(tmp_path, text, {"MOST": "9"})
    assert (made.newsletters["tin-sang"].min_articles, made.newsletters["tin-sang"].max_articles) == (2, 9)
    made = settings(tmp_path, GOOD.replace("Báo Bắc Sơn", "$${x} ${Y:-}z"), {})
    assert made.site.title == "${x} z"
