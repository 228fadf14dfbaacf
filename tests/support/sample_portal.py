"""A portal of ten pages, made for `sources try`: a front page, a listing of two pages, seven articles, and what stands in
the way on real ones.

Its head shows today's date under the name that articles use elsewhere; menus, a skip link, "most read" and a topic page
stand beside the news; each article has a box for subscribers in the middle of its text and a line of contact below it;
date and author have names of the portal's own; the description for search engines is cut off. There is no feed, and no
data for machines but that description.
"""

from __future__ import annotations

import contextlib
import functools
import html
import http.server
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECTION = "/thoi-su/"
MENU = (("Trang chủ", "/"), ("Thời sự", SECTION), ("Kinh tế", "/kinh-te/"), ("Văn bản chỉ đạo điều hành", "/van-ban/"))
BOX = "Mời bạn đọc đặt báo giấy năm 2027 với giá ưu đãi tại các điểm bưu điện văn hóa xã trên toàn huyện."
CONTACT = "Mọi thông tin phản ánh xin gửi về tòa soạn Báo Khe Sanh Thượng, điện thoại đường dây nóng 0999 000 111."


@dataclass(frozen=True, slots=True)
class Story:
    """An article as it should be understood."""

    slug: str
    title: str
    day: str  # as the page writes it
    clock: str
    author: str
    lead: str
    body: tuple[str, ...]
    picture: str = ""

    @property
    def path(self) -> str:
        return f"{SECTION}{self.slug}.html"

    @property
    def minute(self) -> str:
        """The date as `2026-11-24 14:35`."""
        day, month, year = self.day.split("/")
        return f"{year}-{month}-{day} {self.clock}"


