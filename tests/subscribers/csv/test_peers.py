"""Exports of the six peers, as each system writes them: what becomes of every row."""

from __future__ import annotations

import io

import pytest

from distributor.config.web import Attribute
from distributor.model import Language
from distributor.subscribers.csv.records import BadRow
from distributor.subscribers.csv.subscribers import SubscriberList
from distributor.subscribers.requests import SubscriptionRequest
from subscribers.csv.subscriber_lists import KNOWN
from support.newsroom import Room

_MEMBER = (
    '"Email Address","First Name","Last Name",Address,"Phone Number",Birthday,Xã/phường,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,'
    "CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION"
)
_LAN = (
    'lan@example.vn,Lan,Nguyễn,"12 phố Huế, Hà Nội",,02/03,"Bắc Sơn",2,"2021-03-04 05:06:07",203.0.113.9,'
    '"2021-03-04 05:08:00",203.0.113.9,21.0,105.8,7,7,Asia/Ho_Chi_Minh,VN,HN'
)
MAILCHIMP_SUBSCRIBED = f'{_MEMBER},LAST_CHANGED,LEID,EUID,NOTES,TAGS\n{_LAN},"2024-01-02 03:04:05",12,a1,,"""vip"""\n'
MAILCHIMP_UNSUBSCRIBED = (
    f"{_MEMBER},UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,LEID,EUID,NOTES,TAGS\n"
    f'{_LAN},"2024-05-06 07:08:09","Tin 12",x,"NORMAL (User unsubscribed)",,12,a1,,\n'
)
MAILCHIMP_CLEANED = (
    f"{_MEMBER},CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,LEID,EUID,NOTES,TAGS\n{_LAN},,,,12,a1,,\n"
)
LISTMONK = (
    "uuid,email,name,attributes,status,created_at,updated_at\n"
    '5a1e0f0c-0000-4000-8000-000000000001,lan@example.vn,Nguyễn Lan,"{""Xã/phường"": ""bắc sơn"", ""age"": 30, ""x"": {}}",'
    "enabled,2021-03-04T05:06:07.000008Z,2021-03-04T05:06:07.000008Z\n"
    '5a1e0f0c-0000-4000-8000-000000000002,ba@example.vn,Ba,{},blocklisted,2021-03-04T05:06:07Z,2021-03-04T05:06:07Z\n'
    '5a1e0f0c-0000-4000-8000-000000000003,cu@example.vn,Cu,"{""age"": ""x""}",enabled,2021-03-04T05:06:07Z,2021-03-04\n'
    "5a1e0f0c-0000-4000-8000-000000000004,du@example.vn,Du,{nonsense,enabled,2021-03-04T05:06:07Z,2021-03-04\n"
)  # fmt: skip
GHOST = (
    "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n"
    "64f0,lan@example.vn,Nguyễn Lan,,true,false,,2021-03-04T05:06:07.000Z,,vip,\n"
    "64f1,ba@example.vn,Ba,,false,false,,2021-03-04T05:06:07.000Z,,,\n"
    "64f2,cu@example.vn,Cu,,true,false,,2021-03-04T05:06:07.000Z,2022-01-01T00:00:00.000Z,,\n"
)
SUBSTACK = (
    "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n"
    "lan@example.vn,false,,other,false,2021-03-04T05:06:07.000Z,\n"
    "ba@example.vn,true,2027-01-01T00:00:00.000Z,yearly,true,2021-03-04T05:06:07.000Z,2021-03-04T05:06:07.000Z\n"
)
BUTTONDOWN = (
    "email,notes,metadata,tags,referrer_url,creation_date,secondary_id,subscriber_type,source,utm_campaign\n"
    'lan@example.vn,,"{""commune"": ""Bắc Sơn""}","[""vip""]",,2021-03-04 05:06:07+00:00,1,regular,api,\n'
    "ba@example.vn,,{},[],,2021-03-04 05:06:07+00:00,2,unsubscribed,api,\n"
    "cu@example.vn,,{},[],,2021-03-04 05:06:07+00:00,3,unactivated,api,\n"
    "du@example.vn,,{},[],,2021-03-04 05:06:07+00:00,4,undeliverable,api,\n"
    "em@example.vn,,{},[],,2021-03-04 05:06:07+00:00,5,complained,api,\n"
)
MAILPOET = (
    '"Email","First name","Last name","List status","Global status","Subscription IP","Xã/phường","List"\n'
    '"lan@example.vn","Lan","Nguyễn","Subscribed","Subscribed","203.0.113.9","Bắc Sơn","Bản tin"\n'
    '"ba@example.vn","Ba","","Unsubscribed","Subscribed","","","Bản tin"\n'
    '"cu@example.vn","Cu","","Subscribed","Unconfirmed","","","Bản tin"\n'
    '"du@example.vn","Du","","Subscribed","Bounced","","","Bản tin"\n'
)
DECLARED = {
    "commune": Attribute(label={Language.VI: "Xã/phường"}, choices=("Bắc Sơn", "Hữu Lũng")),
    "age": Attribute(label={Language.VI: "Tuổi"}, type="number"),
}


