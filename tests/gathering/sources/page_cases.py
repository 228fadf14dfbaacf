"""A portal of one article, and the selectors that an editor would write for it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from distributor.gathering.extraction.selectors import Selectors

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
TITLE = "Hội nghị chuyển đổi số tỉnh Bắc Sơn năm 2026"
CAPTION = "Quang cảnh Hội nghị tại điểm cầu tỉnh"
LEAD = "Sáng 23/11, UBND tỉnh tổ chức Hội nghị trực tuyến về chuyển đổi số với 8 huyện, thành phố trong tỉnh."
PARAGRAPHS = (
    "Tại điểm cầu tỉnh, dự Hội nghị có lãnh đạo các sở, ngành của tỉnh.",
    "Thời gian qua, tỉnh đã có nhiều chính sách phát triển hạ tầng số, coi đây là nhiệm vụ cốt lõi.",
    "Phát triển hạ tầng là hướng đi đột phá. Đến năm 2027, tỉnh có 06 huyện xây dựng đề án",
)

# A portal as many provinces run it: no machine-read data, hidden block names, a toolbar, layout by attributes.
LISTING = f"""<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>PublishingPortal - Tin tức</title>
</head><body>
<ul id="menu"><li><a href="/">Trang chủ của cổng thông tin</a></li><li><a href="/van-ban">Văn bản</a></li></ul>
<div class="danhsachtin">
 <div class="tin"><a href="hoi-nghi.html"><img src="/anh/1.jpg" width="120"></a>
  <a class="tieude" href="hoi-nghi.html?returnUrl=%2ftin-tuc">{TITLE}</a> <span class="ngay">(23/11/2026)</span>
  <div class="tomtat">{LEAD[:60]}…</div></div>
</div>
<div class="lienket"><a href="https://khac.example/">Trang thông tin của huyện bạn</a>
 <a href="javascript:f()">Xem tất cả các tin khác</a></div>
<div class="phantrang"><a href="?page=1">1</a> <a href="?page=2">2</a></div></body></html>"""
ARTICLE = f"""<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>PublishingPortal - Tin tức - {TITLE}</title><script>function f(n){{}}</script></head><body onload="f(14)">
<div id="banner"><img src="/anh/banner.jpg" alt="Cổng thông tin"></div>
<ul id="menu"><li><a href="/">Trang chủ</a></li><li><a href="/van-ban">Văn bản</a></li></ul>
<div class="webpart"><div class="webpart-title" style="display:none">PublishingPortal - Block_BanTin_Toolbar</div>
 <div class="toolbar"><span class="ngay">23/11/2026</span> <a href="javascript:f(16)">Tăng cỡ chữ</a>
  <a href="javascript:f(12)">Giảm cỡ chữ</a></div>
 <div class="tieude">{TITLE}</div><div class="tomtat"><b>{LEAD}</b></div></div>
<div class="webpart"><div class="webpart-title" style="display:none">PublishingPortal - Block_BanTin_ViewData</div>
 <div id="noidung"><p style="text-align:justify"><span style="font-family:'Times New Roman'">{PARAGRAPHS[0]}</span></p>
  <p align="center"><img src="/anh/1.jpg" width="1200" height="800"></p><p align="center"><i>{CAPTION}</i></p>
  <p>{PARAGRAPHS[1]}</p><p>&nbsp;</p><p>{PARAGRAPHS[2]}./.</p><p>&nbsp;</p><p align="right"><b>Thu Hương</b></p></div>
 <div class="tinkhac"><h3>Tin khác</h3><ul><li><a href="/tin-cu.html">Tin cũ hơn của tỉnh (20/11)</a></li></ul></div></div>
<div id="footer">Chịu trách nhiệm nội dung: Ban biên tập</div></body></html>"""

BY_HAND = Selectors(
    link=".danhsachtin a.tieude", title=".tieude", date=".ngay", lead=".tomtat", body="#noidung", image="#noidung img",
    caption="#noidung i", author="#noidung [align=right] b",
)  # fmt: skip
