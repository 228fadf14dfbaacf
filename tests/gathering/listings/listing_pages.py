"""Listings in the shapes of ten systems, each with what is right: the articles with headline and date, and the next page.

Written for these tests; names and stories are made up. The listings are gathered on 28 November 2026 at 15:30 in Hanoi.
"""

# ruff: noqa: E501 (pages are as their systems write them)

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from distributor.gathering.extraction.document import parse_page
from distributor.gathering.listings.listing import ListingResult, read_listing

ROAD = "Kiểm tra tiến độ tuyến đường miền núi"
MARKET = "Xã vùng cao mở phiên chợ đầu mùa"
GIFTS = "Trao quà cho học sinh vùng lũ"
NOTICE = "Thông báo tuyển dụng"  # a short headline is one where it stands among others
SHORT = "Tin buồn"
ROAD_LEAD = "Lãnh đạo tỉnh yêu cầu các nhà thầu tăng ca, hoàn thành nền đường trước mùa mưa năm sau để người dân đi lại thuận tiện."
MARKET_LEAD = "Phiên chợ có hơn một trăm gian hàng nông sản, thu hút khách từ nhiều nơi về mua bán và xem múa hát."
GIFTS_LEAD = (
    "Hơn ba trăm suất quà gồm sách vở và áo ấm đã đến tay các em ở bốn xã bị thiệt hại nặng sau trận lũ cuối tháng mười"
)


@dataclass(frozen=True)
class ListingPage:
    """A listing, its address, what is right of it: (address below the host, headline, local date and time) and the next page."""

    url: str
    html: str
    articles: tuple[tuple[str, str, str], ...]
    next: str = ""


def _item(template: str, **values: str) -> str:
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


VNEXPRESS_ITEM = """<article class="item-news item-news-common thumb-left">
<div class="thumb-art"><a href="{url}" class="thumb thumb-5x3" title="{title}" data-medium="Item-{n}"><picture>
<img src="data:image/gif;base64,R0" alt="{title}"></picture></a></div>
<h3 class="title-news"><a href="{url}" title="{title}" data-medium="Item-{n}">{title}</a></h3>
<p class="description"><a href="{url}" title="{title}">{lead}</a> <span class="meta-news"><a class="count_cmt"
href="{url}#box_comment_vne"><span class="font_icon">12</span></a></span></p></article>"""

VNEXPRESS = ListingPage(
    "https://bacson.example/kinh-doanh",
    f"""<html><body class="page-listing has-menu"><header class="section top-header"><a href="/" title="Báo Bắc Sơn">Báo Bắc Sơn</a>
<span class="time-now">Thứ bảy, 28/11/2026</span> <a href="/tin-tuc-24h">Mới nhất</a></header>
<section class="main-nav"><nav><ul class="parent"><li><a href="/thoi-su">Thời sự</a></li><li><a href="/goc-nhin">Góc nhìn</a></li>
<li><a href="/kinh-doanh/hang-hoa">Hàng hóa</a></li></ul></nav></section>
<h1 class="title-folder"><a href="/kinh-doanh">Kinh doanh</a></h1>
<ul class="ul-nav-folder"><li><a href="/kinh-doanh/net-zero" title="Net Zero">Net Zero</a></li>
<li><a href="/kinh-doanh/doanh-nghiep-viet-hom-nay">Doanh nghiệp Việt hôm nay</a></li><li><a href="/kinh-doanh/quoc-te">Quốc tế</a></li></ul>
<div class="col-left">
{_item(VNEXPRESS_ITEM, url="https://bacson.example/kiem-tra-tuyen-duong-4829122.html", title=ROAD, lead=ROAD_LEAD, n="1")}
{_item(VNEXPRESS_ITEM, url="https://bacson.example/phien-cho-dau-mua-4829100.html", title=MARKET, lead=MARKET_LEAD, n="2")}
{_item(VNEXPRESS_ITEM, url="https://bacson.example/tin-buon-4829001.html", title=SHORT, lead=GIFTS_LEAD, n="3")}
</div><div class="col-right"><div class="box-category"><h2 class="title-box-category"><a href="/chu-de/gia-vang-hom-nay-1403">Giá vàng hôm nay ra sao</a>
</h2></div></div>
<div id="pagination" class="pagination flexbox"><div class="button-page flexbox"><a href="javascript:;" class="btn-page prev-page disable">‹</a>
<a href="/kinh-doanh" class="btn-page active">1</a><a href="/kinh-doanh-p2" class="btn-page">2</a><a href="/kinh-doanh-p3">3</a>
<a href="/kinh-doanh-p2" class="btn-page next-page">›</a></div></div>
<footer class="footer"><a href="/lien-he-quang-cao">Liên hệ quảng cáo với tòa soạn</a> <a href="/rss">RSS</a></footer></body></html>""",
    (
        ("/kiem-tra-tuyen-duong-4829122.html", ROAD, ""),
        ("/phien-cho-dau-mua-4829100.html", MARKET, ""),
        ("/tin-buon-4829001.html", SHORT, ""),
    ),
    "https://bacson.example/kinh-doanh-p2",
)

