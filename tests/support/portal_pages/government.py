"""Portals of authorities: SharePoint, Liferay, DotNetNuke, VNPT's portal, and plain PHP with tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .markup import body, links, menu
from .stories import Story

_WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")


def sharepoint(story: Story, others: Sequence[Story], number: int) -> str:
    """Everything within one form with a view state; web parts with hidden titles; MsoNormal paragraphs; signed at the end."""
    when = story.published.strftime("%d/%m/%Y %H:%M")
    text = body(
        story.body,
        '<p class="MsoNormal" style="text-align:justify"><span style="font-size:13pt">{}</span></p>\n<p>&#160;</p>',
    )
    return f"""<!DOCTYPE html><html dir="ltr" lang="vi-VN"><head><meta charset="utf-8">
<meta name="GENERATOR" content="Microsoft SharePoint"><title>
	Tin tức - {escape(story.title)}
</title><script>var MSOWebPartPageFormName = 'aspnetForm';</script></head>
<body scroll="no" onload="_spBodyOnLoadWrapper();"><form method="post" action="./chi-tiet.aspx?ItemID={number}" id="aspnetForm">
<div class="aspNetHidden"><input type="hidden" name="__VIEWSTATE" id="__VIEWSTATE" value="{"/wEPDwUKLTE4NzY1" * 60}">
<input type="hidden" name="__EVENTTARGET" value=""></div>
<div id="s4-ribbonrow"><span>Đăng nhập</span></div>
<div id="s4-workspace"><div id="s4-bodyContainer"><div class="header-banner"><img src="/Style%20Library/banner.png" width="1000">
</div><div class="ms-core-navigation"><ul class="root static">{menu()}</ul><select name="lang"><option>Tiếng Việt</option>
<option>English</option></select><input type="text" value="Tìm kiếm…"><input type="submit" value="Tìm"></div>
<div class="duong-dan"><a href="/">Trang chủ</a> &gt; <a href="/Pages/tin.aspx">Tin tức</a> &gt; {story.section}</div>
<table class="ms-webpartPage"><tr><td class="cot-trai" valign="top"><div class="ms-webpart-titleText">Thư viện ảnh</div>
<ul>{links(others[1:])}</ul><div>Số lượt truy cập: 4.218.{100 + number}</div></td><td class="cot-giua" valign="top">
<div class="ms-webpart-chrome"><div style="display:none">PublishingPortal - Block_BanTin_ViewData</div>
<div class="ArticleTools"><a href="javascript:doZoom(16)">Tăng cỡ chữ</a> <a href="javascript:doZoom(12)">Giảm cỡ chữ</a>
 <a href="javascript:window.print()">In bài viết</a></div>
<h1 class="title-news">{escape(story.title)}</h1><div class="ngaydang">{when}</div>
<div class="tomtat">{escape(story.lead)}</div>
<div class="ms-rtestate-field" style="display:inline"><div class="ExternalClass{"1A2B3C4D" * 4}">
<p style="text-align:center"><img src="{story.picture}" alt="" width="640" height="427" style="margin:5px"></p>
<p style="text-align:center"><em>{escape(story.caption)}</em></p>
{text}
<p style="text-align:right"><strong>{escape(story.author)}</strong></p></div></div>
<div class="luotxem">Số lượt xem: {500 + number}</div><div class="lentop"><a href="#s4-workspace">Lên đầu trang</a></div>
<div class="tinkhac"><div class="tieude-khac">Các tin khác</div><ul>{links(others)}</ul></div></div></td></tr></table>
<div id="footer"><p>Cổng thông tin điện tử huyện Bắc Sơn. Chịu trách nhiệm chính: Chánh Văn phòng Ủy ban nhân dân huyện.</p>
<p>Điện thoại: 0205 3 000 000. Ghi rõ nguồn khi phát hành lại thông tin từ cổng này.</p></div></div></div></form></body></html>"""


def liferay(story: Story, others: Sequence[Story], number: int) -> str:
    """Portlets with titles of their own around the web content; redirect addresses everywhere; a ratings portlet behind."""
    redirect = "?p_p_auth=x1Y2z3&redirect=%2Fweb%2Fguest%2Ftin-tuc"
    other = links(
        others,
        f"<li class='entry'><a href='/web/guest/-/{{slug}}{redirect}'>{{title}}</a><span> (2{{day}})</span></li>",
    )
    return f"""<!DOCTYPE html><html class="ltr" dir="ltr" lang="vi-VN"><head><title>{escape(story.title)} - Sở Thông tin</title>