STORIES = (
    Story(
        "kiem-tra-ho-chua", "Kiểm tra an toàn hồ chứa trước đợt mưa cuối năm", "27/11/2026", "16:20", "Hoàng Mai Anh",
        "Đoàn công tác của huyện đã đi kiểm tra bảy hồ chứa nước, yêu cầu chủ hồ trực vận hành suốt ngày đêm "
        "và hạ mực nước hồ Khe Dâu trước ngày 30/11.",
        (
            "Theo báo cáo của đội quản lý thủy nông, hồ Khe Dâu hiện tích 82 phần trăm dung tích, cao hơn cùng "
            "kỳ năm trước gần bốn mét nước.",
            "Trưởng đoàn đề nghị xã Tà Lăng chuẩn bị phương án di dời 46 hộ ở hạ lưu, bố trí chỗ ở tạm tại "
            "trường tiểu học và nhà văn hóa thôn.",
            "Đội xung kích của ba xã sẽ diễn tập vào sáng thứ Bảy, có sự tham gia của bộ đội biên phòng và hội "
            "chữ thập đỏ.",
        ),
        "/anh/ho-khe-dau.jpg",
    ),
    Story(
        "cho-phien-vung-cao", "Chợ phiên vùng cao đông khách ngày cuối tuần", "26/11/2026", "09:05", "Lý Văn Páo",
        "Phiên chợ cuối tháng thu hút hơn hai nghìn lượt khách, trong đó nhiều gia đình đi từ thành phố lên "
        "mua nông sản và xem thi thổi khèn.",
        (
            "Từ năm giờ sáng, các gian hàng rau cải mèo, gừng non và mật ong bạc hà đã bày kín hai bên con đường "
            "đá dẫn vào sân chợ.",
            "Chị Giàng Thị Sua ở thôn Há Đề cho biết gia đình chị bán hết sáu mươi con gà đen chỉ trong hai "
            "tiếng đồng hồ.",
            "Ban quản lý chợ dự kiến mở thêm bãi đỗ xe rộng một héc ta phía sau trạm y tế để giảm ùn tắc vào các "
            "phiên giáp Tết.",
        ),
        "/anh/cho-phien.jpg",
    ),
    Story(
        "lop-hoc-ban-dem", "Lớp học ban đêm của những người mẹ", "25/11/2026", "20:40", "Nguyễn Thùy Dung",
        "Ba tối mỗi tuần, mười chín phụ nữ ở thôn Nà Mạ địu con đến lớp xóa mù chữ do hai cô giáo trẻ tình "
        "nguyện đứng lớp.",
        (
            "Lớp học mở từ đầu tháng chín trong căn nhà sàn cũ của trưởng thôn, bàn ghế do đoàn thanh niên đóng "
            "từ gỗ tận dụng.",
            "Cô giáo Hoàng Thị Lụa kể rằng buổi đầu chỉ có bốn học viên, đến nay nhiều chị đã tự viết được đơn "
            "vay vốn ngân hàng.",
            "Phòng giáo dục huyện sẽ cấp thêm sách vở và đèn năng lượng mặt trời cho ba lớp tương tự trong quý "
            "một năm sau.",
        ),
    ),
    Story(
        "xe-buyt-ve-xa", "Thêm hai tuyến xe buýt về xã", "25/11/2026", "07:30", "Trần Quang Huy",
        "Từ ngày 1/12, huyện mở hai tuyến xe buýt nối trung tâm với các xã phía tây, giá vé mười nghìn đồng "
        "một lượt cho mọi chặng.",
        (
            "Mỗi tuyến chạy mười hai chuyến một ngày, chuyến đầu lúc năm giờ ba mươi để học sinh và công nhân "
            "kịp giờ vào lớp, vào ca.",
            "Đơn vị vận hành cam kết xe có chỗ cho người khuyết tật, có bảng báo trạm bằng tiếng Việt và tiếng Tày.",
            "Người cao tuổi, học sinh và thương binh được giảm một nửa giá vé khi xuất trình thẻ ở quầy hoặc "
            "trên điện thoại.",
        ),
        "/anh/xe-buyt.jpg",
    ),
    Story(
        "giong-lua-chiu-ret", "Giống lúa chịu rét cho vụ xuân muộn", "24/11/2026", "14:35", "Phạm Đức Toàn",
        "Trung tâm khuyến nông trình diễn giống lúa chịu rét trên mười lăm héc ta, năng suất thực thu cao "
        "hơn giống cũ gần một tấn mỗi héc ta.",
        (
            "Giống lúa được gieo thử từ vụ xuân năm ngoái trên chân ruộng bậc thang của xã Tả Ván, nơi nhiệt độ "
            "nước có ngày xuống chín độ.",
            "Ông Vàng A Chứ cho biết ruộng nhà ông không phải gieo lại lần nào dù đợt rét đậm kéo dài hơn hai tuần.",
            "Huyện dự kiến hỗ trợ bảy mươi phần trăm tiền giống cho các hộ đăng ký trước ngày rằm tháng chạp.",
        ),
    ),
    Story(
        "cau-treo-moi", "Khánh thành cầu treo bắc qua suối Nậm Khao", "23/11/2026", "10:15", "Hoàng Mai Anh",
        "Cây cầu dài tám mươi mét do các nhà hảo tâm góp tiền xây dựng, giúp hơn hai trăm học sinh không còn "
        "phải lội suối đến trường.",
        (
            "Cầu rộng hai mét, chịu được xe máy và gia súc, thi công trong bảy tháng với hơn một nghìn ngày công "
            "của dân bản.",
            "Trưởng bản Lò Văn Ín nói mùa lũ năm ngoái bản bị chia cắt mười một ngày, hàng hóa phải kéo bằng dây "
            "qua suối.",
            "Sau lễ khánh thành, các thầy cô trường nội trú đã tổ chức cho học sinh lớp một đi qua cầu đầu tiên.",
        ),
        "/anh/cau-treo.jpg",
    ),
    Story(
        "thu-vien-luu-dong", "Thư viện lưu động đến với mười điểm trường", "22/11/2026", "08:50", "Nguyễn Thùy Dung",
        "Chiếc xe chở ba nghìn cuốn sách bắt đầu hành trình hai tuần qua mười điểm trường xa nhất, nơi các "
        "em chưa từng có thẻ bạn đọc.",
        (
            "Mỗi điểm dừng kéo dài một ngày, buổi sáng đọc sách và kể chuyện, buổi chiều làm tranh in từ lá cây "
            "rừng.",
            "Thủ thư Bế Kim Ngân cho biết truyện tranh song ngữ là loại sách được mượn nhiều nhất trong ba năm qua.",
            "Sau chuyến đi, mỗi trường được giữ lại một tủ hai trăm cuốn và đổi sách mới vào đầu học kỳ hai.",
        ),
    ),
)  # fmt: skip


