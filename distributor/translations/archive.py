"""Texts of the home page, the archive, the search and the feeds."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- home
    "home_title": ("Bản tin của {site}", "Newsletters by {site}"),
    "nothing_offered": ("Hiện chưa có bản tin nào.", "There are no newsletters yet."),
    "latest_edition": ("Số mới nhất", "Latest edition"),
    "subscribe_to": ("Đăng ký nhận bản tin", "Subscribe"),
    "read_edition": ("Đọc số này", "Read this edition"),
    # -- archive
    "no_editions": ("Chưa có số nào được phát hành.", "No edition has been published yet."),
    "all_editions": ("Xem tất cả các số", "See all editions"),
    "all_editions_of": ("Tất cả các số của {newsletter}", "All editions of {newsletter}"),
    "editions_of": ("{newsletter}: các số đã phát hành", "{newsletter}: past editions"),
    "editions_of_month": ("{newsletter}: {month}", "{newsletter}: {month}"),
    "by_month": ("Theo tháng", "By month"),
    "by_topic": ("Theo chuyên mục", "By topic"),
    "topic": ("Chuyên mục", "Topic"),
    "newer": ("Mới hơn", "Newer"),
    "older": ("Cũ hơn", "Older"),
    "pages_of_list": ("Các trang của danh sách", "Pages of this list"),
    "corrected_at": ("Tin đã được đính chính lúc {time}, {date}", "Corrected at {time}, {date}"),
    "withdrawn_at": ("Tin đã được gỡ lúc {time}, {date}", "Withdrawn at {time}, {date}"),
    "badge_corrected": ("Đính chính", "Corrected"),
    "badge_withdrawn": ("Đã gỡ", "Withdrawn"),
    "email_gone": ("Thư này không còn được hiển thị", "This message is no longer shown"),
    "email_gone_help": (
        "Một tin trong thư đã được gỡ. Xin đọc số này trong mục Lưu trữ.",
        "An article in it has been withdrawn. Please see the edition in the archive.",
    ),
    # -- tools of a page
    "page_tools": ("Công cụ đọc", "Reading tools"),
    "text_size": ("Cỡ chữ:", "Text size:"),
    "text_size_small": ("Nhỏ", "Small"),
    "text_size_usual": ("Vừa", "Medium"),
    "text_size_large": ("Lớn", "Large"),
    "print_view": ("Bản để in", "Print version"),
    "as_email": ("Xem bản thư điện tử", "See it as an email"),
    "share": ("Chia sẻ:", "Share:"),
    "share_email": ("Thư điện tử", "Email"),
    # -- search
    "search_title": ("Tìm trong bản tin", "Search the archive"),
    "search_label": ("Từ cần tìm", "Words to look for"),
    "search_hint": ("Quý vị có thể nhập từ có dấu hoặc không dấu.", "With or without diacritics."),
    "results": ("{n} kết quả cho “{q}”", "{n} results for “{q}”"),
    "results_words": (
        "Không tìm thấy cụm từ “{q}”; dưới đây là {n} tin có đủ các từ này.",
        "Nothing has exactly “{q}”; these {n} articles have all of its words.",
    ),
    "results_beginnings": (
        "Không tìm thấy “{q}”; dưới đây là {n} tin có từ bắt đầu như vậy.",
        "Nothing has “{q}”; these {n} articles have words that begin like it.",
    ),
    "nothing_found": (
        "Không tìm thấy kết quả cho “{q}”. Xin thử từ khác, có dấu hoặc không dấu đều được.",
        "Nothing found for “{q}”. Try other words, with or without diacritics.",
    ),
    # -- feeds
    "feeds_title": ("Nguồn tin RSS", "Feeds"),
    "feeds_lead": (
        "Xin sao chép một địa chỉ dưới đây vào chương trình đọc tin của quý vị.",
        "Copy one of these addresses into your feed reader.",
    ),
    "feed_all": ("Tất cả các tin", "All articles"),
    "feed_of": ("Nguồn tin RSS của {topic}", "Feed of {topic}"),
    "feed_address": ("Địa chỉ của nguồn tin", "Address of this feed"),
    "feed_items": ("Tin trong nguồn tin này", "Articles in this feed"),
    "feeds_opml": ("Tất cả nguồn tin (OPML)", "All feeds (OPML)"),
}