<meta content="text/html; charset=UTF-8" http-equiv="content-type"><meta property="og:title" content="{escape(story.title)}">
<meta property="og:image" content="/documents/10180/logo-so.png"></head>
<body class="yui3-skin-sam signed-out public-page site"><a href="#main-content" id="skip-to-content">Truy cập nội dung luôn</a>
<div id="wrapper"><header id="banner"><div id="heading"><a href="/web/guest">Sở Thông tin và Truyền thông</a></div>
<nav class="sort-pages" id="navigation"><ul>{menu()}</ul></nav></header><div id="content">
<nav id="breadcrumbs"><ul class="breadcrumb"><li><a href="/">Trang chủ</a></li><li class="active">{story.section}</li></ul></nav>
<div class="columns-2" id="main-content"><div class="portlet-layout row-fluid"><div class="portlet-column span8">
<section class="portlet" id="portlet_101"><header class="portlet-topper"><h1 class="portlet-title">
<span class="portlet-title-text">Tin tức sự kiện</span></h1></header><div class="portlet-content"><div class="portlet-body">
<div class="asset-full-content default-asset-publisher show-asset-title">
<h3 class="header-title"><span>{escape(story.title)}</span></h3>
<div class="asset-info"><span class="assetPublishDate">{story.published:%d/%m/%Y %H:%M}</span>
<span class="view-count">Lượt xem: {340 + number}</span></div>
<div class="asset-content"><div class="journal-content-article"><div class="sapo">{escape(story.lead)}</div>
<table align="center" class="anh"><tbody><tr><td><img alt="" src="{story.picture}" style="width: 600px;"></td></tr>
<tr><td style="text-align:center">{escape(story.caption)}</td></tr></tbody></table>
{body(story.body, '<p style="text-align: justify;">{}</p>')}
<p style="text-align: right;"><strong>{escape(story.author)}</strong></p></div></div>
<div class="taglib-social-bookmarks"><ul><li>Facebook</li><li>Twitter</li></ul></div>
<div class="asset-ratings">Đánh giá: 0 (0 phiếu)</div>
<div class="related-assets"><h4>Tin liên quan</h4><ul>{other}</ul></div></div></div></div></section></div>
<div class="portlet-column span4"><section class="portlet" id="portlet_56"><h2 class="portlet-title-text">Văn bản mới</h2>
<ul>{"".join(f"<li><a href='/van-ban/{at}'>Quyết định số {at}/QĐ-UBND về việc phân bổ kinh phí</a></li>" for at in range(12, 18))}
</ul></section></div></div></div></div><footer id="footer"><p>Bản quyền thuộc Sở Thông tin và Truyền thông. Số giấy phép:
12/GP-TTĐT. Người chịu trách nhiệm: Giám đốc Sở.</p></footer></div></body></html>"""


def dotnetnuke(story: Story, others: Sequence[Story], number: int) -> str:
    """EasyDNNnews within DotNetNuke's form; the date with a weekday; previous and next article, comments."""
    when = f"{_WEEKDAYS[story.published.weekday()]}, {story.published:%d/%m/%Y %H:%M}"
    half = len(story.body) // 2
    return f"""<!DOCTYPE html><html lang="vi-VN"><head id="Head"><meta content="text/html; charset=UTF-8" http-equiv="Content-Type">
<title>{escape(story.title)} &gt; Sở Y tế</title><meta id="MetaDescription" name="DESCRIPTION" content="{escape(story.lead)}">
<meta id="MetaGenerator" name="GENERATOR" content="DotNetNuke "></head><body id="Body">
<form method="post" action="/tin-tuc/ArticleID/{number}" id="Form" enctype="multipart/form-data"><div class="aspNetHidden">
<input type="hidden" name="__VIEWSTATE" value="{"8jQx7vB" * 90}"></div>
<div id="dnn_wrapper"><div id="dnn_header"><a class="user" href="/Login">Đăng nhập</a><div id="dnn_pnav">
<ul class="dnnmenu">{menu()}</ul></div></div><div class="breadcrumb"><a class="SkinObject" href="/">Trang chủ</a> /
<a href="/tin-tuc">{story.section}</a></div><div id="dnn_ContentPane"><div class="DnnModule DnnModule-EasyDNNnews">
<div class="DNNContainer_Title"><h2><span class="Head">Tin hoạt động ngành</span></h2></div>
<div class="edn_article"><div class="edn_articleHead"><h1 class="edn_articleTitle">{escape(story.title)}</h1>
<div class="edn_metaDetails1">{when} | <span class="edn_author">Tác giả: {escape(story.author)}</span> |
Số lượt người xem : {77 + number}</div></div>
<div class="edn_articleSummary edn_lead lead">{escape(story.lead)}</div>
<div class="edn_articleContent"><figure><img src="{story.picture}" width="700"><figcaption>{escape(story.caption)}</figcaption>
</figure>{body(story.body[:half])}
<div class="edn_relatedArticles"><span>Tham khảo thêm</span><ul>{links(others[:2])}</ul></div>
{body(story.body[half:])}</div>
<div class="edn_socialSharing"><a href="https://facebook.com/sharer?u=1">Chia sẻ</a></div>
<div class="edn_articlePrevNext"><a href="/1">Bài trước: {escape(others[0].title)}</a>
<a href="/2">Bài tiếp theo: {escape(others[1].title)}</a></div>
<div class="edn_comments"><h3>Bình luận</h3><div class="edn_comment"><b>Bạn đọc</b><p>Bài viết rất bổ ích, mong ngành y tế tiếp
tục quan tâm tới bà con vùng sâu, vùng xa.</p></div><textarea></textarea><input type="submit" value="Gửi"></div></div></div></div>
<div id="dnn_footer"><span class="Normal">Địa chỉ: đường Hùng Vương, thị trấn Bắc Sơn. Email: soyte@bacson.example</span></div>
</div></form></body></html>"""