DANTRI_ITEM = """<article class="article-item" data-id="{n}"><div class="article-thumb"><a href="{url}"><img alt="{title}" src="/a.jpg">
</a></div><div class="article-content"><h3 class="article-title"><a data-prop="sapo" href="{url}">{title}</a></h3>
<div class="article-excerpt"><a data-prop="sapo" href="{url}">{lead}</a></div></div></article>"""

DANTRI = ListingPage(
    "https://bacson.example/xa-hoi.htm",
    f"""<html><body><div class="header"><ol class="breadcrumb-list"><li><a href="/xa-hoi.htm">Xã hội</a></li></ol>
<ul><li><a href="/xa-hoi/chinh-tri.htm">Chính trị</a></li><li><a href="/xa-hoi/moi-truong.htm">Môi trường và khí hậu hôm nay</a></li></ul></div>
<main><div class="grid"><article class="article-wide"><div><a href="/xa-hoi/kiem-tra-tuyen-duong-20261128091500123.htm"><img alt=""></a></div>
<h2><a href="/xa-hoi/kiem-tra-tuyen-duong-20261128091500123.htm">{ROAD}</a></h2>
<div class="article-excerpt"><a href="/xa-hoi/kiem-tra-tuyen-duong-20261128091500123.htm">{ROAD_LEAD}</a></div></article>
{_item(DANTRI_ITEM, url="/xa-hoi/phien-cho-20261127083000456.htm", title=MARKET, lead=MARKET_LEAD, n="2")}
{_item(DANTRI_ITEM, url="/xa-hoi/trao-qua-20261126070000789.htm", title=GIFTS, lead=GIFTS_LEAD, n="3")}
</div><div class="pagination"><a class="page-item active" href="/xa-hoi.htm">1</a>
<a class="page-item" href="/xa-hoi/trang-2.htm">2</a><a class="page-item next" href="/xa-hoi/trang-2.htm">Trang sau</a></div>
<aside><h3 class="title"><a href="/event/bao-so-13-4567.htm">Dòng sự kiện: Bão số 13 đổ bộ</a></h3>
<a href="/tag/hoc-sinh-vung-cao.tag">Học sinh vùng cao đến trường</a></aside></main></body></html>""",
    (
        ("/xa-hoi/kiem-tra-tuyen-duong-20261128091500123.htm", ROAD, ""),
        ("/xa-hoi/phien-cho-20261127083000456.htm", MARKET, ""),
        ("/xa-hoi/trao-qua-20261126070000789.htm", GIFTS, ""),
    ),
    "https://bacson.example/xa-hoi/trang-2.htm",
)

LIFERAY_WAY = (
    "?p_p_auth=aB3xYz&inheritRedirect=false&redirect=https%3A%2F%2Fbacson.example%2Ftin-tuc%3F_101_INSTANCE_x_cur%3D1"
)
LIFERAY_ITEM = """<div class="asset-abstract {c}"><div class="lfr-meta-actions asset-actions"><a href="javascript:;">Sửa</a></div>
<h3 class="asset-title"><a href="/web/guest/tin-tuc/-/asset_publisher/X/content/{slug}{way}"><i class="icon"></i>{title}</a></h3>
<div class="asset-content"><div class="asset-summary"><img alt="" src="/documents/1/a.jpg">{lead} <div class="asset-more">
<a href="/web/guest/tin-tuc/-/asset_publisher/X/content/{slug}{way}">Đọc thêm <span class="hide-accessible">về {title}</span> »</a></div></div>
<div class="asset-metadata"><span class="metadata-entry metadata-publish-date">{date}</span>
<a href="/web/guest/tin-tuc?p_p_id=101&amp;_101_INSTANCE_x_categoryId=5">Kinh tế</a></div></div></div><div class="separator"></div>"""

