"""config.yaml: read, filled from the environment, and every fault told at once with its key path and line."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from distributor.config import types
from distributor.mail import dkim_keys
from distributor.newsroom import open_newsroom


@pytest.mark.parametrize(
    ("text", "value"),
    [("90s", 90), ("15m", 900), ("24h", 86400), ("3d", 259200), ("2w", 1209600), ("1h 30m", 5400)],
)
def test_durations_are_written_with_units(text: str, value: int) -> None:
    assert types.parse_duration(text) == timedelta(seconds=value)
    assert types.parse_duration(types.show_duration(timedelta(seconds=value))) == timedelta(seconds=value)


@pytest.mark.parametrize("sign", [" ", "\t", "\n", "\u00a0", "\u200b", "\x00"])
@pytest.mark.parametrize("url", ["https://bac{}son.example", "https://bacson.example/a{}b"])
def test_an_address_of_the_web_has_no_spaces_and_no_invisible_characters(url: str, sign: str) -> None:
    assert types.web_url(url.format("")) == url.format("")
    with pytest.raises(ValueError, match="contains a space or an invisible character"):
        types.web_url(url.format(sign))


# -- paths -------------------------------------------------------------------------------------------------------------

CONFIG = """\
site: {title: Báo Bắc Sơn, url: "https://bacson.example"}
bounces: [{type: maildir, folder: bounces, ca_file: ca.pem}]
sources:
  thu-muc: {type: folder, folder: articles}
  tap-tin: {type: feed, file: feed.xml}
  trang: {type: page, url: "https://bacson.example/tin", folder: pages}
newsletters: {tin-sang: {title: Tin sáng, channels: [mail]}}
channels:
  mail:
    type: email
    sender: Báo <tin@bacson.example>
    ca_file: ca.pem
    dkim: [{domain: bacson.example, selector: s, key: dkim.pem}]
  feeds: {type: feed, folder: feeds, url: "https://bacson.example/feeds"}
  trang: {type: pages, folder: news, url: "https://bacson.example/news"}
  bai: {type: outbox, folder: outbox}
"""


def paths(value: Any) -> Iterator[Path]:
    """Every path in the settings."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        yield from paths(dict(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from paths([getattr(value, field.name) for field in dataclasses.fields(value)])
    elif isinstance(value, dict):
        yield from paths(list(value.values()))
    elif isinstance(value, list | tuple):
        yield from itertools.chain.from_iterable(map(paths, value))


@pytest.mark.parametrize("images", ["", "images: {folder: pictures}\n", "images:\n"])
def test_every_path_is_relative_to_the_folder_of_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    dkim_keys.write(tmp_path / "dkim.pem", dkim_keys.make_key())
    (tmp_path / "config.yaml").write_text(images + CONFIG, encoding="utf-8")
    newsroom = open_newsroom(tmp_path / "config.yaml")
    found = list(paths([newsroom.settings, dict(newsroom.sources), dict(newsroom.channels)]))
    assert len(found) >= 10
    assert [one for one in found if not one.is_absolute() or one.is_relative_to(elsewhere)] == []
    assert newsroom.settings.bounces[0].folder == str(tmp_path / "bounces")
    assert newsroom.images is not None
    assert newsroom.images.cache.folder == tmp_path / ("pictures" if "{" in images else "var/public/images")
