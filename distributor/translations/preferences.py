"""Texts of preferences, unsubscribing, and the data of subscribers."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- leaving
    "leave_title": ("Hủy đăng ký nhận bản tin “{newsletter}”?", "Unsubscribe from {newsletter}?"),
    "leave_title_all": ("Hủy mọi đăng ký của {site}?", "Leave everything by {site}?"),
    "leave_address": ("Địa chỉ: {address}", "Address: {address}"),
    "leave_button": ("Hủy đăng ký nhận bản tin", "Unsubscribe"),
    "leave_effect": ("Việc hủy đăng ký có hiệu lực ngay.", "This takes effect at once."),
    "leave_fewer": ("Hay quý vị chỉ muốn nhận ít thư hơn?", "Would fewer messages do?"),
    "leave_daily": ("Nhận mỗi ngày một thư", "Get one a day"),
    "leave_weekly": ("Nhận mỗi tuần một thư", "Get one a week"),
    "leave_pause": ("Tạm ngừng", "Pause"),
    "leave_pause_for": ("Tạm ngừng nhận trong", "Pause for"),
    "leave_pause_week": ("một tuần", "a week"),
    "leave_pause_month": ("một tháng", "a month"),
    "leave_pause_quarter": ("ba tháng", "three months"),
    "leave_all": ("Hủy mọi đăng ký", "Leave everything"),
    "leave_all_hint": (
        "{site} sẽ không gửi quý vị bất cứ bản tin nào nữa.",
        "No newsletter of {site} will be sent to you any more.",
    ),
    "leave_preferences": ("Xem mọi tùy chọn nhận tin", "See all your preferences"),
    "leave_probe": (
        "Đây là liên kết trong một thư thử: mọi nút đều bấm được, nhưng không có gì thay đổi.",
        "This link comes from a test message: every button works, and nothing changes.",
    ),
    "fewer_saved": ("Từ nay quý vị nhận ít thư hơn.", "You will get fewer messages from now on."),
    "pause_saved": ("Bản tin sẽ được gửi lại từ {date}.", "You will get it again from {date}."),
    # -- after leaving
    "left_title": ("Đã hủy đăng ký", "You are unsubscribed"),
    "left_since": (
        "Từ {time}, {date}, chúng tôi không gửi {newsletter} tới {address} nữa.",
        "Since {time}, {date} nothing of {newsletter} goes to {address}.",
    ),
    "left_since_all": (
        "Từ {time}, {date}, {site} không gửi bản tin nào tới {address} nữa.",
        "Since {time}, {date} no newsletter of {site} goes to {address}.",
    ),
    "left_already": (
        "Địa chỉ {address} hiện không nhận bản tin {newsletter}.",
        "The address {address} does not receive {newsletter}.",
    ),
    "left_already_all": (
        "Địa chỉ {address} hiện không nhận bản tin nào của {site}.",
        "The address {address} receives no newsletter of {site}.",
    ),
    "left_undo": ("Đăng ký lại (bấm nhầm)", "Undo"),
    "left_undo_hint": ("Có thể đăng ký lại bằng nút này trong một ngày.", "This button works for a day."),
    "left_undone": (
        "Quý vị lại nhận {newsletter} như trước.",
        "You get {newsletter} again, as before.",
    ),
    "left_undone_all": ("Quý vị lại nhận các bản tin như trước.", "You get the newsletters again, as before."),
    "left_reason": ("Vì sao quý vị hủy đăng ký?", "Why did you leave?"),
    "left_reason_hint": ("Không bắt buộc.", "You need not say."),
    "left_reason_too_many": ("Quá nhiều thư", "Too many messages"),
    "left_reason_not_for_me": ("Nội dung không phù hợp", "The content is not for me"),
    "left_reason_never_subscribed": ("Tôi không đăng ký", "I never subscribed"),
    "left_reason_other": ("Lý do khác", "Another reason"),
    "left_reason_words": ("Lời nhắn", "In your words"),
    "left_reason_send": ("Gửi lý do", "Send the reason"),
    "left_reason_thanks": ("Cảm ơn quý vị đã cho biết lý do.", "Thank you for telling us."),
    "unknown_link": ("Không tìm thấy đăng ký nào theo liên kết này", "No subscription belongs to this link"),
    "unknown_link_help": (
        "Liên kết có thể bị chép thiếu, hoặc dữ liệu về đăng ký đã được xóa. Nếu thư vẫn đến, xin mở lại liên kết trong thư "
        "mới nhất.",
        "Part of the link may be missing, or the data of the subscription have been deleted. If messages still come, open "
        "the link in the latest one.",
    ),
    "unknown_link_again": ("Nhận liên kết mới qua thư điện tử", "Get a new link by e-mail"),
}