LIFERAY = ListingPage(
    "https://bacson.example/web/guest/tin-tuc",
    f"""<html><body class="yui3-skin-sam controls-visible signed-out"><a href="#main-content" id="skip-to-content">Truy cập nội dung luôn</a>
<div id="wrapper"><div id="banner" role="banner"><a class="logo" href="/web/guest">Cổng thông tin điện tử tỉnh Bắc Sơn</a>
<a href="/c/portal/login" id="sign-in">Đăng nhập</a></div><div id="navigation"><ul><li><a href="/web/guest/trang-chu">Trang chủ</a></li>
<li><a href="/web/guest/chi-dao-dieu-hanh">Chỉ đạo điều hành của Ủy ban nhân dân</a></li></ul></div>
<div id="content"><div class="portlet"><h1 class="portlet-title"><span>Tin tức</span></h1><div class="portlet-body">
{_item(LIFERAY_ITEM, c="", slug="kiem-tra-tuyen-duong", way=LIFERAY_WAY, title=ROAD, lead=ROAD_LEAD, date="24/11/2026 | 10:00 AM")}
{_item(LIFERAY_ITEM, c="", slug="phien-cho", way=LIFERAY_WAY, title=MARKET, lead=MARKET_LEAD, date="23/11/2026 | 03:53 PM")}
{_item(LIFERAY_ITEM, c="last", slug="tin-buon", way="", title=SHORT, lead=GIFTS_LEAD, date="22/11/2026 | 08:00 AM")}
</div><div class="taglib-page-iterator"><ul class="pager lfr-pagination-buttons"><li class="disabled first"><a href="javascript:;">← Đầu tiên</a></li>
<li class="disabled"><a href="javascript:;">Trước</a></li><li><a href="/web/guest/tin-tuc?p_p_id=101_INSTANCE_x&amp;p_p_lifecycle=0&amp;_101_INSTANCE_x_cur=2">Tiếp theo</a></li>
<li class="last"><a href="/web/guest/tin-tuc?p_p_id=101_INSTANCE_x&amp;p_p_lifecycle=0&amp;_101_INSTANCE_x_cur=9">Cuối cùng →</a></li></ul></div></div></div>
<div id="footer">Bản quyền của <a href="/web/guest/so-do-cong">Sơ đồ cổng thông tin điện tử</a></div></div></body></html>""",
    (
        (f"/web/guest/tin-tuc/-/asset_publisher/X/content/kiem-tra-tuyen-duong{LIFERAY_WAY}", ROAD, "2026-11-24 10:00"),
        (f"/web/guest/tin-tuc/-/asset_publisher/X/content/phien-cho{LIFERAY_WAY}", MARKET, "2026-11-23 15:53"),
        ("/web/guest/tin-tuc/-/asset_publisher/X/content/tin-buon", SHORT, "2026-11-22 08:00"),
    ),
    "https://bacson.example/web/guest/tin-tuc?p_p_id=101_INSTANCE_x&p_p_lifecycle=0&_101_INSTANCE_x_cur=2",
)

SHAREPOINT = ListingPage(
    "https://bacson.example/Pages/tin-tuc.aspx",
    f"""<html><head><base href="https://bacson.example/"></head><body><form id="aspnetForm" action="tin-tuc.aspx"><div id="s4-workspace">
<div id="s4-topheader2"><div class="ms-quicklaunch"><ul class="root static"><li><a class="menu-item" href="/">Trang chủ</a></li>
<li><a class="menu-item" href="/Pages/so-do.aspx">Sơ đồ site</a></li></ul></div></div>
<div class="left"><ul><li><a href="/Pages/gioi-thieu-chung.aspx">Giới thiệu chung về tỉnh Bắc Sơn</a></li>
<li><a href="/Pages/van-ban.aspx">Hệ thống văn bản chỉ đạo điều hành</a></li><li><a href="/Pages/lien-he.aspx">Liên hệ</a></li></ul></div>
<table class="ms-listviewtable"><tr class="ms-viewheadertr"><th><a href="javascript:" onclick="javascript:return OnClickFilter(this)">Tiêu đề</a></th>
<th><a href="javascript:">Ngày đăng tin của bài viết</a></th></tr>
<tr><td class="ms-vb-title"><a onclick="EditLink2(this,12);return false;" href="Pages/chi-tiet.aspx?ItemID=12&amp;CateID=0">{ROAD}</a></td>
<td class="ms-vb2"><nobr>24/11/2026 2:35 CH</nobr></td></tr>
<tr class="ms-alternating"><td class="ms-vb-title"><a href="Pages/chi-tiet.aspx?ItemID=11&amp;CateID=0">{MARKET}</a></td>
<td class="ms-vb2"><nobr>23/11/2026 8:05 SA</nobr></td></tr>
<tr><td class="ms-vb-title"><a href="Pages/chi-tiet.aspx?ItemID=9&amp;CateID=0">{NOTICE}</a></td><td class="ms-vb2"><nobr>22/11/2026</nobr></td></tr>
<tr><td class="ms-vb-title"><a href="javascript:__doPostBack('ctl00$m$g','8')">{GIFTS}</a></td><td class="ms-vb2"><nobr>21/11/2026</nobr></td></tr></table>
<table class="ms-bottompaging"><tr><td><a href="javascript:__doPostBack('ctl00$m$g','Page$Next')" title="Next"><img src="/_layouts/next.gif" alt="Next"></a>
</td></tr></table></div></form></body></html>""",
    (
        ("/Pages/chi-tiet.aspx?ItemID=12&CateID=0", ROAD, "2026-11-24 14:35"),
        ("/Pages/chi-tiet.aspx?ItemID=11&CateID=0", MARKET, "2026-11-23 08:05"),
        ("/Pages/chi-tiet.aspx?ItemID=9&CateID=0", NOTICE, "2026-11-22 00:00"),
    ),
    "script",
)

DNN_ITEM = """<div class="edn_article edn_clearFix"><div class="edn_articleImage"><a href="{url}"><img src="/a.jpg" alt="{title}"></a></div>
<h2 class="edn_articleTitle"><a href="{url}">{title}</a></h2><div class="edn_metaDetails">{date} / <a href="/Tin-tuc/UserProfile/2">bbt</a> /
<span>Danh mục: <a class="edn_cat" href="/Tin-tuc/evl-cat/3/Kinh-te">Kinh tế</a></span></div><div class="edn_articleSummary"><p>{lead}</p></div>
<div class="edn_readMoreButtonWrapper"><a class="edn_readMoreButton" href="{url}"><span>Xem tiếp</span></a></div></div>"""