def pages() -> dict[str, str]:
    """The ten pages by their paths."""
    made = {
        "/": _page("Báo Khe Sanh Thượng", _teasers(STORIES[:3]) + _sections(), ""),
        SECTION: _page("Thời sự", f"<h1>Thời sự</h1>{_teasers(STORIES[:4])}{_paging(1)}", _most_read()),
        f"{SECTION}trang-2.html": _page(
            "Thời sự", f"<h1>Thời sự</h1>{_teasers(STORIES[4:])}{_paging(2)}", _most_read()
        ),
    }
    return made | {story.path: _article(story) for story in STORIES}


def _page(title: str, main: str, aside: str, description: str = "Báo Khe Sanh Thượng, tin tức vùng cao") -> str:
    menu = "".join(f'<li><a href="{url}">{words}</a></li>' for words, url in MENU)
    return f"""<!DOCTYPE html>
<html lang="vi"><head><meta charset="utf-8"><title>{title} - Báo Khe Sanh Thượng</title>
<meta name="description" content="{html.escape(description)}"></head><body>
<a class="skip" href="#noi-dung">Chuyển đến nội dung chính của trang</a>
<div class="dau-trang"><div class="date">Thứ Bảy, 28/11/2026</div><a href="/"><img src="/logo.png" alt="logo"></a></div>
<nav class="menu-chinh"><ul>{menu}</ul></nav>
<div id="noi-dung">{main}</div>
<div class="cot-phai">{aside}</div>
<div class="cuoi-trang"><p>Giấy phép xuất bản số 000/GP do cơ quan thử nghiệm cấp. Tổng biên tập: Đỗ Văn Thử.</p>
<a href="/gioi-thieu-toa-soan.html">Giới thiệu tòa soạn và liên hệ quảng cáo</a></div></body></html>
"""


def _teasers(stories: tuple[Story, ...]) -> str:
    return '<ul class="ds-tin">' + "".join(_teaser(story) for story in stories) + "</ul>"


def _teaser(story: Story) -> str:
    summary = " ".join(story.lead.split()[:18]) + " ..."
    return (
        f'<li class="tin"><h3 class="tit"><a href="{story.path}">{story.title}</a></h3>'
        f'<span class="moc">{story.day}</span><p class="mota">{summary}</p></li>'
    )


def _sections() -> str:
    return '<div class="khoi"><h2><a href="/kinh-te/">Xem tất cả tin của mục Kinh tế</a></h2></div>'


def _paging(here: int) -> str:
    links = "".join(
        f"<b>{number}</b>"
        if number == here
        else f'<a href="{SECTION}{"" if number == 1 else "trang-2.html"}">{number}</a>'
        for number in (1, 2)
    )
    return f'<div class="phan-trang">{links}</div>'


def _most_read() -> str:
    links = "".join(f'<li><a href="{story.path}">{story.title}</a></li>' for story in STORIES[2:5])
    return f'<div class="doc-nhieu"><h4>Đọc nhiều</h4><ol>{links}</ol></div>'


def _article(story: Story) -> str:
    picture = f'<p class="anh"><img src="{story.picture}" width="640" height="420" alt=""></p>' if story.picture else ""
    first, *rest = (f"<p>{paragraph}</p>" for paragraph in story.body)
    main = f"""<div class="tieu-de-bai"><h1>{story.title}</h1>
<span class="moc-tg">Đăng lúc {story.clock} ngày {story.day}</span></div>
<div class="doan-mo">{story.lead}</div>
<div class="khung-bai"><div class="ruot">{picture}{first}</div>
<div class="moi-dat-bao"><p>{BOX}</p></div>
<div class="ruot">{"".join(rest)}</div></div>
<div class="ky-ten">{story.author}</div>
<div class="lien-lac"><p>{CONTACT}</p></div>"""
    return _page(story.title, main, _most_read(), story.lead[:60].rsplit(" ", 1)[0] + "...")


def write(folder: Path) -> None:
    """Lay the pages into a folder, as a web server shows them."""
    for path, text in pages().items():
        file = folder / (path.lstrip("/") + ("index.html" if path.endswith("/") else ""))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: who asks is the test."""


@contextlib.contextmanager
def served(folder: Path, port: int = 0) -> Iterator[str]:
    """A web server of this machine for a folder; its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
