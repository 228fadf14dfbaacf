"""Texts of preferences, unsubscribing, and the data of subscribers."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- leaving
    "leave_title": ("Hủy đăng\u00a0ký nhận bản\u00a0tin “{newsletter}”?", "Unsubscribe from {newsletter}?"),
    "leave_title_all": ("Hủy đăng\u00a0ký mọi bản\u00a0tin của {site}?", "Leave everything by {site}?"),
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
    "leave_all": ("Hủy đăng ký mọi bản tin", "Leave everything"),
    "leave_all_hint": (
        "{site} sẽ không gửi tới quý vị bản tin nào nữa.",
        "No newsletter of {site} will be sent to you any more.",
    ),
    "leave_preferences": ("Xem tất cả tùy chọn nhận tin", "See all your preferences"),
    "leave_probe": (
        "Đây là liên kết trong một thư thử: mọi nút đều bấm được, nhưng không có gì thay đổi.",
        "This link comes from a test message: every button works, and nothing changes.",
    ),
    "leave_saved": ("Đã ghi nhận lựa chọn của quý vị", "Your choice is saved"),
    "fewer_saved": ("Từ nay quý vị sẽ nhận ít thư hơn.", "You will get fewer messages from now on."),
    "pause_saved": ("Bản tin sẽ được gửi lại từ {date}.", "You will get it again from {date}."),
    # -- after leaving
    "left_title": ("Đã hủy đăng ký", "You are unsubscribed"),
    "left_since": (
        "Từ {time}, {date}, chúng tôi không gửi bản tin “{newsletter}” tới {address} nữa.",
        "Since {time}, {date} nothing of {newsletter} goes to {address}.",
    ),
    "left_since_all": (
        "Từ {time}, {date}, {site} không gửi bản tin nào tới {address} nữa.",
        "Since {time}, {date} no newsletter of {site} goes to {address}.",
    ),
    "left_already": (
        "Địa chỉ {address} hiện không nhận bản tin “{newsletter}”.",
        "The address {address} does not receive {newsletter}.",
    ),
    "left_already_all": (
        "Địa chỉ {address} hiện không nhận bản tin nào của {site}.",
        "The address {address} receives no newsletter of {site}.",
    ),
    "left_undo": ("Đăng ký lại (bấm nhầm)", "Undo"),
    "left_more": (
        "Đăng ký lại, cho biết lý do hoặc xem tùy chọn nhận tin",
        "Undo it, say why, or see your preferences",
    ),
    "left_undo_hint": ("Nút này có hiệu lực trong 24 giờ.", "This button works for a day."),
    "left_undone": (
        "Quý vị tiếp tục nhận bản tin “{newsletter}” như trước.",
        "You get {newsletter} again, as before.",
    ),
    "left_undone_all": ("Quý vị tiếp tục nhận các bản tin như trước.", "You get the newsletters again, as before."),
    "left_reason": ("Vì sao quý vị hủy đăng ký?", "Why did you leave?"),
    "left_reason_hint": ("Không bắt buộc.", "You need not say."),
    "left_reason_too_many": ("Quá nhiều thư", "Too many messages"),
    "left_reason_not_for_me": ("Nội dung không phù hợp", "The content is not for me"),
    "left_reason_never_subscribed": ("Tôi không đăng ký", "I never subscribed"),
    "left_reason_other": ("Lý do khác", "Another reason"),
    "left_reason_words": ("Ý kiến của quý vị", "In your words"),
    "left_reason_send": ("Gửi lý do", "Send the reason"),
    "left_reason_thanks": ("Cảm ơn quý vị đã cho biết lý do.", "Thank you for telling us."),
    "unknown_link": ("Không tìm thấy đăng ký nào theo liên kết này", "No subscription belongs to this link"),
    "unknown_link_help": (
        "Liên kết có thể bị chép thiếu, hoặc dữ liệu về đăng ký đã được xóa. Nếu thư vẫn đến, xin mở lại liên kết trong thư "
        "mới nhất.",
        "Part of the link may be missing, or the data of the subscription have been deleted. If messages still come, open "
        "the link in the latest one.",
    ),
    "unknown_link_again": ("Nhận liên kết mới qua thư điện tử", "Get a new link by email"),
    # -- preferences
    "prefs_title": ("Cách nhận tin của quý vị", "Your preferences"),
    "prefs_address": ("Địa chỉ: {address}", "Address: {address}"),
    "prefs_saved": ("Đã lưu thay đổi.", "Your changes are saved."),
    "prefs_newsletters": ("Bản tin", "Newsletters"),
    "prefs_consent": (
        "Khi chọn thêm bản tin, quý vị đồng ý để {site} gửi bản tin đó tới địa chỉ này. Nếu bỏ chọn, "
        "quý vị hủy đăng ký bản tin đó.",
        "By ticking a newsletter you agree that {site} sends it to this address. Untick one to leave it.",
    ),
    "prefs_pause": ("Tạm ngừng {newsletter} đến ngày", "Pause {newsletter} until"),
    "prefs_pauses": ("Tạm ngừng", "Pause"),
    "prefs_pauses_hint": (
        "Bản tin sẽ được gửi lại từ ngày đã chọn; các số trong thời gian tạm ngừng không được gửi bù. Để trống nếu không "
        "tạm ngừng.",
        "You will get it again from that day; what is sent in between does not follow. Leave it empty not to pause.",
    ),
    "prefs_save": ("Lưu thay đổi", "Save changes"),
    "prefs_leave_all": ("Hủy đăng ký mọi bản tin của {site}", "Leave everything by {site}"),
    "prefs_name_long": ("Xin nhập họ và tên, tối đa 100 ký tự", "Enter a name of at most 100 characters"),
    "prefs_pause_wrong": (
        "Xin chọn một ngày từ ngày mai, trong vòng một năm",
        "Choose a day from tomorrow on, within a year",
    ),
    # -- another address
    "address_title": ("Đổi địa chỉ nhận thư", "Change your address"),
    "address_new": ("Địa chỉ mới", "New address"),
    "address_button": ("Gửi liên kết xác nhận", "Send the confirmation"),
    "address_sent": (
        "Chúng tôi đã gửi liên kết xác nhận tới địa chỉ mới; địa chỉ cũ vẫn nhận thư cho đến khi quý vị xác nhận.",
        "We have sent a link to the new address; the old one keeps receiving until you confirm.",
    ),
    "address_confirm": ("Đổi địa chỉ nhận thư?", "Change your address?"),
    "address_from_to": (
        "Thư sẽ được gửi tới {address} thay cho {before}.",
        "Messages will go to {address} in place of {before}.",
    ),
    "address_confirm_button": ("Xác nhận địa chỉ mới", "Confirm the new address"),
    "address_done": ("Đã đổi địa chỉ", "Your address is changed"),
    "address_done_to": ("Từ nay thư được gửi tới {address}.", "Messages go to {address} from now on."),
    "address_over": ("Liên kết đã hết hiệu lực", "This link has expired"),
    "address_over_help": (
        "Nếu thư chưa đến địa chỉ mới, xin đổi lại trên trang tùy chọn nhận tin.",
        "If messages do not come to the new address, change it again on the page of your preferences.",
    ),
    # -- their data
    "own_data_title": ("Dữ liệu của quý vị", "Your data"),
    "data_copy": ("Gửi cho tôi một bản sao", "Send me a copy"),
    "data_copy_hint": (
        "Bản sao được gửi tới địa chỉ này, mỗi ngày một lần.",
        "The copy goes to this address, once a day.",
    ),
    "data_sent": ("Một bản sao dữ liệu đang được gửi tới hộp thư.", "A copy of your data is on its way."),
    "data_erase": ("Xóa dữ liệu của tôi", "Delete my data"),
    "data_erase_title": ("Xóa dữ liệu của quý vị?", "Delete your data?"),
    "data_erase_lead": (
        "Việc này xóa mọi lựa chọn và ngừng mọi bản tin tới {address}, không thể hoàn tác. Chúng tôi chỉ giữ một mã "
        "không thể suy ngược ra địa chỉ, để không gửi nhầm về sau.",
        "This deletes all choices and stops all newsletters to {address}. It cannot be undone. We keep only an "
        "irreversible code of the address so that we never write by mistake.",
    ),
    "data_erase_back": ("Không, giữ lại dữ liệu", "No, keep it"),
    "data_erased": ("Đã xóa dữ liệu", "Your data are deleted"),
    "data_erased_help": (
        "Chúng tôi không còn giữ dữ liệu nào về địa chỉ này, trừ một mã không thể suy ngược ra địa chỉ, và sẽ không gửi thư "
        "nào nữa.",
        "We hold nothing about this address any more but an irreversible code of it, and send no more messages.",
    ),
    "data_address": ("Địa chỉ", "Address"),
    "data_name": ("Họ và tên", "Name"),
    "data_newsletters": ("Bản tin", "Newsletters"),
    "data_since": ("{newsletter}, từ {date}", "{newsletter}, since {date}"),
    "data_topics": ("Chuyên mục", "Topics"),
    "data_consents": ("Đồng ý", "Consents"),
}
