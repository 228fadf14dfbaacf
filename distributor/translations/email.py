"""Texts of emails: digest, alert, correction, confirmation, welcome, goodbye, drafts for reviewers."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- the digest
    "edition": ("Số\u00a0{number}", "No.\u00a0{number}"),
    "kind_daily": ("Bản tin ngày", "Daily"),
    "kind_weekly": ("Bản tin tuần", "Weekly"),
    "greeting": ("Kính chào {name}!", "Dear {name},"),
    "count_one": ("Bản tin số này có 1 tin.", "this edition has one story."),
    "count_many": ("Bản tin số này có {count} tin.", "this edition has {count} stories."),
    "contents": ("Trong số này", "In this edition"),
    "subject_other": ("và 1 tin khác", "and one more"),
    "subject_others": ("và {count} tin khác", "and {count} more"),
    "subject_week": ("tuần {first}–{last}", "{first}–{last}"),
    "sponsored": ("Nội dung tài trợ", "Sponsored"),
    "test_mark": ("[Thử]", "[Test]"),
    "read_on": ("Đọc tiếp", "Read on"),
    "other_topics": ("Tin khác", "More news"),
    "briefs": ("Tin vắn", "In brief"),
    "overflow_one": ("1 tin khác sẽ được gửi trong số tiếp theo.", "One more will follow in the next edition."),
    "overflow_many": (
        "{count} tin khác sẽ được gửi trong số tiếp theo.",
        "{count} more will follow in the next edition.",
    ),
    "rest_one": ("Số này còn 1 tin khác.", "This edition has one more story."),
    "rest_many": ("Số này còn {count} tin khác.", "This edition has {count} more stories."),
    "rest_link": ("Xem đầy đủ trên trang web", "See all of it on the web"),
    "by": ("{author}", "By {author}"),
    "value_yes": ("có", "yes"),
    "value_no": ("không", "no"),
    # -- the footer
    "why": (
        "Quý vị nhận được thư này tại địa chỉ {address} vì đã đăng ký nhận bản tin “{newsletter}” của {site}.",
        "You receive this at {address} because you subscribed to {newsletter} by {site}.",
    ),
    "unsubscribe": ("Hủy đăng ký nhận bản tin", "Unsubscribe"),
    "preferences": ("Thay đổi tùy chọn nhận tin", "Change your preferences"),
    "web_view": ("Xem thư này trên trình duyệt", "View in your browser"),
    "contact": ("Liên hệ: {contact}", "Contact: {contact}"),
    "home_page": ("Trang chủ", "Home page"),
    "forward": ("Chuyển tiếp thư này", "Forward this email"),
    "subscribe_too": ("Đăng ký nhận bản tin", "Get the newsletter"),
    # -- an alert
    "alert": ("Tin khẩn", "Breaking"),
    "alert_sent": ("Gửi lúc {time}, {date}", "Sent at {time}, {date}"),
    "read_story": ("Xem chi tiết", "Read the full story"),
    # -- a correction
    "correction": ("Đính chính", "Correction"),
    "correction_subject": ("Đính chính: {title}", "Correction: {title}"),
    "correction_intro": (
        "Tin dưới đây trong bản tin “{newsletter}” ngày {date} có nội dung chưa chính xác và đã được đính chính. Chúng "
        "tôi xin lỗi quý bạn đọc.",
        "The story below, carried by {newsletter} of {date}, was not accurate and has been corrected. We apologise to "
        "our readers.",
    ),
    "correction_story": ("Nội dung đã đính chính", "The story as it now stands"),
    "correction_time": ("Đính chính lúc {time}, {date}", "Corrected at {time}, {date}"),
    "withdrawn": ("Gỡ bài", "Withdrawn"),
    "withdrawn_subject": ("Gỡ bài: {title}", "Withdrawn: {title}"),
    "withdrawn_intro": (
        "Tin dưới đây trong bản tin “{newsletter}” ngày {date} đã được gỡ bỏ. Đề nghị không trích dẫn hoặc đăng lại.",
        "The story below, carried by {newsletter} of {date}, has been withdrawn. Please do not quote or republish it.",
    ),
    "correction_why": (
        "Quý vị nhận được thư này tại địa chỉ {address} vì bản tin “{newsletter}” ngày {date} đã đăng tin nói trên.",
        "You receive this at {address} because the edition of {newsletter} of {date} carried this story.",
    ),
    # -- asking whether somebody really wants the newsletter
    "confirm_subject": ("Xác nhận đăng ký nhận bản tin “{newsletter}”", "Confirm your subscription to {newsletter}"),
    "confirm_title": ("Xác nhận đăng ký nhận bản tin “{newsletter}”", "Confirm your subscription to {newsletter}"),
    "confirm_intro": (
        "Chúng tôi nhận được yêu cầu đăng ký bản tin “{newsletter}” của {site} cho địa chỉ {address}. Nếu đúng là quý "
        "vị, xin bấm nút dưới đây để xác nhận.",
        "We were asked to subscribe {address} to {newsletter} by {site}. If it was you, please confirm with the button "
        "below.",
    ),
    "confirm_button": ("Xác nhận đăng ký", "Confirm subscription"),
    "confirm_link": (
        "Nếu nút không hoạt động, xin mở địa chỉ này trong trình duyệt:",
        "If the button does not work, open this address in your browser:",
    ),
    "confirm_expiry": ("Liên kết có hiệu lực đến {time}, {date}.", "The link is valid until {time}, {date}."),
    "confirm_ignore": (
        "Nếu quý vị không đăng ký, xin bỏ qua thư này. Chúng tôi sẽ không gửi bản tin khi chưa có xác nhận.",
        "If it was not you, ignore this message. Without your confirmation we will not send you anything.",
    ),
    "confirm_asked": ("Yêu cầu được gửi lúc {time}, {date}.", "It was asked for at {time}, {date}."),
    "confirm_not_me": ("Tôi không đăng ký: xóa địa chỉ này", "It was not me: delete this address"),
    "confirm_why": (
        "Thư này chỉ được gửi một lần đến {address} để xác nhận yêu cầu đăng ký.",
        "This message is sent once to {address} to confirm a request to subscribe.",
    ),
    "reminder_subject": (
        "Nhắc lại: Xác nhận đăng ký nhận bản tin “{newsletter}”",
        "Reminder: confirm your subscription to {newsletter}",
    ),
    "reminder_intro": (
        "Mấy ngày trước, chúng tôi nhận được yêu cầu đăng ký bản tin “{newsletter}” của {site} cho địa chỉ {address}, "
        "nhưng chưa có xác nhận. Nếu đúng là quý vị, xin bấm nút dưới đây.",
        "A few days ago we were asked to subscribe {address} to {newsletter} by {site}. It has not been confirmed yet. "
        "If it was you, please confirm with the button below.",
    ),
    "reminder_why": (
        "Đây là lần nhắc duy nhất đến {address}. Nếu không có xác nhận, chúng tôi sẽ xóa địa chỉ này.",
        "This is the only reminder to {address}. Without your confirmation we will delete the address.",
    ),
    # -- what somebody has asked for: their link, another address, their data
    "asked_why": (
        "Thư này được gửi đến {address} theo yêu cầu trên trang web của chúng tôi.",
        "You receive this at {address} because it was asked for on our web site.",
    ),
    "link_subject": ("Liên kết quản lý đăng ký tại {site}", "Your link to manage newsletters by {site}"),
    "link_title": ("Liên kết của quý vị", "Your link"),
    "link_intro": (
        "Với liên kết này, quý vị có thể thay đổi tùy chọn hoặc hủy đăng ký các bản tin của {site} gửi đến {address}.",
        "With this link you can change or stop what {site} sends to {address}.",
    ),
    "link_button": ("Mở trang tùy chọn nhận tin", "Open your preferences"),
    "link_keep": (
        "Xin không chuyển tiếp thư này: bất cứ ai có liên kết đều có thể thay đổi lựa chọn của quý vị.",
        "Please do not forward this message: whoever has the link can change your choices.",
    ),
    "link_ignore": (
        "Nếu quý vị không yêu cầu, xin bỏ qua thư này; các lựa chọn của quý vị được giữ nguyên.",
        "If you did not ask for it, ignore this message: nothing has changed.",
    ),
    "link_asked": ("Yêu cầu được gửi lúc {time}, {date}.", "Asked for at {time}, {date}."),
    "change_subject": ("Xác nhận địa chỉ mới tại {site}", "Confirm your new address at {site}"),
    "change_title": ("Xác nhận địa chỉ mới", "Confirm your new address"),
    "change_intro": (
        "Chúng tôi nhận được yêu cầu gửi các bản tin của {site} đến địa chỉ mới {address}. Nếu đúng là quý vị, xin bấm "
        "nút dưới đây để xác nhận.",
        "We were asked to send newsletters by {site} to this new address, {address}. If it was you, please confirm with "
        "the button below.",
    ),
    "change_intro_from": (
        "Chúng tôi nhận được yêu cầu chuyển các bản tin của {site} từ địa chỉ {old} sang địa chỉ {address}. Nếu đúng là "
        "quý vị, xin bấm nút dưới đây để xác nhận.",
        "We were asked to send newsletters by {site} to {address} in place of {old}. If it was you, please confirm with "
        "the button below.",
    ),
    "change_button": ("Xác nhận địa chỉ mới", "Confirm the new address"),
    "change_ignore": (
        "Nếu quý vị không yêu cầu, xin bỏ qua thư này; địa chỉ cũ được giữ nguyên.",
        "If it was not you, ignore this message: the old address stays.",
    ),
    "changed_subject": ("Đã thay đổi địa chỉ nhận thư tại {site}", "Your address at {site} is changed"),
    "changed_title": ("Đã thay đổi địa chỉ nhận thư", "Your address is changed"),
    "changed_intro": (
        "Từ nay, các bản tin của {site} sẽ được gửi đến địa chỉ {new} thay cho {address}.",
        "From now on newsletters by {site} go to {new} in place of {address}.",
    ),
    "changed_not_you": (
        "Nếu quý vị không yêu cầu việc này, xin liên hệ với chúng tôi.",
        "If you did not ask for this, please contact us.",
    ),
    "changed_time": ("Địa chỉ được thay đổi lúc {time}, {date}.", "It was changed at {time}, {date}."),
    "changed_why": (
        "Thư này chỉ được gửi một lần đến {address}, địa chỉ không còn được sử dụng.",
        "This message is sent once to {address}, which is no longer used.",
    ),
    "data_subject": ("Dữ liệu của quý vị tại {site}", "Your data at {site}"),
    "data_title": ("Dữ liệu của quý vị", "Your data"),
    "data_intro": (
        "Dưới đây là dữ liệu mà {site} lưu giữ về địa chỉ {address}.",
        "Below is what {site} keeps about {address}.",
    ),
    "data_asked": ("Yêu cầu được gửi lúc {time}, {date}.", "Asked for at {time}, {date}."),
    "data_full": ("Tải toàn bộ dữ liệu (tệp JSON)", "Download all of it (a JSON file)"),
    "data_rights": (
        "Quý vị có thể yêu cầu sửa hoặc xóa những dữ liệu này bất cứ lúc nào.",
        "You can have this data corrected or deleted at any time.",
    ),
    # -- welcome and goodbye
    "welcome_subject": ("Chào mừng quý vị đến với bản tin “{newsletter}”", "Welcome to {newsletter}"),
    "welcome_title": ("Đăng ký thành công", "You are subscribed"),
    "welcome_intro": (
        "Từ nay, bản tin “{newsletter}” của {site} sẽ được gửi đến địa chỉ {address}.",
        "From now on {newsletter} by {site} will come to {address}.",
    ),
    "welcome_sender": (
        "Để bản tin không bị chuyển vào mục thư rác, xin thêm địa chỉ {sender} vào danh bạ.",
        "Add {sender} to your contacts so that no edition is taken for spam.",
    ),
    "welcome_latest": ("Đọc số mới nhất", "Read the latest edition"),
    "welcome_leave": (
        "Quý vị có thể hủy đăng ký bất cứ lúc nào bằng liên kết ở cuối mỗi thư.",
        "You can leave at any time with the link at the end of every message.",
    ),
    "goodbye_subject": ("Đã hủy đăng ký bản tin “{newsletter}”", "You have left {newsletter}"),
    "goodbye_title": ("Đã hủy đăng ký", "You are unsubscribed"),
    "goodbye_intro": (
        "Chúng tôi đã nhận được yêu cầu và đã ngừng gửi bản tin “{newsletter}” của {site} đến địa chỉ {address}.",
        "We have received your request and no longer send {newsletter} by {site} to {address}.",
    ),
    "goodbye_intro_all": (
        "Chúng tôi đã nhận được yêu cầu và đã ngừng gửi tất cả bản tin của {site} đến địa chỉ {address}.",
        "We have received your request and no longer send any newsletter by {site} to {address}.",
    ),
    "goodbye_received": ("Thời điểm nhận yêu cầu: {time}, {date}", "Request received: {time}, {date}"),
    "goodbye_stopped": ("Thời điểm ngừng gửi: {time}, {date}", "Nothing is sent since: {time}, {date}"),
    "goodbye_again": ("Nếu quý vị không yêu cầu việc này:", "If you did not ask for this:"),
    "goodbye_again_button": ("Đăng ký lại", "Subscribe again"),
    "goodbye_why": (
        "Thư này được gửi đến {address} để xác nhận việc hủy đăng ký và là thư cuối cùng về việc này.",
        "This message to {address} confirms your request, and is the last one about it.",
    ),
    # -- to staff: an edition waits for approval
    "review_subject": ("Chờ duyệt: {subject}", "Awaiting approval: {subject}"),
    "review_title": ("Bản tin chờ duyệt", "An edition awaits approval"),
    "review_subject_is": ("Tiêu đề thư", "Subject"),
    "review_newsletter": ("Bản tin", "Newsletter"),
    "review_audience": ("Người nhận", "Recipients"),
    "review_deadline": ("Hạn duyệt", "Deadline"),
    "review_at": ("{time}, {date}", "{time}, {date}"),
    "review_silence": ("Nếu không có phản hồi", "If nobody answers"),
    "review_silence_send": ("đến hạn, bản tin sẽ tự động được gửi", "it goes out at the deadline"),
    "review_silence_hold": ("bản tin tiếp tục chờ, không tự động gửi", "it keeps waiting and does not go out"),
    "review_silence_cancel": ("đến hạn, bản tin sẽ bị hủy", "it is cancelled at the deadline"),
    "review_problem": ("Chưa đạt kiểm tra trước khi gửi", "It does not pass preflight"),
    "review_stories": ("Các tin trong số này", "Stories in this edition"),
    "review_brief": ("tin vắn", "brief"),
    "review_commands": ("Lệnh", "Commands"),
    "review_approve": ("Duyệt", "Approve"),
    "review_hold": ("Giữ lại", "Hold"),
    "review_cancel": ("Hủy", "Cancel"),
    "review_preview": ("Xem bản tin", "See the edition"),
    "review_open": ("Xem và duyệt", "Look at it and decide"),
    "review_why": (
        "Thư nội bộ của {site}, gửi cho người duyệt bản tin.",
        "Internal email of {site}, for those who approve editions.",
    ),
    # -- to staff: the draft itself, under a box
    "draft_subject": ("[Chờ duyệt] {subject}", "[For approval] {subject}"),
    "draft_when": (
        "Bản nháp {edition} chờ duyệt; giờ gửi: {when}.",
        "Draft {edition} awaits approval; it is due at {when}.",
    ),
    "draft_send": (
        "Nếu không có phản hồi, bản tin sẽ tự động được gửi đúng giờ.",
        "If nobody answers, it goes out at its time.",
    ),
    "draft_hold": ("Nếu không có phản hồi, bản tin sẽ được giữ lại.", "If nobody approves it, it is held."),
    "draft_skip": (
        "Nếu không có phản hồi, số này sẽ bị bỏ qua và các tin được chuyển sang số sau.",
        "If nobody approves it, it is skipped and its articles wait for the next edition.",
    ),
    "draft_letters": (
        "Tùy theo chuyên mục đã chọn, người nhận có {count} mẫu thư khác nhau; dưới đây là bản đầy đủ.",
        "Subscribers with topics get {count} different emails; this is the whole edition.",
    ),
    # -- the note on an article that was wrong
    "notice_correction": ("Đính chính ({date}): {note}", "Correction ({date}): {note}"),
    "notice_correction_usual": ("Bài viết đã được sửa.", "This article has been corrected."),
    "notice_withdrawal": ("Đã gỡ ({date}): {note}", "Withdrawn ({date}): {note}"),
    "notice_withdrawal_usual": ("Bài viết này không còn được đăng tải.", "This article is no longer published."),
    "withdrawn_title": ("[Đã gỡ] {title}", "[Withdrawn] {title}"),
    "alerted": ("Đã gửi tin khẩn", "Sent as an alert"),
}
