"""Sample articles and editions: what is usual, and what is rare. Pure.

The province, its people and its news are invented. Pictures have addresses below `PICTURES`, where nothing lies.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ..config.schema import Newsletter, Site
from ..model import Article, Edition, EditionKind, Image, ImageFile, Language

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # seven in the morning in Việt Nam
PICTURES = "https://pictures.example/"
_USUAL_TOPICS = {
    Language.VI: ("Tin trong tỉnh", "Kinh tế", "Y tế", "Giáo dục"),
    Language.EN: ("Around the province", "Economy", "Health", "Education"),
}
_STORIES = {
    Language.VI: (
        (
            "Thông xe cầu Nà Mạ, hai bờ sông Thương Sơn gần nhau thêm 40 phút",
            "Sáng 22/11, cầu Nà Mạ dài 412 mét đón những chuyến xe đầu tiên. Người dân ba xã vùng cao không còn phải đi "
            "vòng qua đèo Khau Vai để xuống chợ.",
        ),
        (
            "Hợp tác xã chè Phú Lâm ký đơn hàng xuất khẩu đầu tiên",
            "Mười tám tấn chè shan tuyết sẽ rời kho trước Tết Nguyên đán. Giá thu mua tại vườn tăng gần một phần ba so "
            "với vụ trước.",
        ),
        (
            "Chợ phiên Yên Lạc mở thêm gian hàng không dùng tiền mặt",
            "Từ tháng 12, gần hai trăm tiểu thương nhận thanh toán bằng mã QR. Ban quản lý chợ hỗ trợ thiết bị trong năm "
            "đầu.",
        ),
        (
            "Bác sĩ tuyến tỉnh về khám tại mười hai trạm y tế vùng cao",
            "Mỗi tuần hai buổi, người dân được khám tim mạch, mắt và răng ngay tại xã. Đợt đầu kéo dài đến hết tháng 3.",
        ),
        ("Học sinh nội trú Khau Vai có thư viện mới từ sách quyên góp", ""),
        (
            "Ủy ban nhân dân tỉnh ban hành kế hoạch thực hiện nghị quyết của Hội đồng nhân dân về chính sách hỗ trợ chuyển "
            "đổi cơ cấu cây trồng gắn với xây dựng nông thôn mới và bảo vệ rừng đầu nguồn giai đoạn 2026–2030",
            "Kế hoạch gồm bốn nhóm nhiệm vụ. Các sở, ngành báo cáo kết quả vào ngày 15 hằng tháng.",
        ),
        ("Cấp nước trở lại tại phường Tân Thịnh từ 17 giờ hôm nay", "Đường ống đã được nối xong."),
        ("Thi tìm hiểu lịch sử Đảng bộ tỉnh: hơn 3.000 bài dự thi", "Hạn nộp bài là ngày 15/12."),
    ),
    Language.EN: (
        (
            "Nà Mạ bridge opens and brings both banks 40 minutes closer",
            "The first cars crossed the 412-metre bridge on Sunday morning. People of three mountain communes no longer "
            "have to go round by the Khau Vai pass to reach the market.",
        ),
        (
            "Phú Lâm tea cooperative signs its first export order",
            "Eighteen tonnes of tea leave the warehouse before Tết. The price at the garden is up by almost a third.",
        ),
        (
            "Yên Lạc market opens more stalls without cash",
            "From December almost two hundred traders take payments by QR code. The market lends them the devices.",
        ),
        (
            "Doctors of the provincial hospital visit twelve health stations",
            "Twice a week people can have heart, eyes and teeth examined in their commune until the end of March.",
        ),
        ("Boarding school of Khau Vai has a library of donated books", ""),
        (
            "Provincial committee publishes its plan for the resolution on changing crops, building the new countryside and "
            "protecting the forests at the springs of rivers in communes of particular difficulty from 2026 to 2030",
            "The plan has four groups of tasks. Departments report on the 15th of each month.",
        ),
        ("Water is back in Tân Thịnh ward from five o'clock today", "The pipes are connected again."),
        ("More than 3,000 entries for the history contest", "Entries close on 15 December."),
    ),
}
_AUTHORS = ("Thu Hà", "", "Đức Thịnh", "Lan Phương", "", "Hoàng Yến")
_BODY = (
    "<p>{lead}</p><h2>{title}</h2><blockquote>“Trước đây mỗi bao thóc ra chợ mất nửa ngày đường.”</blockquote>"
    "<ul><li>412 m</li><li>30 t</li></ul>"
)


def sample_articles(site: Site, newsletter: Newsletter | None, language: Language) -> list[Article]:
    """Eight articles under the topics of a newsletter: with pictures of every shape and without, with a time and with none,
    without author, lead and address."""
    topics = _topics(newsletter, language)
    made = []
    for number, (title, lead) in enumerate(_STORIES[language], start=1):
        made.append(
            Article(
                id=f"mau{number}",
                feed_id=f"tag:{site.url.partition('://')[2]},2026-11-23:mau{number}",
                source="mau",
                title=title,
                lead=lead,
                body_html=_BODY.format(lead=lead, title=title) if number != 5 else "",
                topics=(topics[(number - 1) // 2 % len(topics)],) if number != 3 else (),
                author=_AUTHORS[(number - 1) % len(_AUTHORS)],
                published=NOW - timedelta(hours=number),
                first_seen=NOW,
                updated=NOW - timedelta(minutes=30) if number == 2 else None,
                has_date=number != 4,
                has_time=number != 3,
                url=f"{site.url}/tin/{number}" if number != 4 else "",
                image=_picture(number),
                language=language.value,
            )
        )
    return made


def sample_edition(
    site: Site, newsletter: Newsletter | None, language: Language, *, stories: int = 6, **changes: Any
) -> Edition:
    """An edition of a newsletter: some articles in full, the others in brief."""
    found = sample_articles(site, newsletter, language)
    name = newsletter.id if newsletter else "mau"
    values: dict[str, Any] = {
        "id": f"{name}-128",
        "newsletter": name,
        "slot": "2026-11-23T07:00",
        "number": 128,
        "subject": found[0].title,
        "articles": tuple(found[:stories]),
        "briefs": tuple(found[stories:]) if stories > 1 else (),
        "frozen_at": NOW,
        "expires_at": NOW + timedelta(hours=24),
        "language": language,
        "overflow": 4,
        "kind": EditionKind.DIGEST,
    }
    return Edition(**{**values, **changes})


def _topics(newsletter: Newsletter | None, language: Language) -> tuple[str, ...]:
    own = (newsletter.sections or newsletter.topics) if newsletter else ()
    return own or _USUAL_TOPICS[language]


def _picture(number: int) -> Image | None:
    """Landscape, portrait, a panorama, one of unknown size, one that we have resized; and none."""
    shapes = {1: (1200, 800), 2: (800, 1200), 3: (1600, 400), 4: (0, 0)}
    if number not in shapes:
        return None
    width, height = shapes[number]
    url = f"{PICTURES}{number}.jpg"
    files = tuple(ImageFile(url=f"{PICTURES}{number}-{one}.jpg", width=one, height=one * 2 // 3) for one in (320, 1120))
    return Image(
        url=url,
        alt="Cầu mới giữa hai triền núi" if number != 2 else "",
        caption="Cầu Nà Mạ nhìn từ bờ đông. Ảnh: Quang Vinh" if number in (1, 4) else "",
        width=width,
        height=height,
        variants=files if number == 1 else (),
    )