def vnpt(story: Story, others: Sequence[Story], number: int) -> str:
    """A commune's page on VNPT's portal: everything in divs with English names, the date in brackets, a slider before it."""
    slider = links(
        others,
        "<div class='item'><div class='ArticleContent'><a href='/tin-tuc/{slug}.html'><img src='{picture}'>{title}</a></div></div>",
    )
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>Xã Nà Pài | {escape(story.title)}</title>
<base href="https://napai.bacson.example/"><meta name="description" content="Trang thông tin điện tử xã Nà Pài"></head><body>
<form name="aspnetForm" method="post" action="Default.aspx?sid=1&amp;pageid={number}" id="aspnetForm">
<input type="hidden" name="__VIEWSTATE" value="{"dDwtMTI3" * 40}"><div class="container"><div class="topbar">
<span id="clock">Thứ bảy, 28/11/2026</span><a href="rss">RSS</a></div><div class="menu-ngang"><ul>{menu()}</ul></div>
<div class="carousel">{slider}</div>
<div class="row"><div class="col-9"><div class="ArticleDetailControl"><div class="ArticleHeader">{escape(story.title)}</div>
<h1 class="d-none-title">{escape(story.title)}</h1><div class="PostDate">({story.published:%d/%m/%Y %H:%M})</div>
<div class="ArticleSummary">{escape(story.lead)}</div>
<div class="ArticleContent" id="divArticleDescription2"><div><div align="center"><img src="{story.picture.lstrip("/")}"
 width="500"></div><div style="text-align: center;"><i>{escape(story.caption)}</i></div>
{body(story.body, '<div style="text-align: justify;">{}</div>')}
<div style="text-align: right;"><b>{escape(story.author)}</b></div></div></div>
<div class="ArticleFooter"><a href="#">Trở về</a> <a href="#top">Lên top</a></div>
<div class="OtherArticles"><div class="title">Tin cùng chuyên mục</div><ul>{links(others)}</ul></div></div></div>
<div class="col-3"><div class="thongke">Thống kê truy cập<br>Đang online: {3 + number}<br>Hôm nay: 127<br>Tháng này: 4.112</div>
</div></div><div class="chan-trang"><p>Trang thông tin điện tử xã Nà Pài. Trưởng ban biên tập: Chủ tịch Ủy ban nhân dân xã.</p></div>
</div></form></body></html>"""


def plain_php(story: Story, others: Sequence[Story], number: int) -> str:
    """A provincial paper of 2006: nested tables, font tags, line breaks for paragraphs, nothing said to machines."""
    text = "<br>\n<br>\n".join(
        f"<b>{escape(part[3:])}</b>" if part.startswith("## ") else escape(part.removeprefix("- ").removeprefix("> "))
        for part in story.body
    )
    other = links(
        others,
        "<br>• <a class=tinlienquan href='index.php?mod=tin&id={slug}'>{title}</a> <font size=1>({day}/11)</font>",
    )
    return f"""<html><head><title>{escape(story.title)} - Báo Bắc Sơn điện tử</title>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body topmargin=0 bgcolor="#FFFFFF">