DOTNETNUKE = ListingPage(
    "https://bacson.example/Tin-tuc",
    f"""<html><body id="Body"><form id="Form"><div id="ControlPanel"></div><div class="container"><div id="dnnMenu"><ul id="nav"><li><a href="/Gioi-thieu">Giới thiệu</a></li></ul></div>
<div class="language-object"><a href="/en-us/Tin-tuc" class="Language"><img alt="English (United States)"></a></div><a href="/Login?returnurl=/Tin-tuc">Đăng nhập vào hệ thống quản trị</a>
<div id="dnn_ContentPane"><div class="edNews_articleList">
{_item(DNN_ITEM, url="/Tin-tuc/ArtMID/411/ArticleID/812/Kiem-tra-tien-do", title=ROAD, lead=ROAD_LEAD, date="24 Tháng Mười Một 2026")}
{_item(DNN_ITEM, url="/Tin-tuc/ArtMID/411/ArticleID/811/Phien-cho", title=MARKET, lead=MARKET_LEAD, date="23 Tháng Mười Một 2026")}
</div><div class="article_pager"><span>1</span><a href="/Tin-tuc/PgrID/411/PageID/2">2</a><a href="/Tin-tuc/PgrID/411/PageID/2" class="next">Sau</a></div>
</div></div></form></body></html>""",
    (
        ("/Tin-tuc/ArtMID/411/ArticleID/812/Kiem-tra-tien-do", ROAD, "2026-11-24 00:00"),
        ("/Tin-tuc/ArtMID/411/ArticleID/811/Phien-cho", MARKET, "2026-11-23 00:00"),
    ),
    "https://bacson.example/Tin-tuc/PgrID/411/PageID/2",
)

VNPT = ListingPage(
    "https://bacson.example/tin-tuc-su-kien",
    f"""<html><body><div class="top-header"><a href="/">Trang chủ</a></div><div class="menu-left"><a href="/tin-trong-tinh">Tin tức trong tỉnh và huyện</a></div>
<div class="portlet-content"><table width="100%"><tr><td class="tieude"><a href="/tin-tuc-su-kien/-/view_content/content/3012345/kiem-tra">{ROAD}</a></td></tr>
<tr><td class="ngay">Ngày đăng: 24/11/2026 | 14:35 | Lượt xem: 120</td></tr><tr><td>{ROAD_LEAD}
<a href="/tin-tuc-su-kien/-/view_content/content/3012345/kiem-tra">Xem tiếp</a></td></tr>
<tr><td class="tieude"><a href="/tin-tuc-su-kien/-/view_content/content/3012300/phien-cho">{MARKET}</a></td></tr>
<tr><td class="ngay">Ngày đăng: 23/11/2026 | 08:05 | Lượt xem: 99</td></tr><tr><td>{MARKET_LEAD}
<a href="/tin-tuc-su-kien/-/view_content/content/3012300/phien-cho">Xem tiếp</a></td></tr>
<tr><td class="tieude"><a href="/tin-tuc-su-kien/-/view_content/content/3012200/lich-tiep-dan">Lịch tiếp dân</a></td></tr>
<tr><td class="ngay">Ngày đăng: 22/11/2026 | 07:00 | Lượt xem: 12</td></tr></table>
<p>Các tin khác</p><ul><li><a href="/tin-tuc-su-kien/-/view_content/content/3012100/trao-qua">{GIFTS}</a> (21/11/2026)</li>
<li><a href="/tin-tuc-su-kien/-/view_content/content/3012000/tin-buon">{SHORT}</a> (20/11/2026)</li></ul>
<div class="phantrang"><a href="?_trang=2&amp;size=10">Tiếp theo »</a></div></div></body></html>""",
    (
        ("/tin-tuc-su-kien/-/view_content/content/3012345/kiem-tra", ROAD, "2026-11-24 14:35"),
        ("/tin-tuc-su-kien/-/view_content/content/3012300/phien-cho", MARKET, "2026-11-23 08:05"),
        ("/tin-tuc-su-kien/-/view_content/content/3012200/lich-tiep-dan", "Lịch tiếp dân", "2026-11-22 07:00"),
        ("/tin-tuc-su-kien/-/view_content/content/3012100/trao-qua", GIFTS, "2026-11-21 00:00"),
        ("/tin-tuc-su-kien/-/view_content/content/3012000/tin-buon", SHORT, "2026-11-20 00:00"),
    ),
    "https://bacson.example/tin-tuc-su-kien?_trang=2&size=10",
)

VCCORP_ITEM = """<li class="tlitem box-category-item" data-id="{n}"><a class="avatar img-resize" href="{url}" title="{title}"><img src="/zoom/250_156/a.jpg" alt="{title}"></a>
<div class="knswli-right"><h3><a href="{url}" title="{title}">{title}</a></h3><div class="time-cate"><a class="box-category-category" href="/thoi-su.chn">Thời sự</a>
<span class="time time-ago" title="{iso}">{ago}</span></div><p class="sapo box-category-sapo">{lead}</p></div></li>"""