def read(text: str, name: str = "list.csv") -> SubscriberList:
    return SubscriberList(
        io.StringIO(text, newline=""),
        known=KNOWN,
        newsletters=("tin-sang",),
        declared=DECLARED,
        consent="our form",
        name=name,
    )


def outcome(row: SubscriptionRequest | BadRow) -> str:
    """What becomes of a row, in a word."""
    if isinstance(row, BadRow):
        return "bad"
    if row.keeps:
        return "subscribed"
    return str(row.suppress_as) if row.suppress_as else "left" if row.left else "nothing"


@pytest.mark.parametrize(
    ("peer", "text", "outcomes"),
    [
        ("Mailchimp", MAILCHIMP_SUBSCRIBED, ["subscribed"]),
        ("Mailchimp", MAILCHIMP_UNSUBSCRIBED, ["left"]),
        ("Mailchimp", MAILCHIMP_CLEANED, ["hard"]),
        ("listmonk", LISTMONK, ["subscribed", "left", "bad", "bad"]),
        ("Ghost", GHOST, ["subscribed", "left", "left"]),
        ("Substack", SUBSTACK, ["subscribed", "left"]),
        ("Buttondown", BUTTONDOWN, ["subscribed", "left", "nothing", "hard", "complaint"]),
        ("MailPoet", MAILPOET, ["subscribed", "left", "nothing", "hard"]),
    ],
)
def test_the_export_of_a_peer_is_known_and_every_row_read(peer: str, text: str, outcomes: list[str]) -> None:
    listed = read(text)
    assert listed.peer is not None and listed.peer.name == peer
    found = list(listed)
    assert [outcome(row) for row in found] == outcomes
    for row in found:
        if isinstance(row, SubscriptionRequest) and not row.keeps:
            assert row.choice.newsletters == ()
            assert row.opt_out_reason.endswith(f"in {peer}")


@pytest.mark.parametrize(
    ("text", "name", "attributes", "since"),
    [
        (MAILCHIMP_SUBSCRIBED, "Nguyễn Lan", {"commune": "Bắc Sơn"}, "Mailchimp, 2021-03-04 05:08:00"),
        (LISTMONK, "Nguyễn Lan", {"commune": "Bắc Sơn", "age": 30}, "listmonk, 2021-03-04T05:06:07.000008Z"),
        (GHOST, "Nguyễn Lan", {}, "Ghost, 2021-03-04T05:06:07.000Z"),
        (SUBSTACK, "", {}, "Substack, 2021-03-04T05:06:07.000Z"),
        (BUTTONDOWN, "", {"commune": "Bắc Sơn"}, "Buttondown, 2021-03-04 05:06:07+00:00"),
        (MAILPOET, "Nguyễn Lan", {"commune": "Bắc Sơn"}, ""),
    ],
)
def test_name_attributes_and_consent_are_kept(text: str, name: str, attributes: dict[str, object], since: str) -> None:
    first = next(iter(read(text)))
    assert isinstance(first, SubscriptionRequest)
    assert (first.address, first.name, first.attributes) == ("lan@example.vn", name, attributes)
    assert first.consent == (f"our form; {since}" if since else "our form")