<table width=980 align=center><tr><td colspan=3><img src="images/banner_{number}.gif" width=980 height=120></td></tr>
<tr><td colspan=3 class=menu>{menu("<a href='index.php?mod={at}'>{name}</a> | ")}</td></tr>
<tr><td width=160 valign=top class=trai><b>Chuyên đề</b><br>{other}<br><img src="images/quangcao1.gif" width=150></td>
<td width=600 valign=top><table width="100%"><tr><td class=path><a href="index.php">Trang chủ</a> » <a href="?mod=1">{story.section}</a>
</td></tr><tr><td class=tieude>{escape(story.title)}</td></tr>
<tr><td class=ngay>Cập nhật lúc {story.published:%H:%M}, {story.published:%d/%m/%Y}</td></tr>
<tr><td class=tomtat><b>{escape(story.lead)}</b></td></tr>
<tr><td class=noidung align=justify><font face=Arial size=2>
<table align=center width=400><tr><td><img src="{story.picture}" width=400></td></tr><tr><td align=center><font size=1><i>
{escape(story.caption)}</i></font></td></tr></table>
{text}<br><br><p align=right><b>{escape(story.author)}</b></p></font></td></tr>
<tr><td align=right><a href="javascript:history.back()">Quay lại</a> | <a href="print.php?id=1" target=_blank>Bản in</a></td></tr>
<tr><td class=khac><b>Các tin đã đưa:</b>{other}</td></tr></table></td>
<td width=200 valign=top class=phai><b>Đọc nhiều nhất</b>{other}<br>Liên kết website<br><select><option>Chọn</option></select></td></tr>
<tr><td colspan=3 align=center><font size=1>Báo Bắc Sơn. Tổng biên tập: Nông Quốc Việt. Tòa soạn: 15 đường Trần Đăng Ninh. Giấy phép
số 55/GP-BC. Không sao chép khi chưa được phép.</font></td></tr></table></body></html>"""
