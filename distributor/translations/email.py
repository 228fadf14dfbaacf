"""Texts of emails: digest, alert, correction, confirmation, welcome, goodbye, drafts for reviewers."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- the digest
    "edition": ("Số {number}", "No. {number}"),
    "kind_daily": ("Bản tin ngày", "Daily"),
    "kind_weekly": ("Bản tin tuần", "Weekly"),
    "greeting": ("Chào {name},", "Dear {name},"),
    "count_one": ("số này có 1 tin.", "this edition has one story."),
    "count_many": ("số này có {count} tin.", "this edition has {count} stories."),
    "read_on": ("Đọc tiếp", "Read on"),
    "other_topics": ("Tin khác", "More news"),
    "briefs": ("Tin vắn", "In brief"),
    "overflow_one": ("Còn 1 tin nữa sẽ có trong số sau.", "One more will follow in the next edition."),
    "overflow_many": ("Còn {count} tin nữa sẽ có trong số sau.", "{count} more will follow in the next edition."),
    "rest_one": ("Còn 1 tin nữa của số này.", "This edition has one more story."),
    "rest_many": ("Còn {count} tin nữa của số này.", "This edition has {count} more stories."),
    "rest_link": ("Đọc trên trang web", "Read them on the web"),
    "by": ("{author}", "By {author}"),
    "value_yes": ("có", "yes"),
    "value_no": ("không", "no"),
    # -- the footer
    "why": (
        "Quý vị nhận thư này tại {address} vì đã đăng ký bản tin {newsletter} của {site}.",
        "You receive this at {address} because you subscribed to {newsletter} by {site}.",
    ),
    "unsubscribe": ("Ngừng nhận bản tin này", "Unsubscribe"),
    "preferences": ("Đổi cách nhận tin", "Change your preferences"),
    "web_view": ("Xem trên trình duyệt", "View in your browser"),
    "contact": ("Liên hệ: {contact}", "Contact: {contact}"),
    # -- an alert
    "alert": ("Tin khẩn", "Breaking"),
    "alert_sent": ("Gửi lúc {time}, {date}", "Sent at {time}, {date}"),
    "read_story": ("Đọc toàn bộ tin", "Read the full story"),
    # -- a correction
    "correction": ("Đính chính", "Correction"),
    "correction_subject": ("Đính chính: {title}", "Correction: {title}"),
    "correction_intro": (
        "Tin dưới đây, đăng trong bản tin {newsletter} ngày {date}, đã được sửa.",
        "The story below, carried by {newsletter} of {date}, has been corrected.",
    ),
    "correction_story": ("Nội dung sau khi sửa", "The story as it now stands"),
    "withdrawn": ("Gỡ bài", "Withdrawn"),
    "withdrawn_subject": ("Gỡ bài: {title}", "Withdrawn: {title}"),
    "withdrawn_intro": (
        "Tin dưới đây, đăng trong bản tin {newsletter} ngày {date}, đã được gỡ. Xin không dẫn lại.",
        "The story below, carried by {newsletter} of {date}, has been withdrawn. Please do not quote it.",
    ),
    "correction_why": (
        "Quý vị nhận thư này tại {address} vì bản tin {newsletter} ngày {date} đã đăng tin nói trên.",
        "You receive this at {address} because the edition of {newsletter} of {date} carried this story.",
    ),
    # -- asking whether somebody really wants the newsletter
    "confirm_subject": ("Xác nhận đăng ký {newsletter}", "Confirm your subscription to {newsletter}"),
    "confirm_title": ("Xin xác nhận đăng ký", "Please confirm your subscription"),
    "confirm_intro": (
        "Địa chỉ {address} vừa được ghi để đăng ký bản tin {newsletter} của {site}. Nếu đó là quý vị, xin xác nhận.",
        "Somebody entered {address} to subscribe to {newsletter} by {site}. If it was you, please confirm.",
    ),
    "confirm_button": ("Xác nhận đăng ký", "Confirm subscription"),
    "confirm_link": (
        "Nếu nút không hoạt động, xin mở địa chỉ này trong trình duyệt:",
        "If the button does not work, open this address in your browser:",
    ),
    "confirm_expiry": ("Liên kết có hiệu lực đến {time}, {date}.", "The link is valid until {time}, {date}."),
    "confirm_ignore": (
        "Nếu không phải quý vị đăng ký, xin bỏ qua thư này. Khi chưa có xác nhận, chúng tôi không gửi bản tin nào.",
        "If it was not you, ignore this message. Without your confirmation we will not send you anything.",
    ),
    "confirm_asked": ("Yêu cầu gửi lúc {time}, {date}.", "It was asked for at {time}, {date}."),
    "confirm_not_me": ("Không phải tôi đăng ký: xóa địa chỉ này", "It was not me: delete this address"),
    "confirm_why": (
        "Thư này gửi đến {address} chỉ để hỏi ý kiến người dùng địa chỉ.",
        "This message is sent to {address} only to ask whoever uses the address.",
    ),
    "reminder_subject": (
        "Nhắc lại: xác nhận đăng ký {newsletter}",
        "Reminder: confirm your subscription to {newsletter}",
    ),
    "reminder_intro": (
        "Mấy ngày trước, địa chỉ {address} được ghi để đăng ký bản tin {newsletter} của {site}, nhưng chưa được xác nhận.",
        "A few days ago somebody entered {address} to subscribe to {newsletter} by {site}. It has not been confirmed yet.",
    ),
    "reminder_why": (
        "Đây là lần nhắc duy nhất đến {address}. Không có xác nhận, chúng tôi sẽ xóa địa chỉ này.",
        "This is the only reminder to {address}. Without your confirmation we will delete the address.",
    ),
    # -- what somebody has asked for: their link, another address, their data
    "asked_why": (
        "Thư này gửi đến {address} vì có yêu cầu trên trang web của chúng tôi.",
        "You receive this at {address} because it was asked for on our web site.",
    ),
    "link_subject": ("Liên kết quản lý đăng ký tại {site}", "Your link to manage newsletters by {site}"),
    "link_title": ("Liên kết của quý vị", "Your link"),
    "link_intro": (
        "Với liên kết này, quý vị có thể thay đổi hoặc ngừng các bản tin của {site} gửi đến {address}.",
        "With this link you can change or stop what {site} sends to {address}.",
    ),
    "link_button": ("Mở trang tùy chọn nhận tin", "Open your preferences"),
    "link_keep": (
        "Xin không chuyển tiếp thư này: ai có liên kết cũng có thể đổi lựa chọn của quý vị.",
        "Please do not forward this message: whoever has the link can change your choices.",
    ),
    "link_ignore": (
        "Nếu quý vị không yêu cầu, xin bỏ qua thư này: không có gì thay đổi.",
        "If you did not ask for it, ignore this message: nothing has changed.",
    ),
    "link_asked": ("Yêu cầu nhận lúc {time}, {date}.", "Asked for at {time}, {date}."),
    "change_subject": ("Xác nhận địa chỉ mới tại {site}", "Confirm your new address at {site}"),
    "change_title": ("Xin xác nhận địa chỉ mới", "Please confirm your new address"),
    "change_intro": (
        "Một người nhận bản tin của {site} muốn đổi địa chỉ nhận thư sang {address}. Nếu đó là quý vị, xin xác nhận.",
        "A subscriber of {site} wants to receive newsletters at {address}. If it was you, please confirm.",
    ),
    "change_intro_from": (
        "Người nhận bản tin của {site} tại {old} muốn đổi địa chỉ nhận thư sang {address}. Nếu đó là quý vị, xin xác nhận.",
        "The subscriber of {site} at {old} wants to receive newsletters at {address}. If it was you, please confirm.",
    ),
    "change_button": ("Xác nhận địa chỉ mới", "Confirm the new address"),
    "change_ignore": (
        "Nếu không phải quý vị yêu cầu, xin bỏ qua thư này: địa chỉ cũ vẫn được giữ.",
        "If it was not you, ignore this message: the old address stays.",
    ),
    "changed_subject": ("Đã đổi địa chỉ nhận thư tại {site}", "Your address at {site} is changed"),
    "changed_title": ("Địa chỉ nhận thư đã được đổi", "Your address is changed"),
    "changed_intro": (
        "Từ nay các bản tin của {site} được gửi tới {new} thay cho {address}.",
        "From now on newsletters by {site} go to {new} in place of {address}.",
    ),
    "changed_not_you": (
        "Nếu quý vị không yêu cầu việc này, xin liên hệ với chúng tôi.",
        "If you did not ask for this, please contact us.",
    ),
    "changed_time": ("Địa chỉ được đổi lúc {time}, {date}.", "It was changed at {time}, {date}."),
    "changed_why": (
        "Thư này gửi một lần duy nhất đến {address}, địa chỉ không còn được dùng.",
        "This message is sent once to {address}, which is no longer used.",
    ),
    "data_subject": ("Dữ liệu của quý vị tại {site}", "Your data at {site}"),
    "data_title": ("Dữ liệu của quý vị", "Your data"),
    "data_intro": (
        "Dưới đây là dữ liệu mà {site} lưu giữ về {address}.",
        "Below is what {site} keeps about {address}.",
    ),
    "data_asked": ("Yêu cầu nhận lúc {time}, {date}.", "Asked for at {time}, {date}."),
    "data_full": ("Tải toàn bộ dữ liệu (tệp JSON)", "Download all of it (a JSON file)"),
    "data_rights": (
        "Quý vị có thể yêu cầu sửa hoặc xóa những dữ liệu này bất cứ lúc nào.",
        "You can have this data corrected or deleted at any time.",
    ),
    # -- welcome and goodbye
    "welcome_subject": ("Chào mừng đến với {newsletter}", "Welcome to {newsletter}"),
    "welcome_title": ("Đăng ký đã hoàn tất", "You are subscribed"),
    "welcome_intro": (
        "Từ nay bản tin {newsletter} của {site} sẽ đến {address}.",
        "From now on {newsletter} by {site} will come to {address}.",
    ),
    "welcome_sender": (
        "Để thư không lạc vào mục thư rác, xin thêm {sender} vào danh bạ.",
        "Add {sender} to your contacts so that no edition is taken for spam.",
    ),
    "welcome_latest": ("Đọc số mới nhất", "Read the latest edition"),
    "welcome_leave": (
        "Cuối mỗi thư đều có liên kết để ngừng nhận, bất cứ lúc nào.",
        "At the end of every message there is a link with which you can leave at any time.",
    ),
    "goodbye_subject": ("Đã ngừng gửi {newsletter}", "You have left {newsletter}"),
    "goodbye_title": ("Đã ngừng gửi bản tin", "You are unsubscribed"),
    "goodbye_intro": (
        "Chúng tôi đã nhận yêu cầu và ngừng gửi bản tin {newsletter} của {site} đến {address}.",
        "We have received your request and no longer send {newsletter} by {site} to {address}.",
    ),
    "goodbye_intro_all": (
        "Chúng tôi đã nhận yêu cầu và ngừng gửi mọi bản tin của {site} đến {address}.",
        "We have received your request and no longer send any newsletter by {site} to {address}.",
    ),
    "goodbye_received": ("Nhận yêu cầu: {time}, {date}", "Request received: {time}, {date}"),
    "goodbye_stopped": ("Ngừng gửi từ: {time}, {date}", "Nothing is sent since: {time}, {date}"),
    "goodbye_again": (
        "Nếu quý vị không yêu cầu việc này, xin đăng ký lại tại đây:",
        "If this was not you, subscribe again here:",
    ),
    "goodbye_again_button": ("Đăng ký lại", "Subscribe again"),
    "goodbye_why": (
        "Thư này gửi đến {address} để xác nhận việc ngừng gửi, và là thư cuối cùng về việc này.",
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
    "review_silence": ("Nếu không ai trả lời", "If nobody answers"),
    "review_silence_send": ("đến hạn, bản tin tự gửi đi", "it goes out at the deadline"),
    "review_silence_hold": ("bản tin tiếp tục chờ, không tự gửi", "it keeps waiting and does not go out"),
    "review_silence_cancel": ("đến hạn, bản tin bị hủy", "it is cancelled at the deadline"),
    "review_problem": ("Không qua được kiểm tra", "It does not pass preflight"),
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
        "Nếu không ai trả lời, bản tin sẽ được gửi đúng giờ.",
        "If nobody answers, it goes out at its time.",
    ),
    "draft_hold": ("Nếu không ai duyệt, bản tin sẽ được giữ lại.", "If nobody approves it, it is held."),
    "draft_skip": (
        "Nếu không ai duyệt, số này sẽ bị bỏ và tin được chuyển sang số sau.",
        "If nobody approves it, it is skipped and its articles wait for the next edition.",
    ),
    "draft_letters": (
        "Bạn đọc theo chủ đề nhận tổng cộng {count} bản khác nhau; đây là bản đầy đủ.",
        "Subscribers with topics get {count} different emails; this is the whole edition.",
    ),
    # -- the note on an article that was wrong
    "notice_correction": ("Đính chính ({date}): {note}", "Correction ({date}): {note}"),
    "notice_correction_usual": ("Bài viết đã được sửa.", "This article has been corrected."),
    "notice_withdrawal": ("Đã gỡ ({date}): {note}", "Withdrawn ({date}): {note}"),
    "notice_withdrawal_usual": ("Bài viết này không còn được đăng.", "This article is no longer published."),
    "withdrawn_title": ("[Đã gỡ] {title}", "[Withdrawn] {title}"),
    "alerted": ("Đã gửi tin khẩn", "Sent as an alert"),
}