def test_mailchimps_list_of_those_who_never_subscribed_subscribes_nobody() -> None:
    (row,) = read(MAILCHIMP_SUBSCRIBED, "nonsubscribed_members_export_1a2b.csv")
    assert outcome(row) == "nothing"


def test_what_cannot_be_read_of_json_is_told_with_its_line() -> None:
    bad = [row for row in read(LISTMONK) if isinstance(row, BadRow)]
    assert bad == [
        BadRow(4, "age: 'x' is not a number; write 12 or 12.5"),
        BadRow(5, "attributes is not JSON: '{nonsense'"),
    ]


def test_who_has_left_there_is_not_lost_because_the_rest_of_the_row_cannot_be_read() -> None:
    header = LISTMONK.partition("\n")[0]
    (row,) = read(f"{header}\nu,lan@example.vn,Lan,{{nonsense,blocklisted,2021-03-04,2021-03-04\n")
    assert outcome(row) == "left"


class TestCommand:
    def test_the_mapping_is_shown_and_what_became_of_each(self, room: Room) -> None:
        file = room.folder / "subscribers.csv"
        file.write_text(BUTTONDOWN.replace("du@", "reader@"), encoding="utf-8")
        said = room.good("subscribers", "import", str(file), "--consent", "our form")
        assert f"{file}: export of Buttondown; reads address from email, status from subscriber_type, " in said
        assert f"{file}: skips 7 columns: notes, metadata, tags, referrer_url, secondary_id, " in said
        assert (
            "1 added, 1 unsubscribed in the list, 1 unconfirmed in the list, 2 suppressed because of the list" in said
        )
        listed = {one["address"]: one["type"] for one in room.run("suppressions", "list", "--json").json}
        assert listed == {"reader@example.vn": "hard", "em@example.vn": "complaint"}
        again = room.run("subscribers", "import", str(file), "--consent", "our form").out
        assert "1 unchanged" in again

    def test_without_a_word_on_consent_nothing_is_imported(self, room: Room) -> None:
        file = room.folder / "members.csv"
        file.write_text(GHOST, encoding="utf-8")
        for more in ((), ("--dry-run",)):
            done = room.run("subscribers", "import", str(file), *more)
            assert (done.code, "does not say how they have agreed; add --consent" in done.err) == (2, True)
        assert len(room.run("subscribers", "list", "--json").json) == 1

    def test_config_yaml_may_say_it_once_and_the_import_repeats_it(self, room: Room) -> None:
        room.configure(("contact: toasoan", "import_consent: lớp tập huấn 2026\n  contact: toasoan"))
        file = room.folder / "list.csv"
        file.write_text("address\nan@example.com\n", encoding="utf-8")
        assert "as site.import_consent says: lớp tập huấn 2026" in room.good("subscribers", "import", str(file))
        assert "as site.import_consent" not in room.good("subscribers", "import", str(file), "--consent", "form")
        assert "lớp tập huấn 2026" not in room.good("subscribers", "show", "an@example.com"), "the last word counts"

    def test_refused_rows_are_written_to_a_file_with_line_and_reason(self, room: Room) -> None:
        room.good("subscribers", "add", "gone@example.com")
        room.good("subscribers", "unsubscribe", "gone@example.com")
        file, refused = room.folder / "list.csv", room.folder / "refused.csv"
        file.write_text("address,consent\nno,x\ngone@example.com,x\nan@example.com,x\n=1+1,x\n", encoding="utf-8")
        done = room.run("subscribers", "import", str(file), "--refused", str(refused))
        assert done.code == 1
        lines = refused.read_text(encoding="utf-8-sig").splitlines()
        assert [line.split(",")[0] for line in lines] == ["line", "2", "5", ""]
        assert lines[1].endswith("it has no @") and "gone@example.com is not subscribed to tin-sang" in lines[3]
        assert refused.stat().st_mode & 0o077 == 0
