"""HTML of bodies, and what cleaning makes of it."""

from __future__ import annotations

from distributor.gathering.cleaning import clean_body

PAGE = "https://bacson.example/tin/duong-254.html"


def body(html: str, **more: str) -> str:
    return clean_body(html, PAGE, **more).html


BOILERPLATE = [
    "<div class='toolbar'><a href='javascript:f(16)'>Tăng cỡ chữ</a> <a href='javascript:f(12)'>Giảm cỡ chữ</a></div>",
    "<p>Tăng cỡ chữ Giảm cỡ chữ</p>",
    "<div><span>Tăng cỡ chữ</span> | <span>In bài</span> | <span>Gửi email</span> | <span>Chia sẻ</span></div>",
    "<span>In bài viết</span>",
    "<div>PublishingPortal - Block_BanTin_Toolbar</div>",
    "<p>PublishingPortal - Block_BanTin_ViewData</p>",
    "<div style='DISPLAY : none'>Mẫu</div>",
    "<p hidden>Mẫu</p>",
    "<div class='tinkhac'><h3>Tin khác</h3><ul><li><a href='/1'>Tin cũ (20/11)</a></li></ul></div>",
    "<h3>Tin liên quan:</h3><ul><li><a href='/1'>Tin cũ</a></li></ul>",
    "<p><b>Các tin khác</b></p><ul><li><a href='/1'>Tin cũ</a></li></ul>",
    "<form><input value='x'><button>Gửi</button></form>",
    "<iframe src='https://quangcao.example/1'></iframe>",
    "<noscript>Hãy bật JavaScript</noscript>",
]
