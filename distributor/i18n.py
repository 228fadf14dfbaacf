"""Translations of all texts that subscribers see, and dates, times and numbers in their language. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from .errors import RenderError
from .model import Language


def _translations(vi: str, en: str) -> dict[Language, str]:
    return {Language.VI: vi, Language.EN: en}


_TRANSLATIONS: dict[str, dict[Language, str]] = {
    # -- the digest
    "edition": _translations("Số {number}", "No. {number}"),
    "kind_daily": _translations("Bản tin ngày", "Daily"),
    "kind_weekly": _translations("Bản tin tuần", "Weekly"),
    "greeting": _translations("Chào {name},", "Dear {name},"),
    "count_one": _translations("số này có 1 tin.", "this edition has one story."),
    "count_many": _translations("số này có {count} tin.", "this edition has {count} stories."),
    "read_on": _translations("Đọc tiếp", "Read on"),
    "other_topics": _translations("Tin khác", "More news"),
    "briefs": _translations("Tin vắn", "In brief"),
    "overflow_one": _translations("Còn 1 tin nữa sẽ có trong số sau.", "One more will follow in the next edition."),
    "overflow_many": _translations(
        "Còn {count} tin nữa sẽ có trong số sau.", "{count} more will follow in the next edition."
    ),
    "rest_one": _translations("Còn 1 tin nữa của số này.", "This edition has one more story."),
    "rest_many": _translations("Còn {count} tin nữa của số này.", "This edition has {count} more stories."),
    "rest_link": _translations("Đọc trên trang web", "Read them on the web"),
    "by": _translations("{author}", "By {author}"),
    # -- the footer
    "why": _translations(
        "Quý vị nhận thư này tại {address} vì đã đăng ký bản tin {newsletter} của {site}.",
        "You receive this at {address} because you subscribed to {newsletter} by {site}.",
    ),
    "unsubscribe": _translations("Ngừng nhận bản tin này", "Unsubscribe"),
    "preferences": _translations("Đổi cách nhận tin", "Change your preferences"),
    "web_view": _translations("Xem trên trình duyệt", "View in your browser"),
    "contact": _translations("Liên hệ: {contact}", "Contact: {contact}"),
    # -- an alert
    "alert": _translations("Tin khẩn", "Breaking"),
    "alert_sent": _translations("Gửi lúc {time}, {date}", "Sent at {time}, {date}"),
    "read_story": _translations("Đọc toàn bộ tin", "Read the full story"),
    # -- a correction
    "correction": _translations("Đính chính", "Correction"),
    "correction_subject": _translations("Đính chính: {title}", "Correction: {title}"),
    "correction_intro": _translations(
        "Tin dưới đây, đăng trong bản tin {newsletter} ngày {date}, đã được sửa.",
        "The story below, carried by {newsletter} of {date}, has been corrected.",
    ),
    "correction_story": _translations("Nội dung sau khi sửa", "The story as it now stands"),
    "withdrawn": _translations("Gỡ bài", "Withdrawn"),
    "withdrawn_subject": _translations("Gỡ bài: {title}", "Withdrawn: {title}"),
    "withdrawn_intro": _translations(
        "Tin dưới đây, đăng trong bản tin {newsletter} ngày {date}, đã được gỡ. Xin không dẫn lại.",
        "The story below, carried by {newsletter} of {date}, has been withdrawn. Please do not quote it.",
    ),
    "correction_why": _translations(
        "Quý vị nhận thư này tại {address} vì bản tin {newsletter} ngày {date} đã đăng tin nói trên.",
        "You receive this at {address} because the edition of {newsletter} of {date} carried this story.",
    ),
    # -- asking whether somebody really wants the newsletter
    "confirm_subject": _translations("Xác nhận đăng ký {newsletter}", "Confirm your subscription to {newsletter}"),
    "confirm_title": _translations("Xin xác nhận đăng ký", "Please confirm your subscription"),
    "confirm_intro": _translations(
        "Địa chỉ {address} vừa được ghi để đăng ký bản tin {newsletter} của {site}. Nếu đó là quý vị, xin xác nhận.",
        "Somebody entered {address} to subscribe to {newsletter} by {site}. If it was you, please confirm.",
    ),
    "confirm_button": _translations("Xác nhận đăng ký", "Confirm subscription"),
    "confirm_link": _translations(
        "Nếu nút không hoạt động, xin mở địa chỉ này trong trình duyệt:",
        "If the button does not work, open this address in your browser:",
    ),
    "confirm_expiry": _translations(
        "Liên kết có hiệu lực đến {time}, {date}.", "The link is valid until {time}, {date}."
    ),
    "confirm_ignore": _translations(
        "Nếu không phải quý vị đăng ký, xin bỏ qua thư này. Khi chưa có xác nhận, chúng tôi không gửi bản tin nào.",
        "If it was not you, ignore this message. Without your confirmation we will not send you anything.",
    ),
    "confirm_why": _translations(
        "Thư này chỉ gửi một lần đến {address} để hỏi ý kiến người dùng địa chỉ.",
        "This message is sent once to {address}, to ask whoever uses the address.",
    ),
    # -- welcome and goodbye
    "welcome_subject": _translations("Chào mừng đến với {newsletter}", "Welcome to {newsletter}"),
    "welcome_title": _translations("Đăng ký đã hoàn tất", "You are subscribed"),
    "welcome_intro": _translations(
        "Từ nay bản tin {newsletter} của {site} sẽ đến {address}.",
        "From now on {newsletter} by {site} will come to {address}.",
    ),
    "welcome_sender": _translations(
        "Để thư không lạc vào mục thư rác, xin thêm {sender} vào danh bạ.",
        "Add {sender} to your contacts so that no edition is taken for spam.",
    ),
    "welcome_latest": _translations("Đọc số mới nhất", "Read the latest edition"),
    "welcome_leave": _translations(
        "Cuối mỗi thư đều có liên kết để ngừng nhận, bất cứ lúc nào.",
        "At the end of every message there is a link with which you can leave at any time.",
    ),
    "goodbye_subject": _translations("Đã ngừng gửi {newsletter}", "You have left {newsletter}"),
    "goodbye_title": _translations("Đã ngừng gửi bản tin", "You are unsubscribed"),
    "goodbye_intro": _translations(
        "Chúng tôi đã nhận yêu cầu và ngừng gửi bản tin {newsletter} của {site} đến {address}.",
        "We have received your request and no longer send {newsletter} by {site} to {address}.",
    ),
    "goodbye_received": _translations("Nhận yêu cầu: {time}, {date}", "Request received: {time}, {date}"),
    "goodbye_stopped": _translations("Ngừng gửi từ: {time}, {date}", "Nothing is sent since: {time}, {date}"),
    "goodbye_again": _translations(
        "Nếu quý vị không yêu cầu việc này, xin đăng ký lại tại đây:", "If this was not you, subscribe again here:"
    ),
    "goodbye_again_button": _translations("Đăng ký lại", "Subscribe again"),
    "goodbye_why": _translations(
        "Thư này xác nhận việc ngừng gửi và là thư cuối cùng về bản tin này đến {address}.",
        "This message confirms your request and is the last one about this newsletter to {address}.",
    ),
    # -- to staff: an edition waits for approval
    "review_subject": _translations("Chờ duyệt: {subject}", "Awaiting approval: {subject}"),
    "review_title": _translations("Bản tin chờ duyệt", "An edition awaits approval"),
    "review_subject_is": _translations("Tiêu đề thư", "Subject"),
    "review_newsletter": _translations("Bản tin", "Newsletter"),
    "review_audience": _translations("Người nhận", "Recipients"),
    "review_deadline": _translations("Hạn duyệt", "Deadline"),
    "review_at": _translations("{time}, {date}", "{time}, {date}"),
    "review_silence": _translations("Nếu không ai trả lời", "If nobody answers"),
    "review_silence_send": _translations("đến hạn, bản tin tự gửi đi", "it goes out at the deadline"),
    "review_silence_hold": _translations("bản tin tiếp tục chờ, không tự gửi", "it keeps waiting and does not go out"),
    "review_silence_cancel": _translations("đến hạn, bản tin bị hủy", "it is cancelled at the deadline"),
    "review_problem": _translations("Không qua được kiểm tra", "It does not pass preflight"),
    "review_stories": _translations("Các tin trong số này", "Stories in this edition"),
    "review_brief": _translations("tin vắn", "brief"),
    "review_commands": _translations("Lệnh", "Commands"),
    "review_approve": _translations("Duyệt", "Approve"),
    "review_hold": _translations("Giữ lại", "Hold"),
    "review_cancel": _translations("Hủy", "Cancel"),
    "review_preview": _translations("Xem bản tin", "See the edition"),
    "review_why": _translations(
        "Thư nội bộ của {site}, gửi cho người duyệt bản tin.",
        "Internal email of {site}, for those who approve editions.",
    ),
    # -- web pages
    "page_updated": _translations("Cập nhật {time}, {date}", "Updated {time}, {date}"),
    "page_source": _translations("Xem bài trên {site}", "See the article on {site}"),
    "page_subscribe": _translations("Nhận bản tin này qua thư điện tử", "Get this newsletter by e-mail"),
    # -- to staff: the draft itself, under a box
    "draft_subject": _translations("[Chờ duyệt] {subject}", "[For approval] {subject}"),
    "draft_when": _translations(
        "Bản nháp {edition} chờ duyệt; giờ gửi: {when}.", "Draft {edition} awaits approval; it is due at {when}."
    ),
    "draft_send": _translations(
        "Nếu không ai trả lời, bản tin sẽ được gửi đúng giờ.", "If nobody answers, it goes out at its time."
    ),
    "draft_hold": _translations("Nếu không ai duyệt, bản tin sẽ được giữ lại.", "If nobody approves it, it is held."),
    "draft_skip": _translations(
        "Nếu không ai duyệt, số này sẽ bị bỏ và tin được chuyển sang số sau.",
        "If nobody approves it, it is skipped and its articles wait for the next edition.",
    ),
    "draft_letters": _translations(
        "Bạn đọc theo chủ đề nhận tổng cộng {count} bản khác nhau; đây là bản đầy đủ.",
        "Subscribers with topics get {count} different emails; this is the whole edition.",
    ),
    # -- the note on an article that was wrong
    "notice_correction": _translations("Đính chính ({date}): {note}", "Correction ({date}): {note}"),
    "notice_correction_usual": _translations("Bài viết đã được sửa.", "This article has been corrected."),
    "notice_withdrawal": _translations("Đã gỡ ({date}): {note}", "Withdrawn ({date}): {note}"),
    "notice_withdrawal_usual": _translations(
        "Bài viết này không còn được đăng.", "This article is no longer published."
    ),
    "withdrawn_title": _translations("[Đã gỡ] {title}", "[Withdrawn] {title}"),
    "alerted": _translations("Đã gửi tin khẩn", "Sent as an alert"),
}

_VARIABLE = re.compile(r"\{([a-z]+)\}")
_WEEKDAYS = {
    Language.VI: ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật"),
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def translate(language: Language, key: str, **values: object) -> str:
    """The text of a key in a language. Raises RenderError for an unknown key."""
    try:
        sentence = _TRANSLATIONS[key][language]
    except KeyError:
        raise RenderError(
            f"there is no translation for {key!r}; there are: {', '.join(sorted(_TRANSLATIONS))}"
        ) from None
    # Not str.format, and all variables at once: a value is data, never a format, whatever it looks like.
    return _VARIABLE.sub(lambda place: str(values[place.group(1)]), sentence)


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


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """`09:12`."""
    return f"{moment.astimezone(zone):%H:%M}"


def quantity(number: int, language: Language) -> str:
    """`12.345`, `12,345`."""
    return f"{number:,}".replace(",", "." if language is Language.VI else ",")
