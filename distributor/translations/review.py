"""Texts of the pages on which reviewers approve an edition."""

TEXTS: dict[str, tuple[str, str]] = {
    "review_page_title": ("Duyệt bản tin", "Review an edition"),
    "review_page_facts": ("Thông tin về số này", "About this edition"),
    "review_page_versions": ("Số mẫu thư", "Versions of the email"),
    "review_page_versions_hint": (
        "Người nhận chọn chuyên mục khác nhau nên nhận các mẫu thư khác nhau.",
        "Recipients have chosen different topics, so their emails differ.",
    ),
    "review_page_email": ("Thư sẽ gửi", "The email that would go out"),
    "review_page_email_number": ("Mẫu {number}", "Version {number}"),
    "review_page_frame": ("Nội dung thư", "Content of the email"),
    "review_page_open": ("Mở riêng", "Open by itself"),
    "review_page_text": ("Bản chữ thường", "Plain text"),
    "review_page_no_email": ("Số này không có thư.", "This edition has no email."),
    "review_page_checks": ("Kết quả kiểm tra", "Preflight"),
    "review_page_clean": ("Không phát hiện lỗi nào.", "No faults were found."),
    "review_page_block": ("Phải sửa", "Must be fixed"),
    "review_page_warn": ("Nên xem", "Worth a look"),
    "review_page_blocked": (
        "Thư chưa đạt kiểm tra trước khi gửi nên chưa thể duyệt. Xin sửa bài hoặc nhờ người quản trị.",
        "The email does not pass preflight, so it cannot be approved here. Correct the articles, or ask an administrator.",
    ),
    "review_page_decide": ("Quyết định", "Your decision"),
    "review_page_approve": ("Duyệt và cho gửi", "Approve"),
    "review_page_approve_hint": ("Bản tin được gửi lúc {time}, {date}.", "It goes out at {time}, {date}."),
    "review_page_approve_now": ("Bản tin được gửi ngay.", "It goes out at once."),
    "review_page_hold": ("Giữ lại", "Hold it"),
    "review_page_hold_hint": (
        "Bản tin chờ cho đến khi có người duyệt.",
        "It waits until somebody approves it.",
    ),
    "review_page_cancel": ("Hủy số này", "Cancel it"),
    "review_page_cancel_hint": (
        "Không thể hoàn tác. Các tin chờ số sau.",
        "This cannot be undone. Its articles wait for the next edition.",
    ),
    "review_page_reason": ("Lý do", "Reason"),
    "review_page_as": ("Quyết định được ghi với tên {reviewer}.", "Your decision is recorded as {reviewer}."),
    "review_page_was_approved": (
        "{who} đã duyệt lúc {time}, {date}.",
        "Approved by {who} at {time}, {date}.",
    ),
    "review_page_was_held": ("{who} đã giữ lại lúc {time}, {date}.", "Held by {who} at {time}, {date}."),
    "review_page_was_cancelled": ("{who} đã hủy lúc {time}, {date}.", "Cancelled by {who} at {time}, {date}."),
    "review_page_was_changed": (
        "Nội dung đã đổi lúc {time}, {date}. Xin xem lại.",
        "The content has changed at {time}, {date}. Please look again.",
    ),
    "review_page_was_released": ("Bản tin đã gửi đi lúc {time}, {date}.", "It was released at {time}, {date}."),
    "review_page_why": ("Lý do: {reason}", "Reason: {reason}"),
    "review_page_released": (
        "Số này đã được gửi đi, không còn gì để duyệt.",
        "This edition has gone out: there is nothing left to decide.",
    ),
    "review_page_cancelled": ("Số này đã bị hủy.", "This edition was cancelled."),
    "review_page_preflight": ("Khâu kiểm tra", "Preflight"),
    "review_page_recheck": ("Khâu rà soát lại", "The recheck"),
    "review_page_nobody": ("Hệ thống (không có phản hồi)", "The system (nobody had answered)"),
    "review_page_meanwhile": (
        "Trong lúc quý vị xem, đã có quyết định khác. Quyết định của quý vị chưa được thực hiện.",
        "Something else was decided while you were looking. Your decision was not carried out.",
    ),
    "review_page_impossible": (
        "Quyết định này không thực hiện được. Xin xem tình trạng dưới đây.",
        "This could not be done. Please see below how things stand.",
    ),
    "review_page_expired": ("Liên kết duyệt đã hết hiệu lực", "This review link has expired"),
    "review_page_expired_help": (
        "Hạn duyệt của số này đã qua từ lâu. Số mới có liên kết mới.",
        "The deadline of that edition has long passed. New editions come with new links.",
    ),
}
