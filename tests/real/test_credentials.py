"""A user name and a password in a source's address: sent to their own server as a header, and found nowhere else."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.newsroom import Room

NAME, PASSWORD = "bien-tap", "cANARY/7@x"
WRITTEN = "cANARY%2F7%40x"  # as an address needs it
BASIC = f"Basic {base64.b64encode(f'{NAME}:{PASSWORD}'.encode()).decode()}"
LOGIN = f"{NAME}:{WRITTEN}@"


def with_login(url: str) -> str:
    return url.replace("://", f"://{LOGIN}")


# -- a whole newsroom --------------------------------------------------------------------------------------------------

RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Tin</title>
<item><title>Khởi công đường tỉnh 254 qua hai huyện</title><link>LOGIN/tin/1</link><guid>LOGIN/tin/1</guid>
<description>&lt;p&gt;Đường dài &lt;a href="LOGIN/tin/2"&gt;38 km&lt;/a&gt;, &lt;img src="LOGIN/a.jpg"&gt; nối hai huyện
miền núi của tỉnh.&lt;/p&gt;</description><media:content url="LOGIN/b.jpg" medium="image"/>
<pubDate>Sun, 22 Nov 2026 08:00:00 +0700</pubDate></item>
<item><title>Chè Tân Lập sang Nhật Bản chuyến đầu tiên</title><link>/tin/3</link><guid isPermaLink="false">3</guid>
<description>Chuyến hàng đầu tiên.</description></item></channel></rss>"""


class Portal(BaseHTTPRequestHandler):
    """A feed, a listing and a page behind a password; everything else is not there."""

    def do_GET(self) -> None:
        here = f"http://{self.headers['Host']}"
        article = "<h1>Lễ hội mùa xuân mở cửa sớm</h1><article><p>Năm nay lễ hội mở cửa sớm hơn một tuần.</p></article>"
        pages = {
            "/rss": RSS.replace("LOGIN", with_login(here)),
            "/muc/": '<a href="bai-1.html">Lễ hội mùa xuân mở cửa sớm</a>',
            **dict.fromkeys(("/muc/bai-1.html", "/tin/1", "/tin/3"), article),
        }
        known = self.headers["Authorization"] == BASIC
        body = pages.get(self.path, "") if known else ""
        self.send_response(200 if body else 404 if known else 401)
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def portal() -> Iterator[str]:
    """The address of the portal."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def guarded_room(room: Room, portal: str, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A newsroom that reads a feed and a portal behind a password, given by the environment."""
    monkeypatch.setenv("FEED_LOGIN", f"{NAME}:{WRITTEN}")
    place = portal.removeprefix("http://")
    lines = [
        f'tin: {{type: feed, url: "http://${{FEED_LOGIN}}@{place}/rss", allow_private: true}}',
        f'muc: {{type: page, url: "http://{LOGIN}{place}/muc/", allow_private: true, select: {{link: a}}}}',
        f'hong: {{type: feed, url: "http://{LOGIN}{place}/hong", allow_private: true}}',
        f'lac: {{type: feed, url: "http://{LOGIN}{place}/lac"}}',
    ]
    room.configure(("sources:\n", "sources:\n" + "".join(f"  {line}\n" for line in lines)))
    return room


def traces(folder: Path) -> list[str]:
    """The files of a newsroom in which anything of the password stands, however it is written."""
    signs = [form.encode() for form in (PASSWORD, WRITTEN, "cANARY", BASIC, BASIC.removeprefix("Basic "))]
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "config.yaml"]
    return [str(file.relative_to(folder)) for file in files if any(sign in file.read_bytes() for sign in signs)]


def test_nothing_that_a_newsroom_says_or_keeps_holds_them(
    guarded_room: Room, portal: str, caplog: pytest.LogCaptureFixture
) -> None:
    room, said = guarded_room, ""
    for line in (
        "-vv check",
        "-vv gather",
        "gather --json",
        "articles -n 100 --json",
        "plan",
        "sources feed",
        "preview tin-sang",
        "-vv send tin-sang --yes --force link-placeholder",
        "editions",
        "deliveries",
    ):
        done = room.run(*line.split())
        said += f"{line}: {done.code}\n{done.out}{done.err}"
    for one in room.run("articles", "--limit", "100", "--json").json:
        said += room.good("why", one["id"]) + room.good("articles", "show", one["id"])
    assert "tin: 2 new articles" in said, said
    assert "muc: 1 new article" in said, said
    assert f"hong: {portal}/hong answered 404" in said, said
    assert "answered 401" not in said, said  # the last look has logged in, too; a port may hold these digits
    assert len(room.letters()) == 1, said
    said += caplog.text
    for sign in ("cANARY", BASIC.removeprefix("Basic "), f"@{portal.removeprefix('http://')}"):
        assert sign not in said
    assert traces(room.folder) == []
