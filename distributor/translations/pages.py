"""Texts that all web pages share, and those of editions and articles."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- web pages
    "page_updated": ("Cập nhật {time}, {date}", "Updated {time}, {date}"),
    "page_source": ("Xem bài gốc trên {site}", "See the original on {site}"),
    "page_subscribe": ("Đăng ký nhận bản tin qua thư điện tử", "Get this newsletter by email"),
    # -- around every page
    "skip": ("Đến nội dung chính", "Skip to main content"),
    "home": ("Trang chủ", "Home"),
    "past_editions": ("Các số đã phát hành", "Past editions"),
    "search": ("Tìm kiếm", "Search"),
    "subscribe": ("Đăng ký", "Subscribe"),
    "privacy": ("Thông báo về dữ liệu cá nhân", "Privacy notice"),
    "other_language": ("English", "Tiếng Việt"),
    "menu": ("Trình đơn chính", "Main menu"),
    "menu_archive": ("Lưu trữ", "Archive"),
    "feeds": ("Nguồn tin RSS", "Feeds (RSS)"),
    # -- parts of forms
    "form_problem": ("Xin xem lại thông tin sau", "There is a problem"),
    "form_error": ("Lỗi:", "Error:"),
    "form_optional": ("không bắt buộc", "optional"),
    "form_leave_empty": ("Xin để trống ô này", "Please leave this field empty"),
    "error_prefix": ("Lỗi: {title}", "Error: {title}"),
    # -- the mailbox of a newsroom without a mail server
    "mailbox": ("Hộp thư thử", "Test mailbox"),
    "mailbox_help": (
        "Tòa soạn chưa khai báo máy chủ thư nên thư được giữ lại đây, chỉ đọc được trên máy này. Liên kết trong thư dùng "
        "được như thật.",
        "Emails of a newsroom without a mail server, to be read on this machine only. Their links work.",
    ),
    "mailbox_text": ("bản chữ thường", "as text"),
    "mailbox_empty": ("Chưa có thư nào.", "No emails yet."),
    # -- errors
    "not_found": ("Không tìm thấy trang", "Page not found"),
    "not_found_help": (
        "Địa chỉ có thể đã đổi hoặc bị chép thiếu. Xin bắt đầu lại từ trang chủ.",
        "The address may have changed, or part of it is missing. Please start from the home page.",
    ),
    "bad_request": ("Yêu cầu không hợp lệ", "The request could not be read"),
    "bad_request_help": ("Xin quay lại trang trước và thử lại.", "Please go back and try again."),
    "not_allowed": ("Trang này không mở được theo cách đó", "This page cannot be opened in that way"),
    "not_allowed_help": (
        "Xin quay lại trang trước và bấm nút trên trang đó.",
        "Please go back and use the button on that page.",
    ),
    "too_slow": ("Kết nối quá chậm", "The connection was too slow"),
    "too_slow_help": (
        "Yêu cầu của quý vị chưa được thực hiện; xin thử lại.",
        "Your request was not carried out; please try again.",
    ),
    "too_long": ("Nội dung quá dài", "That was too long"),
    "too_long_help": ("Xin rút gọn nội dung rồi gửi lại.", "Please shorten it and send it again."),
    "too_many": ("Có quá nhiều yêu cầu", "Too many requests"),
    "too_many_help": (
        "Yêu cầu của quý vị chưa được thực hiện; xin thử lại sau {minutes} phút.",
        "Your request was not carried out; please try again in {minutes} minutes.",
    ),
    "went_wrong": ("Hệ thống đang gặp sự cố", "Something went wrong"),
    "went_wrong_help": (
        "Yêu cầu của quý vị chưa được thực hiện; xin thử lại sau ít phút.",
        "Your request was not carried out; please try again in a few minutes.",
    ),
    "link_invalid": ("Liên kết không đúng", "This link is not valid"),
    "link_invalid_help": (
        "Xin mở lại liên kết trong thư, hoặc sao chép đủ cả dòng.",
        "Open it from the message again, or copy the whole line.",
    ),
}
