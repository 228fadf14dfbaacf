"""Editions to look at and to measure: an ordinary day, one story, forty, no pictures, titles beyond measure, English.

Pure data. The province, its people and its news are invented; the pictures are `https://anh.example/NAME.jpg`, which
`docs/screenshots.py` replaces by files of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from distributor.config.schema import Newsletter, Site
from distributor.model import Article, Edition, EditionKind, Image, Language

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # seven in the morning in Bắc Sơn

SITE = Site(
    title="Cổng thông tin điện tử tỉnh Bắc Sơn",
    url="https://bacson.example",
    contact="toasoan@bacson.example",
    postal_address="12 phố Hồ Xuân Hương, phường Bắc Sơn",
)
ENGLISH_SITE = Site(
    title="Bac Son News",
    url="https://bacson.example/en",
    language=Language.EN,
    contact="office@bacson.example",
    postal_address="12 Ho Xuan Huong Street, Bac Son City",
)
MORNING = Newsletter(id="tin-sang", title="Tin sáng Bắc Sơn", description="Tin mới mỗi sáng", channels=("mail",))
WEEKLY = Newsletter(id="weekly", title="Bac Son Weekly", language=Language.EN, channels=("mail",))


def picture(name: str, alt: str, caption: str = "", width: int = 1200, height: int = 800) -> Image:
    url = f"https://anh.example/{name}.jpg"
    return Image(url=url, alt=alt, caption=caption, width=width, height=height)


def story(number: int, title: str, lead: str, topic: str = "", author: str = "", **more: Any) -> Article:
    values: dict[str, Any] = {
        "id": f"a{number:02}",
        "feed_id": f"tag:bacson.example,2026-11-23:a{number:02}",
        "source": "cong",
        "title": title,
        "lead": lead,
        "body_html": f"<p>{lead}</p>",
        "topics": (topic,) if topic else (),
        "author": author,
        "published": NOW - timedelta(hours=number),
        "first_seen": NOW,
        "url": f"https://bacson.example/tin/{number}",
    }
    return Article(**{**values, **more})


def edition(name: str, subject: str, articles: list[Article], **more: Any) -> Edition:
    values: dict[str, Any] = {
        "id": f"tin-sang-{name}",
        "newsletter": "tin-sang",
        "slot": "2026-11-23T07:00",
        "number": 128,
        "subject": subject,
        "articles": tuple(articles),
        "frozen_at": NOW,
        "expires_at": NOW + timedelta(hours=24),
    }
    return Edition(**{**values, **more})


_DAY = [
    story(
        1,
        "Thông xe cầu Nà Mạ, hai bờ sông Thương Sơn gần nhau thêm 40 phút",
        "Sáng 22/11, cầu Nà Mạ dài 412 mét chính thức đón những chuyến xe đầu tiên. Người dân ba xã vùng cao không còn "
        "phải đi vòng qua đèo Khau Vai để xuống chợ xã.",
        "Tin trong tỉnh",
        "Thu Hà",
        body_html="<p>Từ sáng sớm, hàng trăm người đã chờ ở hai đầu cầu. Bà Hoàng Thị Mỷ, 71 tuổi, đi bộ bốn cây số để "
        "được là một trong những người đầu tiên sang sông.</p><h2>Mười bốn tháng thi công</h2><p>Công trình được khởi công "
        "tháng 9 năm ngoái, gồm bảy nhịp, mặt cầu rộng chín mét. Có hai đợt lũ lớn phải dừng máy.</p>"
        "<blockquote>Trước đây mỗi bao thóc ra chợ mất nửa ngày đường.</blockquote>"
        "<ul><li>Chiều dài: 412 mét</li><li>Tải trọng: 30 tấn</li></ul>",
        image=picture("cau", "Cầu mới bắc qua sông giữa hai triền núi", "Cầu Nà Mạ nhìn từ bờ đông. Ảnh: Quang Vinh"),
    ),
    story(
        2,
        "Hợp tác xã chè Phú Lâm ký đơn hàng xuất khẩu đầu tiên",
        "Mười tám tấn chè shan tuyết sẽ rời kho trước Tết Nguyên đán. Giá thu mua tại vườn tăng gần một phần ba so với "
        "vụ trước.",
        "Kinh tế",
        "Minh Hạnh",
        image=picture("che", "Nương chè trong nắng sớm", width=1600, height=1000),
    ),
    story(
        3,
        "Chợ phiên Yên Lạc mở thêm gian hàng không dùng tiền mặt",
        "Từ tháng 12, gần hai trăm tiểu thương nhận thanh toán bằng mã QR, ban quản lý chợ hỗ trợ miễn phí thiết bị "
        "trong năm đầu.",
        "Kinh tế",
        "Đức Thịnh",
    ),
    story(
        4,
        "Bác sĩ tuyến tỉnh về khám tại mười hai trạm y tế vùng cao",
        "Mỗi tuần hai buổi, người dân được khám tim mạch, mắt và răng ngay tại xã. Đợt đầu kéo dài đến hết tháng 3.",
        "Y tế",
        "Lan Phương",
        image=picture("tram", "Bác sĩ đo huyết áp cho một cụ bà", width=1200, height=675),
    ),
    story(
        5,
        "Cảnh báo sốt xuất huyết kéo dài sang mùa khô",
        "Số ca mắc trong tuần giảm nhưng vẫn cao gấp đôi cùng kỳ. Ngành y tế đề nghị các hộ dân thau rửa bể chứa nước "
        "mỗi bảy ngày.",
        "Y tế",
    ),
    story(
        6,
        "Học sinh nội trú Khau Vai có thư viện mới từ sách quyên góp",
        "Hơn bốn nghìn cuốn sách đi qua ba chặng đường để đến ngôi trường nằm ở độ cao 1.300 mét.",
        "Giáo dục",
        "Hoàng Yến",
        image=picture("sach", "Học sinh chọn sách trên kệ gỗ", width=1000, height=750),
    ),
    story(
        7,
        "Tỉnh tuyển 86 giáo viên mầm non cho năm học tới",
        "Hồ sơ nhận đến hết ngày 15/12 tại Ủy ban nhân dân các xã, phường; ưu tiên người biết tiếng Tày, Nùng, Dao.",
        "Giáo dục",
    ),
    story(
        8,
        "Đêm nay trời chuyển rét, vùng núi có nơi dưới 9 độ C",
        "Không khí lạnh tràn về từ khuya. Người chăn nuôi cần che chắn chuồng trại và dự trữ thức ăn cho gia súc.",
        "Tin trong tỉnh",
    ),
]
_BRIEFS = [
    story(9, "Cấp nước trở lại tại phường Tân Thịnh từ 17 giờ hôm nay", "Tin vắn."),
    story(10, "Thi tìm hiểu lịch sử Đảng bộ tỉnh: hơn 3.000 bài dự thi", "Tin vắn."),
    story(11, "Tạm cấm xe tải trên cầu Gốc Gạo để sửa mặt cầu", "Tin vắn."),
]

ORDINARY = edition("day", "Thông xe cầu Nà Mạ; chè Phú Lâm xuất khẩu", _DAY, briefs=tuple(_BRIEFS), overflow=4)
ONE = edition("one", "Thông xe cầu Nà Mạ", _DAY[:1])
PLAIN = edition(
    "plain",
    "Chợ phiên Yên Lạc; trời chuyển rét",
    [story(i, one.title, one.lead, one.topics[0], one.author) for i, one in enumerate(_DAY[2:], start=1)],
)

_PLACES = ("Yên Lạc", "Phú Lâm", "Nà Mạ", "Khau Vai", "Tân Thịnh", "Thương Sơn", "Gốc Gạo", "Bản Chang")
_EVENTS = (
    ("Kinh tế", "{} khởi công cụm chế biến nông sản rộng 15 héc-ta"),
    ("Giáo dục", "Trường phổ thông {} đón thêm ba lớp học bán trú"),
    ("Y tế", "Trạm y tế {} triển khai hồ sơ sức khỏe điện tử"),
    ("Văn hóa", "Lễ hội mùa cơm mới ở {} trở lại sau nhiều năm gián đoạn"),
    ("Tin trong tỉnh", "Đường liên xã qua {} thông tuyến trước mùa mưa"),
)
FORTY = edition(
    "forty",
    "Bốn mươi tin trong tuần của tỉnh Bắc Sơn",
    [
        story(
            number + 1,
            title.format(place),
            f"Chính quyền {place} cho biết công việc hoàn thành sớm hơn kế hoạch hai tuần. Người dân mong các hạng mục "
            "còn lại được làm đồng bộ để đưa vào sử dụng trước Tết.",
            topic,
            image=picture(("cau", "che", "tram", "sach")[number % 4], f"Quang cảnh ở {place}") if number % 3 else None,
        )
        for number, (place, (topic, title)) in enumerate((place, event) for event in _EVENTS for place in _PLACES)
    ],
)

_LONG = (
    "Ủy ban nhân dân tỉnh ban hành kế hoạch triển khai thực hiện nghị quyết của Hội đồng nhân dân về chính sách hỗ trợ "
    "chuyển đổi cơ cấu cây trồng, vật nuôi gắn với xây dựng nông thôn mới nâng cao, phát triển kinh tế tập thể và bảo vệ "
    "rừng đầu nguồn tại các xã đặc biệt khó khăn giai đoạn 2026–2030"
)
assert 290 <= len(_LONG) <= 310, len(_LONG)
_UNBROKEN = "Nghịquyết" * 12
LONG = edition(
    "long",
    _LONG,
    [
        story(
            1,
            _LONG,
            _LONG,
            "Chỉ đạo, điều hành và cải cách thủ tục hành chính",
            "Ban Biên tập " * 6,
            image=_DAY[0].image,
        ),
        story(2, _LONG, _LONG, "Kinh tế", image=_DAY[1].image),
        story(3, _UNBROKEN, _UNBROKEN, "Kinh tế", image=_DAY[3].image),
        story(4, f"Xem https://bacson.example/{'van-ban/' * 12}", _UNBROKEN, "Y tế"),
        story(5, "TẤT CẢ CHỮ HOA ĐỀU CÓ DẤU: Ế Ề Ể Ễ Ệ Ố Ồ Ổ Ỗ Ộ Ứ Ừ Ử Ữ Ự " * 2, _LONG, "Y tế"),
    ],
    briefs=(story(6, _LONG, ""), story(7, _UNBROKEN, "")),
)

ENGLISH = edition(
    "english",
    "A bridge to market, and the first tea to go abroad",
    [
        story(
            1,
            "New Na Ma bridge brings three highland communes forty minutes closer to market",
            "The 412-metre crossing opened to traffic on Sunday morning. Until now, every sack of rice had to go over "
            "the Khau Vai pass.",
            "Province",
            "Thu Ha",
            body_html="<p>Từ sáng sớm, hàng trăm người đã chờ ở hai đầu cầu. Bà Hoàng Thị Mỷ, 71 tuổi, đi bộ bốn cây số để "
        "được là một trong những người đầu tiên sang sông.</p><h2>Mười bốn tháng thi công</h2><p>Công trình được khởi công "
        "tháng 9 năm ngoái, gồm bảy nhịp, mặt cầu rộng chín mét. Có hai đợt lũ lớn phải dừng máy.</p>"
        "<blockquote>Trước đây mỗi bao thóc ra chợ mất nửa ngày đường.</blockquote>"
        "<ul><li>Chiều dài: 412 mét</li><li>Tải trọng: 30 tấn</li></ul>",
        image=picture("cau", "A new bridge between two green slopes", "The bridge from the east bank"),
            language="en",
        ),
        story(2, "Phu Lam tea growers sign their first export order", "Eighteen tonnes will leave before the new year.",
              "Business", "Minh Hanh", image=picture("che", "Tea rows at sunrise"), language="en"),
        story(3, "Market stalls in Yen Lac go cashless", "Nearly two hundred traders take QR payments from December.",
              "Business", language="en"),
        story(4, "Doctors on the road: specialists visit twelve highland clinics", "Twice a week until the end of March.",
              "Health", "Lan Phuong", image=picture("tram", "A doctor takes an old woman's blood pressure"), language="en"),
        story(5, "Dengue season outlasts the rains", "Households are asked to empty water tanks every seven days.",
              "Health", language="en"),
    ],
    language=Language.EN,
    newsletter="weekly",
)  # fmt: skip

ALERT = edition(
    "alert",
    "Tin khẩn: Sơ tán 120 hộ dân ven suối Bản Chang trước 15 giờ",
    [
        story(
            30,
            "Sơ tán 120 hộ dân ven suối Bản Chang trước 15 giờ",
            "Mực nước thượng nguồn dâng nhanh sau mưa lớn. Người dân hai bên suối đi theo hướng dẫn của lực lượng chức "
            "năng đến nhà văn hóa xã; không quay lại lấy đồ đạc. Đường dây nóng của xã trực suốt ngày đêm.",
            "Tin trong tỉnh",
            "Quang Vinh",
            image=picture("suoi", "Nước suối dâng sát mép đường", "Suối Bản Chang lúc 8 giờ sáng 23/11"),
        )
    ],
    kind=EditionKind.ALERT,
    frozen_at=NOW + timedelta(hours=2, minutes=12),
)

EDITIONS: dict[str, tuple[Edition, Newsletter, Site]] = {
    "ordinary": (ORDINARY, MORNING, SITE),
    "one": (ONE, MORNING, SITE),
    "forty": (FORTY, MORNING, SITE),
    "plain": (PLAIN, MORNING, SITE),
    "long": (LONG, MORNING, SITE),
    "english": (ENGLISH, WEEKLY, ENGLISH_SITE),
    "alert": (ALERT, MORNING, SITE),
}

ENGLISH_ALERT = edition("flood", "Breaking: 120 households to leave Ban Chang", [
    story(31, "120 households along the Ban Chang stream to leave before 3 p.m.",
          "Follow the instructions of the rescue teams to the village hall; do not return for belongings.", "Province",
          "Quang Vinh", language="en")
], language=Language.EN, kind=EditionKind.ALERT, newsletter="weekly")  # fmt: skip


def letter_values(template: str, language: str) -> dict[str, Any]:
    """What a letter is given where it is looked at and tested."""
    vi = language == "vi"
    values: dict[str, dict[str, Any]] = {
        "email/alert": {"edition": ALERT if vi else ENGLISH_ALERT},
        "email/correction": {
            "article": _DAY[1] if vi else ENGLISH.articles[1],
            "note": "Bản tin sáng 23/11 viết 80 tấn chè. Con số đúng là 18 tấn. Chúng tôi xin lỗi bạn đọc và hợp tác xã."
            if vi
            else "We wrote that eighty tonnes would leave. It is eighteen. We apologise to readers and growers.",
            "carried_at": NOW,
        },
        "email/confirmation": {
            "confirm_url": "https://bacson.example/xac-nhan/3f9c0a7be2d14c58",
            "expires_at": NOW + timedelta(days=3),
        },
        "email/reminder": {
            "confirm_url": "https://bacson.example/xac-nhan/3f9c0a7be2d14c58",
            "titles": "Tin sáng, Tin kinh tế" if vi else "The morning, Business",
            "asked_at": NOW - timedelta(days=3),
            "expires_at": NOW + timedelta(days=3),
        },
        "email/link": {"link_url": "https://bacson.example/p/3f9c0a7be2d14c58", "asked_at": NOW},
        "email/address_change": {
            "confirm_url": "https://bacson.example/c/3f9c0a7be2d14c58",
            "old_address": "l***@example.vn",
            "asked_at": NOW,
            "expires_at": NOW + timedelta(days=1),
        },
        "email/address_changed": {"new_address": "h***@example.vn", "changed_at": NOW},
        "email/data": {
            "sections": [
                {"title": "Địa chỉ" if vi else "Address", "lines": ["lan@example.com"]},
                {
                    "title": "Bản tin" if vi else "Newsletters",
                    "lines": ["Tin sáng: từ 01/11/2026" if vi else "The morning: since 1 November 2026"],
                },
            ],
            "link_url": "https://bacson.example/p/3f9c0a7be2d14c58",
            "asked_at": NOW,
        },
        "email/welcome": {
            "sender": "tin@bacson.example",
            "latest_url": "https://bacson.example/ban-tin/tin-sang/128",
        },
        "email/goodbye": {
            "received_at": NOW,
            "stopped_at": NOW + timedelta(minutes=1),
            "again_url": "https://bacson.example/dang-ky/tin-sang",
        },
        "email/review": {
            "edition": ORDINARY if vi else ENGLISH,
            "audience": 12345,
            "deadline": NOW + timedelta(minutes=45),
            "on_silence": "hold",
            "preview_url": "https://bacson.example/xem-truoc/tin-sang-day",
        },
    }
    return values[template]
