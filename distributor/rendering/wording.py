"""Every word of ours that a reader sees, in each language, and dates as people write them there."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from ..errors import RenderError
from ..model import Language

_WORDS: dict[str, dict[Language, str]] = {
    "edition": {Language.VI: "Số {number}", Language.EN: "No. {number}"},
    "greeting": {Language.VI: "Chào {name},", Language.EN: "Dear {name},"},
    "count_one": {Language.VI: "bản tin hôm nay có 1 tin.", Language.EN: "today's edition has one story."},
    "count_many": {Language.VI: "bản tin hôm nay có {count} tin.", Language.EN: "today's edition has {count} stories."},
    "read_on": {Language.VI: "Đọc tiếp", Language.EN: "Read on"},
    "other_topics": {Language.VI: "Tin khác", Language.EN: "More news"},
    "briefs": {Language.VI: "Tin vắn", Language.EN: "In brief"},
    "overflow_one": {
        Language.VI: "Còn 1 tin nữa sẽ có trong số sau.",
        Language.EN: "One more will follow in the next edition.",
    },
    "overflow_many": {
        Language.VI: "Còn {count} tin nữa sẽ có trong số sau.",
        Language.EN: "{count} more will follow in the next edition.",
    },
    "why": {
        Language.VI: "Quý vị nhận thư này tại {address} vì đã đăng ký bản tin {newsletter} của {site}.",
        Language.EN: "You receive this at {address} because you subscribed to {newsletter} by {site}.",
    },
    "unsubscribe": {Language.VI: "Ngừng nhận bản tin này", Language.EN: "Unsubscribe"},
    "contact": {Language.VI: "Liên hệ: {contact}", Language.EN: "Contact: {contact}"},
    "review_subject": {Language.VI: "[Chờ duyệt] {subject}", Language.EN: "[For approval] {subject}"},
    "review_when": {
        Language.VI: "Bản nháp {edition} chờ duyệt; giờ gửi: {when}.",
        Language.EN: "Draft {edition} awaits approval; it is due at {when}.",
    },
    "review_send": {
        Language.VI: "Nếu không ai trả lời, bản tin sẽ được gửi đúng giờ.",
        Language.EN: "If nobody answers, it goes out at its time.",
    },
    "review_hold": {
        Language.VI: "Nếu không ai duyệt, bản tin sẽ được giữ lại.",
        Language.EN: "If nobody approves it, it is held.",
    },
    "review_skip": {
        Language.VI: "Nếu không ai duyệt, số này sẽ bị bỏ và tin được chuyển sang số sau.",
        Language.EN: "If nobody approves it, it is skipped and its articles wait for the next edition.",
    },
    "review_letters": {
        Language.VI: "Bạn đọc theo chủ đề nhận tổng cộng {count} bản khác nhau; đây là bản đầy đủ.",
        Language.EN: "Readers of topics get {count} different letters; this is the whole edition.",
    },
    "correction": {Language.VI: "Đính chính ({date}): {note}", Language.EN: "Correction ({date}): {note}"},
    "correction_note": {Language.VI: "Bài viết đã được sửa.", Language.EN: "This article has been corrected."},
    "withdrawal": {Language.VI: "Đã gỡ ({date}): {note}", Language.EN: "Withdrawn ({date}): {note}"},
    "withdrawal_note": {
        Language.VI: "Bài viết này không còn được đăng.",
        Language.EN: "This article is no longer published.",
    },
    "withdrawn_title": {Language.VI: "[Đã gỡ] {title}", Language.EN: "[Withdrawn] {title}"},
    "by": {Language.VI: "{author}", Language.EN: "By {author}"},
}

_PLACE = re.compile(r"\{([a-z]+)\}")
_WEEKDAYS = {
    Language.VI: ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật"),
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def say(language: Language, key: str, **values: object) -> str:
    """A sentence in a language. Raises RenderError for a key that nobody has put into words."""
    try:
        sentence = _WORDS[key][language]
    except KeyError:
        raise RenderError(f"there are no words for {key!r}; there are: {', '.join(sorted(_WORDS))}") from None
    # Not str.format, and all places at once: a value is data, never a format, whatever it looks like.
    return _PLACE.sub(lambda place: str(values[place.group(1)]), sentence)


def long_date(moment: datetime, language: Language, zone: ZoneInfo) -> str:
    """`Thứ Hai, ngày 23 tháng 11 năm 2026`, `Monday 23 November 2026`."""
    day = moment.astimezone(zone)
    weekday = _WEEKDAYS[language][day.weekday()]
    if language is Language.VI:
        return f"{weekday}, ngày {day.day} tháng {day.month} năm {day.year}"
    return f"{weekday} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_date(moment: datetime, language: Language, zone: ZoneInfo) -> str:
    """`23/11/2026`, `23 Nov 2026`."""
    day = moment.astimezone(zone)
    if language is Language.VI:
        return f"{day:%d/%m/%Y}"
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"
