"""A user name and a password in a source's address: sent to their own server as a header, and found nowhere else."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from distributor.credentials import (
    NO_CREDENTIALS,
    extract_credentials,
    extract_settings_credentials,
    remove_credentials,
)
from distributor.errors import ConfigError, SourceError
from distributor.gathering.cleaning import clean_body
from distributor.gathering.sources.feed import FeedSource
from distributor.newsroom import open_newsroom
from distributor.url_cleaning import web_address
from support.builders import NOW
from support.newsroom import Room
from support.web_site import OpenFetcher, WebSite

NAME, PASSWORD = "bien-tap", "cANARY/7@x"
WRITTEN = "cANARY%2F7%40x"  # as an address needs it
BASIC = f"Basic {base64.b64encode(f'{NAME}:{PASSWORD}'.encode()).decode()}"
LOGIN = f"{NAME}:{WRITTEN}@"


def with_login(url: str) -> str:
    return url.replace("://", f"://{LOGIN}")


# -- taking them out ---------------------------------------------------------------------------------------------------


def test_an_address_is_parted_from_its_user_name_and_password() -> None:
    bare, credentials = extract_credentials(f"https://{LOGIN}bacson.example:8443/rss?x=1#a")
    assert bare == "https://bacson.example:8443/rss?x=1#a"
    assert credentials.header("https://bacson.example:8443/other") == BASIC
    assert PASSWORD not in repr(credentials)
    assert BASIC not in repr(credentials)


@pytest.mark.parametrize(
    "other",
    [
        "http://bacson.example/rss",  # another scheme: the password would go in the clear
        "https://bacson.example:8443/rss",
        "https://www.bacson.example/rss",
        "https://bacson.example.evil.example/rss",
        "https://evil.example/bacson.example",
        "ftp://bacson.example/",
        "not an address",
        "https://[::1",
    ],
)
def test_they_belong_to_one_origin(other: str) -> None:
    _, credentials = extract_credentials(f"https://{LOGIN}bacson.example/rss")
    assert credentials.header("https://BACSON.example:443/x") == BASIC
    assert credentials.header(other) == ""


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("https://a@h.example/", "https://h.example/"),
        ("https://a:b@c@h.example/", "https://h.example/"),
        ("HTTPS://a:b@h.example", "HTTPS://h.example"),
        ("https://:@h.example/", "https://h.example/"),
        ("https://@h.example/", "https://h.example/"),
        ("https://h.example/@lan", "https://h.example/@lan"),
        ("https://h.example?to=a@b.example", "https://h.example?to=a@b.example"),
        ("https://a:b@[2001:db8::1]:8080/x", "https://[2001:db8::1]:8080/x"),
        ("https://a:b@[broken/x", "https://[broken/x"),
        ("mailto:lan@example.com", "mailto:lan@example.com"),
        ("Lan <lan@example.com>", "Lan <lan@example.com>"),
    ],
)
def test_only_user_information_is_taken_off(written: str, bare: str) -> None:
    assert remove_credentials(written) == bare
    assert extract_credentials(written)[0] == bare


@given(st.text(alphabet="htps:/@?#ab[]%\\ \t.1", max_size=40))
def test_what_was_taken_off_stays_off(text: str) -> None:
    bare = remove_credentials(f"https://{text}")
    assert remove_credentials(bare) == bare
    assert "@" not in bare.removeprefix("https://").split("/")[0].split("?")[0].split("#")[0]


def test_they_are_found_however_deep_they_stand_in_the_settings() -> None:
    settings = {"urls": [f"https://{LOGIN}a.example", {"x": ("https://u:p@b.example",)}], "limit": 3, "note": None}
    bare, credentials = extract_settings_credentials(settings)
    assert bare == {"urls": ["https://a.example", {"x": ("https://b.example",)}], "limit": 3, "note": None}
    assert credentials.header("https://a.example/x") == BASIC
    assert credentials.header("https://b.example/") == "Basic dTpw"
    assert not extract_settings_credentials({"limit": 3})[1]


# -- on the wire -------------------------------------------------------------------------------------------------------


async def test_they_are_sent_to_their_server_and_told_nowhere(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/rss", "x", ETag='"1"')
    fetcher = await open_web()
    fetcher.options = replace(fetcher.options, credentials=extract_credentials(with_login(site.url))[1])
    got = await fetcher.get(f"{site.url}/rss")
    assert site.asked[0].headers["Authorization"] == BASIC
    assert got.url == f"{site.url}/rss"
    with pytest.raises(SourceError) as caught:
        await fetcher.get(with_login(f"{site.url}/gone"))
    assert str(caught.value) == f"{site.url}/gone answered 404 Not Found"


async def test_a_redirect_takes_them_along_on_the_same_origin_only(site: WebSite, open_web: OpenFetcher) -> None:
    other = site.url.replace("127.0.0.1", "localhost")
    site.redirect("/same", "/rss")
    site.redirect("/away", f"{other.replace('://', '://u:p@')}/back")
    site.redirect("/back", f"{site.url}/rss")
    site.page("/rss", "x")
    fetcher = await open_web()
    fetcher.options = replace(fetcher.options, credentials=extract_credentials(with_login(site.url))[1])
    await fetcher.get(f"{site.url}/same")
    assert [request.headers.get("Authorization") for request in site.asked] == [BASIC, BASIC]
    site.asked.clear()
    got = await fetcher.get(f"{site.url}/away")
    assert site.paths == ["/away", "/back", "/rss"]
    assert [request.headers.get("Authorization") for request in site.asked] == [BASIC, None, BASIC]
    assert "@" not in got.url


@pytest.mark.parametrize(
    "target", [f"ftp://{LOGIN}files.example/rss", f"https:\\\\{LOGIN}x", f"https:/{LOGIN}x", f"feed:{LOGIN}x"]
)
async def test_a_redirect_out_of_the_web_is_told_without_them(
    site: WebSite, open_web: OpenFetcher, target: str
) -> None:
    fetcher = await open_web()
    with pytest.raises(SourceError, match="redirects to") as caught:
        await fetcher.get(site.redirect("/moved", target))
    assert WRITTEN not in str(caught.value)
    assert NAME not in str(caught.value)


async def test_an_unchanged_feed_behind_a_password_is_not_sent_again(site: WebSite, open_web: OpenFetcher) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != BASIC:
            return web.Response(status=401)
        same = request.headers.get("If-None-Match") == '"1"'
        return web.Response(status=304 if same else 200, headers={"ETag": '"1"'}, text=RSS.replace("SITE", site.url))

    site.at("/rss", answer)
    first = await open_web()
    first.options = replace(first.options, credentials=extract_credentials(with_login(site.url))[1])
    source = FeedSource(name="tin", url=f"{site.url}/rss")
    harvest = await source.gather(first, NOW)
    assert list(harvest.validators) == [f"{site.url}/rss"]
    second = await open_web(harvest.validators)
    second.options = replace(second.options, credentials=first.options.credentials)
    with pytest.raises(SourceError, match="has not changed"):
        await source.gather(second, NOW)


# -- what comes from outside -------------------------------------------------------------------------------------------


def test_addresses_from_outside_never_carry_any() -> None:
    assert web_address("https://u:p@evil.example/x", "") == "https://evil.example/x"
    assert web_address("/x", "https://u:p@h.example/rss") == "https://h.example/x"
    assert web_address("//u:p@h.example/x", "https://bacson.example") == "https://h.example/x"
    body = clean_body(
        '<p><a href="https://u:p@h.example/x">a</a> <img src="/a.jpg" alt=""></p>', "https://u:p@b.example/"
    )
    assert "u:p@" not in body.html + repr(body.image)


# -- a whole newsroom --------------------------------------------------------------------------------------------------

RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Tin</title>
<item><title>Khởi công đường tỉnh 254 qua hai huyện</title><link>LOGIN/tin/1</link><guid>LOGIN/tin/1</guid>
<description>&lt;p&gt;Đường dài &lt;a href="LOGIN/tin/2"&gt;38 km&lt;/a&gt;, &lt;img src="LOGIN/a.jpg"&gt; nối hai huyện
miền núi của tỉnh.&lt;/p&gt;</description><media:content url="LOGIN/b.jpg" medium="image"/>
<pubDate>Sun, 22 Nov 2026 08:00:00 +0700</pubDate></item>
<item><title>Chè Tân Lập sang Nhật Bản chuyến đầu tiên</title><link>/tin/3</link><guid isPermaLink="false">3</guid>
<description>Chuyến hàng đầu tiên.</description></item></channel></rss>"""


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("url: https://bacson.example\n", f"url: https://{LOGIN}bacson.example\n", "site.url"),
        ("https://bacson.example/feeds", f"https://{LOGIN}bacson.example/feeds", "channels.feeds.url"),
        (
            "channels:\n  mail",
            f"images: {{url: 'https://{LOGIN}bacson.example/p'}}\nchannels:\n  mail",
            "images.url",
        ),
    ],
)
def test_an_address_that_readers_see_may_hold_none(room: Room, old: str, new: str, key: str) -> None:
    room.configure((old, new))
    done = room.run("check")
    assert done.code == 2
    assert f"{key}: must not contain a user name or password: this address is public" in done.err
    assert "cANARY" not in done.err


@pytest.mark.parametrize("kind", ["feed", "page"])
def test_a_password_with_a_bare_slash_is_told_without_being_shown(room: Room, kind: str) -> None:
    room.configure(
        ("sources:\n", f"sources:\n  tin: {{type: {kind}, url: 'https://lan:cANARY/7@bacson.example/rss'}}\n")
    )
    with pytest.raises(ConfigError) as caught:
        open_newsroom(room.folder / "config.yaml")
    assert "sources.tin.url: has no number as its port; in a password, write / as %2F" in str(caught.value)
    assert "cANARY" not in str(caught.value)


def test_a_source_shows_and_compares_without_them(room: Room) -> None:
    room.configure(("sources:\n", f"sources:\n  tin: {{type: feed, url: 'https://{LOGIN}bacson.example/rss'}}\n"))
    source = open_newsroom(room.folder / "config.yaml").sources["tin"]
    assert isinstance(source, FeedSource)
    assert source.url == "https://bacson.example/rss"
    assert "cANARY" not in repr(source)
    assert source.credentials.header(source.url) == BASIC
    assert FeedSource(name="x", url="https://bacson.example/rss").credentials == NO_CREDENTIALS