VCCORP = ListingPage(
    "https://bacson.example/thoi-su.chn",
    f"""<html><body><div class="header"><div class="header__nav"><a href="/home.chn">Trang chủ</a><a href="/suc-khoe.chn">Sức khỏe</a></div></div><ul class="timeline">
{_item(VCCORP_ITEM, url="/kiem-tra-188261128091500123.chn", title=ROAD, lead=ROAD_LEAD, n="1", iso="2026-11-28T13:31:00", ago="2 giờ trước")}
{_item(VCCORP_ITEM, url="/phien-cho-188261128081500123.chn", title=MARKET, lead=MARKET_LEAD, n="2", iso="", ago="15 phút trước")}
{_item(VCCORP_ITEM, url="/trao-qua-188261127081500123.chn", title=GIFTS, lead=GIFTS_LEAD, n="3", iso="", ago="Hôm qua 14:35")}
</ul><div class="list__viewmore"><a href="javascript:;" class="btn-viewmore">Xem thêm các tin khác</a></div>
<div class="box-tag"><a href="/thoi-tiet.html" class="tag">Thời tiết ngày mai ra sao</a></div>
<div class="footer"><a href="/lien-he.chn">Liên hệ quảng cáo với chúng tôi</a></div></body></html>""",
    (
        ("/kiem-tra-188261128091500123.chn", ROAD, "2026-11-28 13:31"),
        ("/phien-cho-188261128081500123.chn", MARKET, "2026-11-28 15:15"),
        ("/trao-qua-188261127081500123.chn", GIFTS, "2026-11-27 14:35"),
    ),
)

JOOMLA_ITEM = """<div class="items-row cols-1 row-{n} row-fluid clearfix"><div class="span12"><div class="item column-1"><div class="page-header"><h2 itemprop="name">
<a href="/index.php/tin-tuc/{n}-{slug}" itemprop="url">{title}</a></h2></div><div class="icons"><ul class="dropdown-menu">
<li class="print-icon"><a href="/index.php/tin-tuc/{n}-{slug}?tmpl=component&amp;print=1" rel="nofollow">In bài này ra giấy</a></li>
<li class="email-icon"><a href="/index.php/component/mailto/?tmpl=component&amp;link=abc">Gửi bài này cho bạn bè</a></li></ul></div>
<dl class="article-info muted"><dt class="article-info-term">Chi tiết</dt><dd class="createdby">Viết bởi <span>Super User</span></dd>
<dd class="category-name">Danh mục: <a href="/index.php/tin-tuc">Tin tức trong tỉnh</a></dd><dd class="published"><span class="icon-calendar"></span>
<time datetime="{iso}" itemprop="datePublished">Được đăng: {date}</time></dd><dd class="hits">Lượt xem: 20</dd></dl>
<p><img src="/images/a.jpg" alt=""></p><p>{lead}</p><p class="readmore"><a class="btn" href="/index.php/tin-tuc/{n}-{slug}">Đọc thêm: {title}</a></p></div></div></div>"""

JOOMLA = ListingPage(
    "https://bacson.example/index.php/tin-tuc",
    f"""<html><head><base href="https://bacson.example/index.php/tin-tuc"></head><body class="site com_content view-category layout-blog">
<div class="navigation"><ul class="nav menu"><li><a href="/index.php">Trang chủ</a></li></ul></div><div class="blog">
{_item(JOOMLA_ITEM, n="12", slug="kiem-tra", title=ROAD, lead=ROAD_LEAD, iso="2026-11-24T14:35:00+07:00", date="24 Tháng 11 2026")}
{_item(JOOMLA_ITEM, n="11", slug="phien-cho", title=MARKET, lead=MARKET_LEAD, iso="2026-11-23T08:05:00+07:00", date="23 Tháng 11 2026")}
<div class="items-more"><ol class="nav nav-tabs nav-stacked"><li><a href="/index.php/tin-tuc/10-trao-qua">{GIFTS}</a></li></ol></div>
<div class="pagination"><p class="counter">Trang 1 / 3</p><ul class="pagination-list"><li class="pagination-start"><span>Bắt đầu</span></li>
<li><a title="2" href="/index.php/tin-tuc?start=4" class="pagenav">2</a></li><li class="pagination-next"><a title="Tiếp theo" href="/index.php/tin-tuc?start=4" class="hasTooltip pagenav">Tiếp theo</a></li>
<li class="pagination-end"><a href="/index.php/tin-tuc?start=8">Cuối</a></li></ul></div></div>
<form id="login-form"><ul><li><a href="/index.php/component/users/?view=remind">Quên tên đăng nhập của bạn?</a></li></ul></form></body></html>""",
    (
        ("/index.php/tin-tuc/12-kiem-tra", ROAD, "2026-11-24 14:35"),
        ("/index.php/tin-tuc/11-phien-cho", MARKET, "2026-11-23 08:05"),
        ("/index.php/tin-tuc/10-trao-qua", GIFTS, ""),
    ),
    "https://bacson.example/index.php/tin-tuc?start=4",
)

