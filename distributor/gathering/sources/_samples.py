"""What the far ends of our own sources answer when all is well: for `distributor sources test`. Pure."""

from __future__ import annotations

from distributor.source import SampleAnswer

FEED = (
    SampleAnswer(
        media_type="application/rss+xml",
        body="""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0">
<channel>
<title>Báo Bắc Sơn</title>
<link>https://bacson.example/</link>
<description>Tin tức</description>
<item>
<title>Chè Tân Lập sang Nhật Bản</title>
<link>https://bacson.example/tin/2</link>
<guid isPermaLink="false">bacson-2</guid>
<pubDate>Mon, 23 Nov 2026 08:00:00 +0700</pubDate>
<description>&lt;p&gt;Mười tấn chè đã rời cảng sáng nay.&lt;/p&gt;&lt;p&gt;Đây là lô hàng đầu tiên.&lt;/p&gt;</description>
</item>
<item>
<title>Khởi công đường tỉnh 254</title>
<link>https://bacson.example/tin/1</link>
<guid isPermaLink="false">bacson-1</guid>
<pubDate>Sun, 22 Nov 2026 08:00:00 +0700</pubDate>
<description>&lt;p&gt;Tuyến đường nối năm xã miền núi.&lt;/p&gt;</description>
</item>
</channel>
</rss>
""",
    ),
)


def _article(title: str, day: int) -> SampleAnswer:
    return SampleAnswer(
        media_type="text/html",
        body=f"""<!DOCTYPE html>
<html lang="vi"><head><title>{title} - Báo Bắc Sơn</title>
<meta property="og:type" content="article"><meta property="og:title" content="{title}">
<meta property="article:published_time" content="2026-11-{day}T08:00:00+07:00"></head>
<body><article><h1>{title}</h1>
<div id="noidung">
<p>Sáng nay, tại xã Tân Lập, lãnh đạo tỉnh và đông đảo người dân đã có mặt từ rất sớm để chứng kiến sự kiện.</p>
<p>Theo kế hoạch, công việc kéo dài mười tám tháng, với tổng vốn đầu tư hơn hai trăm tỷ đồng từ ngân sách.</p>
<p>Người dân trong vùng mong chờ việc này đã nhiều năm, vì trước đây họ phải đi vòng gần bốn mươi cây số.</p>
</div></article></body></html>
""",
    )


_TITLES = (
    ("Khởi công tuyến đường nối năm xã miền núi phía Bắc", 23),
    ("Lô chè đầu tiên của Tân Lập lên đường sang Nhật Bản", 22),
    ("Học sinh vùng cao trở lại trường sau mười ngày mưa lũ", 21),
    ("Lễ hội xuống đồng thu hút hàng nghìn du khách về dự", 20),
)

_LINKS = "\n".join(
    f'<li><a href="/tin-tuc/{number}-bai-viet-trong-ngay.html">{title}</a> <span>{day}/11/2026</span></li>'
    for number, (title, day) in enumerate(_TITLES, 1)
)

PAGES = (
    SampleAnswer(
        media_type="text/html",
        body=f"""<!DOCTYPE html>
<html lang="vi"><head><title>Tin tức</title></head>
<body><h1>Tin tức</h1><ul class="danhsachtin">
{_LINKS.replace("<a ", '<a class="tieude" ')}
</ul></body></html>
""",
    ),
    *(_article(title, day) for title, day in _TITLES),
)

FILES = tuple(
    SampleAnswer(
        media_type="text/markdown",
        file_name=f"bai-{day}.md",
        body=f"---\ntitle: {title}\ndate: 2026-11-{day} 08:00\n---\n\n<p>Người dân mong chờ việc này đã nhiều năm.</p>\n",
    )
    for title, day in _TITLES
)
