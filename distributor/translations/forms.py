"""Texts of the sign-up form and its confirmation."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- the form
    "signup_title": ("Đăng ký nhận bản tin", "Get the newsletter"),
    "signup_title_one": ("Đăng ký nhận “{newsletter}”", "Get {newsletter}"),
    "signup_lead": (
        "Bản tin của {site}, gửi qua thư điện tử. Quý vị có thể hủy đăng ký bất cứ lúc nào.",
        "Newsletters by {site}, sent by email. You can leave at any time.",
    ),
    "signup_lead_one": (
        "Bản tin “{newsletter}” của {site}, gửi qua thư điện tử. Quý vị có thể hủy đăng ký bất cứ lúc nào.",
        "{newsletter} by {site}, sent by email. You can leave at any time.",
    ),
    "signup_email": ("Địa chỉ thư điện tử", "Email address"),
    "signup_email_hint": ("Ví dụ: ten@example.vn", "For example name@example.com"),
    "signup_newsletters": ("Bản tin muốn nhận", "Newsletters"),
    "signup_topics": ("Chuyên mục muốn nhận", "Topics"),
    "signup_topics_hint": (
        "Nếu không chọn mục nào, quý vị sẽ nhận tin của tất cả chuyên mục.",
        "Choose none to get all topics.",
    ),
    "signup_frequency": ("Tần suất nhận", "How often"),
    "signup_frequency_each": ("Mỗi số", "Every edition"),
    "signup_frequency_daily": ("Mỗi ngày một thư", "Once a day"),
    "signup_frequency_weekly": ("Mỗi tuần một thư", "Once a week"),
    "signup_language": ("Ngôn ngữ của thư", "Language of our messages"),
    "signup_language_vi": ("Tiếng Việt", "Tiếng Việt"),
    "signup_language_en": ("English", "English"),
    "signup_name": ("Họ và tên", "Name"),
    "signup_name_hint": ("Dùng trong lời chào ở đầu thư.", "So that we can greet you."),
    "signup_attribute_none": ("Không chọn", "No choice"),
    "signup_date_hint": ("Ví dụ: 23/11/1990", "For example 23/11/1990"),
    "signup_yes": ("Có", "Yes"),
    "signup_more": ("Tùy chọn khác", "More choices"),
    "signup_button": ("Đăng ký", "Subscribe"),
    "signup_consent": (
        "Khi bấm “Đăng ký”, quý vị đồng ý để {site} dùng thông tin trên chỉ để gửi bản tin đã chọn, cho đến khi quý vị hủy "
        "đăng ký.",
        "By choosing “Subscribe” you agree that {site} uses these details only to send what you chose, until you "
        "unsubscribe.",
    ),
    "signup_consent_unknown": (
        "(Biểu mẫu không cho biết lời văn mà người đăng ký đã thấy. Lời văn vào lúc đó là: {text})",
        "(The form does not tell which text was seen. The text at that time was: {text})",
    ),
    "signup_privacy": ("Xem Thông báo về dữ liệu cá nhân", "See our privacy notice"),
    "signup_already": ("Quý vị đã đăng ký?", "Already subscribed?"),
    "signup_already_link": ("Thay đổi tùy chọn nhận tin hoặc hủy đăng ký", "Change your preferences or leave"),
    # -- what is wrong with it
    "signup_email_empty": ("Xin nhập địa chỉ thư điện tử", "Enter your email address"),
    "signup_email_wrong": (
        "Xin nhập địa chỉ đúng dạng ten@example.vn",
        "Enter an address like name@example.com",
    ),
    "signup_newsletter_none": ("Xin chọn ít nhất một bản tin", "Choose at least one newsletter"),
    "signup_choice_unknown": ("Xin chọn trong danh sách", "Choose from the list"),
    "signup_name_wrong": (
        "Xin nhập tên, tối đa 100 ký tự, không kèm địa chỉ trang web",
        "Enter a name of at most 100 characters, without web addresses",
    ),
    "signup_number_wrong": ("Xin nhập một số, ví dụ 12", "Enter a number, such as 12"),
    "signup_date_wrong": ("Xin nhập ngày đúng dạng 23/11/1990", "Enter a date like 23/11/1990"),
    "signup_text_wrong": (
        "Xin nhập tối đa 200 ký tự, hoặc chọn trong danh sách",
        "Enter at most 200 characters, or choose from the list",
    ),
    "signup_late": ("Xin bấm “Đăng ký” lần nữa", "Please choose “Subscribe” again"),
    "signup_late_help": (
        "Trang này đã mở quá lâu. Thông tin quý vị đã nhập vẫn còn.",
        "This page has been open for too long. What you entered is still here.",
    ),
    # -- is this the address that was meant?
    "signup_suggestion": ("Có phải quý vị muốn nhập {suggestion}?", "Did you mean {suggestion}?"),
    "signup_suggestion_lead": ("Quý vị đã nhập {address}.", "You entered {address}."),
    "signup_suggestion_yes": ("Đúng, dùng {suggestion}", "Yes, use {suggestion}"),
    "signup_suggestion_no": ("Không, giữ nguyên {address}", "No, keep {address}"),
    # -- one page more
    "signup_extra": ("Xin bấm “Tiếp tục” để hoàn tất yêu cầu", "Choose “Continue” to finish"),
    "signup_extra_lead": (
        "Bước này giúp chúng tôi ngăn chương trình tự động đăng ký thay người khác.",
        "This step keeps programs from signing up other people.",
    ),
    "signup_extra_button": ("Tiếp tục", "Continue"),
    # -- after the form
    "signup_sent": ("Xin kiểm tra hộp thư", "Check your inbox"),
    "signup_sent_to": (
        "Nếu địa chỉ {address} nhận được thư, chúng tôi đã gửi tới đó một liên kết xác nhận, có hiệu lực đến {time}, "
        "{date}.",
        "If {address} can receive mail, a confirmation link is on its way, valid until {time}, {date}.",
    ),
    "signup_sent_plain": (
        "Nếu địa chỉ quý vị đã nhập nhận được thư, chúng tôi đã gửi tới đó một liên kết xác nhận.",
        "If the address you entered can receive mail, a confirmation link is on its way.",
    ),
    "signup_sent_single": (
        "Chúng tôi đã ghi nhận đăng ký của {address} và gửi một thư tới đó.",
        "We have taken the subscription of {address}; a message is on its way.",
    ),
    "signup_sent_help": ("Chưa thấy thư?", "Nothing there?"),
    "signup_sent_spam": (
        "Xin xem mục Thư rác (Spam) hoặc đợi vài phút.",
        "Look in the spam folder, or wait a few minutes.",
    ),
    "signup_sent_once": (
        "Trong 24 giờ, chúng tôi chỉ gửi một thư xác nhận tới mỗi địa chỉ. Liên kết trong thư đã nhận vẫn dùng được.",
        "An address gets one confirmation message in 24 hours. The link in an earlier one still works.",
    ),
    "signup_sent_wrong": ("Địa chỉ trên chưa đúng? Xin đăng ký lại.", "Is the address wrong? Subscribe again."),
    # -- the page that the link leads to
    "signup_confirm": (
        "Xác nhận đăng\u00a0ký bản\u00a0tin “{newsletter}”?",
        "Confirm your subscription to {newsletter}?",
    ),
    "signup_confirm_address": ("Địa chỉ: {address}", "Address: {address}"),
    "signup_confirm_button": ("Xác nhận đăng ký", "Confirm subscription"),
    "signup_not_me": ("Không phải tôi", "It was not me"),
    "signup_done": ("Đăng ký thành công", "You are subscribed"),
    "signup_done_to": ("Bản tin “{newsletter}” sẽ được gửi tới {address}.", "{newsletter} will reach {address}."),
    "signup_done_next": (
        "Số tiếp theo dự kiến được gửi lúc {time}, {date}.",
        "The next edition is due at {time}, {date}.",
    ),
    "signup_done_latest": ("Đọc số mới nhất", "Read the latest edition"),
    "signup_done_preferences": ("Thay đổi tùy chọn nhận tin", "Change your preferences"),
    "signup_left_since": (
        "Địa chỉ này hiện không nhận bản tin “{newsletters}”",
        "This address does not receive {newsletters}",
    ),
    "signup_left_since_help": (
        "Liên kết này đã được sử dụng, sau đó bản tin đã được hủy đăng ký. Quý vị có thể đăng ký lại.",
        "This link was used, and the newsletter was left after that. You can subscribe again.",
    ),
    "signup_expired": ("Liên kết đã hết hiệu lực", "This link has expired"),
    "signup_expired_help": (
        "Xin đăng ký lại để nhận liên kết mới.",
        "Please subscribe again for a new one.",
    ),
    "signup_refuse": ("Quý vị không đăng\u00a0ký bản\u00a0tin này?", "You did not sign up?"),
    "signup_refuse_lead": (
        "Chúng tôi sẽ xóa địa chỉ {address} và không gửi thư xác nhận nào tới đó trong 30 ngày.",
        "We will delete {address} and send no confirmation message there for 30 days.",
    ),
    "signup_refuse_button": ("Xóa địa chỉ này", "Delete this address"),
    "signup_refuse_back": ("Không, tôi muốn đăng ký", "No, I want to subscribe"),
    "signup_refused": ("Đã xóa địa chỉ", "Address deleted"),
    "signup_refused_help": (
        "Chúng tôi đã xóa địa chỉ này và sẽ không gửi thư xác nhận nào nữa.",
        "We have deleted this address and will not ask again.",
    ),
    # -- "send me my link"
    "own_link": ("Nhận liên kết quản lý đăng ký", "Send me a link"),
    "own_link_lead": (
        "Để thay đổi tùy chọn nhận tin, xem dữ liệu hoặc hủy đăng ký, xin nhập địa chỉ đang nhận bản tin. Chúng tôi sẽ "
        "gửi tới đó "
        "một liên kết riêng.",
        "To change your preferences, see your data or leave, enter the address that gets the newsletter. We will send a "
        "personal link there.",
    ),
    "own_link_button": ("Gửi liên kết", "Send the link"),
    "own_link_sent": (
        "Nếu địa chỉ này có trong danh sách, liên kết đã được gửi tới hộp thư. Chưa thấy thư? Xin xem mục Thư rác (Spam) "
        "hoặc đợi vài phút.",
        "If this address is on our list, a link is on its way. Nothing there? Look in the spam folder, or wait a few "
        "minutes.",
    ),
}