WORDPRESS_ITEM = """<article id="post-{n}" class="post-{n} post type-post category-tin-tuc"><header class="entry-header"><h2 class="entry-title">
<a href="{url}" rel="bookmark">{title}</a></h2><div class="entry-meta"><span class="posted-on">Đăng vào <a href="https://bacson.example/2026/11/{day}/" rel="bookmark">
<time class="entry-date published" datetime="2026-11-{day}T08:15:00+07:00">{day}/11/2026</time></a></span> <span class="byline">bởi
<a class="url fn n" href="https://bacson.example/author/ban-bien-tap/">Ban biên tập báo Bắc Sơn</a></span></div></header>
<div class="post-thumbnail"><a href="{url}" aria-hidden="true"><img alt="" src="/a.jpg"></a></div><div class="entry-content"><p>{lead}
<a href="{url}" class="more-link">Continue reading <span class="screen-reader-text">"{title}"</span></a></p></div>
<footer class="entry-footer"><span class="cat-links"><a href="https://bacson.example/category/kinh-te-xa-hoi/" rel="category tag">Kinh tế xã hội tỉnh nhà</a></span>
<span class="tags-links"><a href="https://bacson.example/tag/giao-thong/" rel="tag">Giao thông nông thôn miền núi</a></span>
<span class="comments-link"><a href="{url}#respond">Để lại bình luận ở đây</a></span></footer></article>"""

WORDPRESS = ListingPage(
    "https://bacson.example/category/tin-tuc/",
    f"""<html><body class="archive category wp-nav-menu-open"><a class="skip-link screen-reader-text" href="#content">Chuyển đến phần nội dung</a>
<header id="masthead" class="site-header"><div class="site-branding"><p class="site-title"><a href="https://bacson.example/" rel="home">Báo Bắc Sơn điện tử hôm nay</a></p></div>
<nav id="site-navigation"><ul><li><a href="https://bacson.example/gioi-thieu-chung-ve-toa-soan/">Giới thiệu chung về tòa soạn</a></li></ul></nav></header>
<main><header class="page-header"><h1 class="page-title">Chuyên mục: Tin tức</h1></header>
{_item(WORDPRESS_ITEM, n="31", url="https://bacson.example/kiem-tra-tien-do-tuyen-duong/", title=ROAD, lead=ROAD_LEAD, day="24")}
{_item(WORDPRESS_ITEM, n="30", url="https://bacson.example/phien-cho-dau-mua/", title=MARKET, lead=MARKET_LEAD, day="23")}
{_item(WORDPRESS_ITEM, n="29", url="https://bacson.example/tin-buon/", title=SHORT, lead=GIFTS_LEAD, day="22")}
<nav class="navigation posts-navigation"><div class="nav-links"><div class="nav-previous"><a href="https://bacson.example/category/tin-tuc/page/2/">Bài cũ hơn</a></div></div></nav></main>
<aside id="secondary" class="widget-area"><section class="widget widget_categories"><h2 class="widget-title">Chuyên mục</h2><ul>
<li class="cat-item"><a href="https://bacson.example/category/doi-song-va-phap-luat/">Đời sống và pháp luật</a></li></ul></section>
<section class="widget widget_pages"><ul><li class="page_item"><a href="https://bacson.example/quy-che-hoat-dong-cua-toa-soan-bao/">Quy chế hoạt động của tòa soạn báo</a></li>
<li class="page_item"><a href="https://bacson.example/lien-he/">Liên hệ</a></li></ul></section></aside>
<footer id="colophon" class="site-footer"><a href="https://vi.wordpress.org/">Tự hào được tạo bởi WordPress</a></footer></body></html>""",
    (
        ("/kiem-tra-tien-do-tuyen-duong/", ROAD, "2026-11-24 08:15"),
        ("/phien-cho-dau-mua/", MARKET, "2026-11-23 08:15"),
        ("/tin-buon/", SHORT, "2026-11-22 08:15"),
    ),
    "https://bacson.example/category/tin-tuc/page/2/",
)

DRUPAL_ITEM = """<div class="views-row views-row-{n} {c}"><div class="views-field views-field-field-image"><div class="field-content"><a href="/tin-tuc/{slug}"><img src="/a.jpg" alt=""></a></div></div>
<div class="views-field views-field-title"><span class="field-content"><a href="/tin-tuc/{slug}">{title}</a></span></div>
<div class="views-field views-field-created"><span class="field-content">{date}</span></div>
<div class="views-field views-field-body"><div class="field-content">{lead}</div></div></div>"""

DRUPAL = ListingPage(
    "https://bacson.example/tin-tuc",
    f"""<html><body class="html not-front page-tin-tuc i18n-vi sidebar-first"><div id="skip-link"><a href="#main-content" class="element-invisible">Nhảy đến nội dung chính của trang</a></div>
<div id="page"><div class="region region-sidebar-first"><div class="block"><h2>Chuyên trang của cổng</h2><div class="content"><ul><li class="leaf"><a href="/chuyen-trang/cai-cach">Cải cách hành chính của tỉnh</a></li>
<li class="leaf"><a href="/thu-tuc-hanh-chinh">Thủ tục hành chính công trực tuyến</a></li><li class="leaf"><a href="/user/login">Đăng nhập</a></li></ul></div></div></div>
<div class="view-content">
{_item(DRUPAL_ITEM, n="1", c="views-row-odd views-row-first", slug="kiem-tra-tien-do", title=ROAD, lead=ROAD_LEAD, date="Thứ ba, 24/11/2026 - 14:35")}
{_item(DRUPAL_ITEM, n="2", c="views-row-even", slug="phien-cho", title=MARKET, lead=MARKET_LEAD, date="Thứ hai, 23/11/2026 - 08:05")}
{_item(DRUPAL_ITEM, n="3", c="views-row-odd views-row-last", slug="thong-bao", title=NOTICE, lead=GIFTS_LEAD, date="Chủ nhật, 22/11/2026 - 07:00")}
</div><div class="item-list"><ul class="pager"><li class="pager-current first">1</li><li class="pager-item"><a title="Đến trang 2" href="/tin-tuc?page=1">2</a></li>
<li class="pager-next"><a title="Đến trang kế tiếp" href="/tin-tuc?page=1">kế tiếp ›</a></li><li class="pager-last last"><a href="/tin-tuc?page=7">cuối »</a></li></ul></div>
<div class="feed-icon"><a href="/tin-tuc/rss.xml"><img alt="Đăng ký Tin tức và sự kiện"></a></div></div></body></html>""",
    (
        ("/tin-tuc/kiem-tra-tien-do", ROAD, "2026-11-24 14:35"),
        ("/tin-tuc/phien-cho", MARKET, "2026-11-23 08:05"),
        ("/tin-tuc/thong-bao", NOTICE, "2026-11-22 07:00"),
    ),
    "https://bacson.example/tin-tuc?page=1",
)

PLAIN_PHP = ListingPage(
    "https://bacson.example/index.php?cat=5",
    f"""<html><body><table width=980><tr><td colspan=3><img src=banner.jpg></td></tr><tr><td width=180><table><tr><td><a href="index.php">Trang chủ</a></td></tr>
<tr><td><a href="index.php?cat=3">Văn bản quy phạm pháp luật của tỉnh</a></td></tr><tr><td><a href="index.php?cat=5">Tin tức</a></td></tr>
<tr><td><a href="lienhe.php">Liên hệ</a></td></tr></table></td><td>
<a class="tin" href="index.php?id=812&cat=5"><b>{ROAD}</b></a> <font color=gray>(24/11/2026)</font><br>{ROAD_LEAD}<br><br>
<a class="tin" href="index.php?id=811&cat=5"><b>{MARKET}</b></a> <font color=gray>(23/11/2026)</font><br>{MARKET_LEAD}<br><br>
<a class="tin" href="index.php?id=810&cat=5"><b>{SHORT}</b></a> <font color=gray>(22/11/2026)</font><br><br>
<center>Trang: <b>1</b> <a href="index.php?cat=5&trang=2">2</a> <a href="index.php?cat=5&trang=3">3</a> <a href="index.php?cat=5&trang=2">&gt;</a></center></td>
<td width=180><a href="http://khac.example/">Trang tin của huyện bạn bên cạnh</a><br><a href="rss.php">RSS</a></td></tr></table></body></html>""",
    (
        ("/index.php?id=812&cat=5", ROAD, "2026-11-24 00:00"),
        ("/index.php?id=811&cat=5", MARKET, "2026-11-23 00:00"),
        ("/index.php?id=810&cat=5", SHORT, "2026-11-22 00:00"),
    ),
    "https://bacson.example/index.php?cat=5&trang=2",
)

CARDS = ListingPage(
    "https://bacson.example/vi/tin-tuc",
    f"""<html><body><div id="root"><div class="lang"><a href="/en/news">English version of this site</a></div><ul class="tabs"><li><a href="/vi/tin-tuc/noi-bat">Tin nổi bật của tuần</a></li></ul>
<div class="grid"><a class="card" href="/vi/tin-tuc/kiem-tra-tien-do"><img src="/a.jpg" alt="anh"><div class="card-body"><h5>{ROAD}</h5><p>{ROAD_LEAD}</p><span class="date">24/11/2026</span></div></a>
<a class="card" href="/vi/tin-tuc/phien-cho"><img src="/a.jpg" alt="anh"><div class="card-body"><h5>{MARKET}</h5><p>{MARKET_LEAD}</p><span class="date">23/11/2026</span></div></a>
<a class="card" href="/vi/tin-tuc/thong-bao"><img src="/a.jpg" alt="anh"><div class="card-body"><h5>{NOTICE}</h5><p>{GIFTS_LEAD}</p><span class="date"><b>22</b><i>Th11</i><i>2026</i></span></div></a></div>
<link rel="next" href="/vi/tin-tuc?page=2"></div></body></html>""",
    (
        ("/vi/tin-tuc/kiem-tra-tien-do", ROAD, "2026-11-24 00:00"),
        ("/vi/tin-tuc/phien-cho", MARKET, "2026-11-23 00:00"),
        ("/vi/tin-tuc/thong-bao", NOTICE, "2026-11-22 00:00"),
    ),
    "https://bacson.example/vi/tin-tuc?page=2",
)

SUMMARY_LINKED_ONLY_BELOW_A_HEADING = ListingPage(
    "https://bacson.example/tin/",
    f"""<html><body><div class="list"><div class="item"><a href="a-101.html"><img src="1.jpg"></a><h4>{ROAD}</h4><a href="a-101.html">{ROAD_LEAD}</a></div>
<div class="item"><a href="a-102.html"><img src="1.jpg"></a><h4>{MARKET}</h4><a href="a-102.html">Xem tiếp</a></div>
<div class="item"><a href="a-103.html"><img src="1.jpg" alt="{GIFTS}"></a><a href="a-103.html">{GIFTS_LEAD}.</a></div>
<div class="item"><a href="a-104.html" title="Khai mạc giải bóng đá thiếu niên toàn tỉnh năm 2026">Khai mạc giải bóng đá thiếu niên toàn…</a></div></div>
<a href="/tin/">Tin tức và sự kiện trong tỉnh</a> <a href="#top">Về đầu trang của cổng thông tin</a></body></html>""",
    (
        ("/tin/a-101.html", ROAD, ""),
        ("/tin/a-102.html", MARKET, ""),
        ("/tin/a-103.html", GIFTS, ""),
        ("/tin/a-104.html", "Khai mạc giải bóng đá thiếu niên toàn tỉnh năm 2026", ""),
    ),
)

FRONT_PAGE = ListingPage(
    "https://bacson.example/",
    f"""<html><body><div class="box"><h2 class="cate"><a href="/kinh-te">Kinh tế</a></h2><div class="sub"><a href="/kinh-te/thi-truong">Thị trường</a> <a href="/kinh-te/doanh-nghiep">Doanh nghiệp</a></div>
<h3><a href="/kinh-te/kiem-tra-tien-do-a101.html">{ROAD}</a></h3><ul><li><a href="/kinh-te/phien-cho-a102.html">{MARKET}</a></li><li><a href="/kinh-te/tang-toc-a103.html">Tăng tốc giải ngân vốn đầu tư công</a></li></ul></div>
<div class="box"><h2 class="cate"><a href="/van-hoa-the-thao-du-lich">Văn hóa, thể thao và du lịch</a></h2>
<h3><a href="/van-hoa-the-thao-du-lich/trao-qua-a104.html">{GIFTS}</a></h3><ul><li><a href="/van-hoa-the-thao-du-lich/khai-mac-a105.html">Khai mạc giải bóng đá thiếu niên</a></li>
<li><a href="/van-hoa-the-thao-du-lich/le-hoi-a106.html">Lễ hội Lồng tồng đón hàng nghìn du khách</a></li></ul></div></body></html>""",
    (
        ("/kinh-te/kiem-tra-tien-do-a101.html", ROAD, ""),
        ("/kinh-te/phien-cho-a102.html", MARKET, ""),
        ("/kinh-te/tang-toc-a103.html", "Tăng tốc giải ngân vốn đầu tư công", ""),
        ("/van-hoa-the-thao-du-lich/trao-qua-a104.html", GIFTS, ""),
        ("/van-hoa-the-thao-du-lich/khai-mac-a105.html", "Khai mạc giải bóng đá thiếu niên", ""),
        ("/van-hoa-the-thao-du-lich/le-hoi-a106.html", "Lễ hội Lồng tồng đón hàng nghìn du khách", ""),
    ),
)

LISTINGS = {
    "VnExpress": VNEXPRESS,
    "Dân trí": DANTRI,
    "Liferay": LIFERAY,
    "SharePoint": SHAREPOINT,
    "DotNetNuke": DOTNETNUKE,
    "VNPT": VNPT,
    "VCCorp": VCCORP,
    "Joomla": JOOMLA,
    "WordPress": WORDPRESS,
    "Drupal": DRUPAL,
    "plain PHP": PLAIN_PHP,
    "cards": CARDS,
    "headings beside linked summaries": SUMMARY_LINKED_ONLY_BELOW_A_HEADING,
    "front page": FRONT_PAGE,
}


HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


NOW = datetime(2026, 11, 28, 15, 30, tzinfo=HANOI)


URL = "https://bacson.example/tin/"


def read(html: str, url: str = URL, selector: str = "") -> ListingResult:
    page = parse_page(html.encode())
    assert page is not None
    return read_listing(page, url, NOW, HANOI, selector)


def headlines(listing: ListingResult) -> list[str]:
    return [link.words for link in listing.links]


def dates(listing: ListingResult) -> list[str]:
    return [f"{link.published.astimezone(HANOI):%Y-%m-%d %H:%M}" if link.published else "" for link in listing.links]


def reasons(listing: ListingResult) -> dict[str, str]:
    return {one.words: one.reason for one in listing.left_out}


ITEMS = "".join(
    f"<div class=item><h3><a href='/tin/{slug}'>{words}</a></h3><p>{ROAD_LEAD}</p></div>"
    for slug, words in (("kiem-tra-101.html", ROAD), ("phien-cho-102.html", MARKET), ("tin-buon-103.html", SHORT))
)
