"""Lists of subscribers as staff and other systems write them: every row is taken, or reported with its line."""

from __future__ import annotations

import codecs
import io
import re
from datetime import UTC
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.config.web import Attribute
from distributor.model import Frequency, Language, OptOut, Subscriber, Suppression
from distributor.subscribers.csv.records import MAX_RECORD_LENGTH, BadRow
from distributor.subscribers.csv.subscribers import SubscriberList, write_csv
from distributor.subscribers.csv.suppressions import SuppressionList
from distributor.subscribers.requests import SubscriptionRequest, clean_topics
from distributor.text import clean_line
from subscribers.csv.subscriber_lists import KNOWN, names_by_address, rows
from support.builders import NOW
from support.newsroom import Room


def faults(text: str) -> dict[int, str]:
    return {one.line: one.reason for one in rows(text) if isinstance(one, BadRow)}


class TestQuotes:
    """A quote too many costs its own row, and never one behind it."""

    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            ('b@x.vn,"Anh Ba', "a quote is opened and not closed"),
            ('"b@x.vn,Anh Ba', "a quote is opened and not closed"),
            ('b@x.vn,"Anh "Ba" Sáu"', "a quote stands inside a quoted field"),
            ('b@x.vn,"Anh Ba" Sáu', "a quote stands inside a quoted field"),
            ('b@x.vn,Anh Ba"', "a quote is closed that was not opened"),
            ("b@x.vn,Anh\0Ba", "contains a NUL character"),
            ("b@x.vn," + "x" * MAX_RECORD_LENGTH, f"is longer than {MAX_RECORD_LENGTH} characters"),
            ("b@x.vn,Anh Ba,x", "has 3 fields, but the header has 2; is a comma not in quotes?"),
            ("b@x.vn; c@x.vn,Anh Ba", "contains several addresses"),
            ('"b@x.vn, c@x.vn",Anh Ba', "contains several addresses"),
            ("b@x.vn c@x.vn,Anh Ba", "contains several addresses"),
            ('"Ba <b@x.vn>, Tư <c@x.vn>",Anh Ba', "is not an address, but several"),
            ('b@x.vn,"' + "Ba " * 100 + '"', "the name is longer than 200 characters"),
        ],
    )
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_a_bad_row_is_told_with_its_line_and_those_around_it_are_taken(
        self, bad: str, reason: str, end: str
    ) -> None:
        text = end.join(["address,name", "a@x.vn,An", bad, "d@x.vn,Dũng", 'e@x.vn,"Em ""Bé"""', ""])
        assert names_by_address(text) == {"a@x.vn": "An", "d@x.vn": "Dũng", "e@x.vn": 'Em "Bé"'}
        assert list(faults(text)) == [3]
        assert reason in faults(text)[3]

    @pytest.mark.parametrize(
        ("row", "name"),
        [
            ('a@x.vn,Anh 5" Ba', 'Anh 5" Ba'),
            ('a@x.vn,Anh "Tí" Ba', 'Anh "Tí" Ba'),
            ('a@x.vn,Anh "Tí"', 'Anh "Tí"'),
            ('a@x.vn, "Trần, Minh" ', "Trần, Minh"),
            ('"a@x.vn","Trần ""Tí"" Minh"', 'Trần "Tí" Minh'),
            ('a@x.vn,""', ""),
        ],
    )
    def test_quotes_that_are_letters_or_well_set_are_read(self, row: str, name: str) -> None:
        assert names_by_address(f"address,name\n{row}\nb@x.vn,B\n") == {"a@x.vn": name, "b@x.vn": "B"}

    def test_a_note_of_several_lines_that_nobody_reads_is_no_fault(self) -> None:
        text = 'Notes,E-mail 1 - Value,Name\n"gặp ở\r\nHà Nội, ""cà phê""",a@x.vn,An\n,b@x.vn,Bình\n'
        assert names_by_address(text) == {"a@x.vn": "An", "b@x.vn": "Bình"}

    def test_a_cell_of_several_lines_that_is_read_makes_a_bad_row_told_once(self) -> None:
        text = 'address,name\na@x.vn,"An\nBình\n"\nc@x.vn,Cúc\nd@x.vn\n\ne@,\n'
        assert names_by_address(text) == {"c@x.vn": "Cúc", "d@x.vn": ""}
        assert list(faults(text)) == [2, 8]
        assert faults(text)[2] == "contains a line end in the column name"

    def test_no_cell_ever_holds_another_row(self) -> None:
        """Two forgotten quotes, with rows between them that would all be one name."""
        text = 'address,name\na@x.vn,"An\nb@x.vn,B\nc@x.vn,C"\nd@x.vn,D\n'
        assert names_by_address(text) == {"b@x.vn": "B", "d@x.vn": "D"}
        assert list(faults(text)) == [2, 4]

    @given(
        st.lists(st.text(alphabet='ab",;\n\r @', max_size=12), max_size=8),
        st.sampled_from(["\n", "\r\n", "\r"]),
    )
    def test_whatever_stands_between_them_good_rows_are_all_taken_or_told(self, wild: list[str], end: str) -> None:
        """A row behind wild bytes is lost in no case: it is a row, or the line on which it stands is told as bad."""
        text = "address,name" + end
        lines = []
        for number, one in enumerate(wild):
            text += one + end
            lines.append((f"s{number}@x.vn", 1 + text.replace("\r\n", "\n").replace("\r", "\n").count("\n")))
            text += f"s{number}@x.vn,S{end}"
        found, told = names_by_address(text), faults(text)
        for address, line in lines:
            assert address in found or any(bad <= line for bad in told)
            assert not any(address in name for name in found.values())

    def test_wild_rows_cost_nothing_but_themselves(self) -> None:
        text = "address,name\n" + "".join(f's{number}@x.vn,"S\n' for number in range(5000)) + "last@x.vn,L\n"
        assert names_by_address(text) == {"last@x.vn": "L"}
        assert len(faults(text)) == 5000


class TestHeaders:
    @pytest.mark.parametrize("cut", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("sep", [False, True])
    def test_fields_are_parted_as_the_header_shows_or_the_first_line_says(self, cut: str, sep: bool) -> None:
        text = (f"sep={cut}\r\n" if sep else "") + cut.join(["name", "address"]) + f'\r\n"Lan{cut} Bé"{cut}a@x.vn\r\n'
        assert names_by_address(text) == {"a@x.vn": f"Lan{cut} Bé".replace("\t", "")}

    def test_lines_are_counted_from_the_first_of_the_file(self) -> None:
        assert list(faults("sep=;\naddress;name\nno;An\n")) == [3]

    @pytest.mark.parametrize(
        ("header", "row", "name", "skipped"),
        [
            # Mailchimp: its Address is a street
            ("Email Address,First Name,Last Name,Address,MEMBER_RATING,NOTES,TAGS", 'a@x.vn,An,Trần,12 phố Huế,2,,"""vip"""',
             "Trần An", ("Address", "MEMBER_RATING", "NOTES", "TAGS")),
            # Substack
            ("email,active_subscription,expiry,plan,email_disabled,created_at", "a@x.vn,false,,other,false,2024-01-01",
             "", ("active_subscription", "expiry", "plan")),
            # Ghost
            ("id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels",
             "1,a@x.vn,An,,true,false,,2024-01-01,,", "An",
             ("id", "note", "complimentary_plan", "stripe_customer_id", "labels")),
            # beehiiv
            ("Email,Status,Subscription Tier,Created At", "a@x.vn,active,free,2024-01-01", "",
             ("Subscription Tier", "Created At")),
            # MailerLite
            ("Subscriber,Status,Name,Last name,Country", "a@x.vn,Active,An,Trần,VN", "Trần An", ("Country",)),
            # listmonk
            ("uuid,email,name,attributes,status,created_at,updated_at", 'u,a@x.vn,An,"{""a"": 1}",enabled,x,x', "An",
             ("uuid", "updated_at")),
            # Google Contacts
            ("First Name,Middle Name,Last Name,Notes,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value",
             "An,Thị,Trần,,* Home,a@x.vn,b@x.vn", "Trần Thị An", ("Notes", "E-mail 1 - Label", "E-mail 2 - Value")),
            # Outlook
            ("First Name,Last Name,E-mail Address,E-mail Type,Language", "An,Smith,a@x.vn,SMTP,English", "An Smith",
             ("E-mail Type",)),
            # Vietnamese
            ("STT,Họ và tên,Địa chỉ email,Địa chỉ", "1,Trần An,a@x.vn,12 phố Huế", "Trần An", ("STT", "Địa chỉ")),
            ("Họ,Tên,Thư điện tử,Ngôn ngữ", "Trần,An,a@x.vn,Tiếng Việt", "Trần An", ()),
            ("E-Mail,HO TEN", "a@x.vn,Tran An", "Tran An", ()),
        ],
    )  # fmt: skip
    def test_the_columns_of_other_systems_are_known_or_named(
        self, header: str, row: str, name: str, skipped: tuple[str, ...]
    ) -> None:
        read = SubscriberList(io.StringIO(f"{header}\n{row}\n", newline=""), known=KNOWN, newsletters=("tin-sang",))
        (one,) = read
        assert isinstance(one, SubscriptionRequest), one
        assert (one.address, one.name, one.left, one.keeps) == ("a@x.vn", name, (), True)
        assert tuple(read.skipped) == skipped

    @pytest.mark.parametrize(
        ("written", "address"),
        [
            ("Trần An <a@X.vn>", "a@x.vn"),
            ('"""Trần, An"" <a@x.vn>"', "a@x.vn"),
            ('"""a@x.vn"""', "a@x.vn"),
            ("'a@x.vn'", "a@x.vn"),
            ("<a@x.vn>", "a@x.vn"),
            (" a@x.vn \xa0", "a@x.vn"),
            ("\u200ba@x.vn\ufeff", "a@x.vn"),
            ("A@X.VN", "A@x.vn"),
        ],
    )
    def test_addresses_are_read_however_they_were_pasted(self, written: str, address: str) -> None:
        assert list(names_by_address(f"address,name\n{written},\n")) == [address]


class TestStanding:
    @pytest.mark.parametrize(
        ("header", "cell", "left"),
        [
            ("Status", "unsubscribed", True),
            ("status", "Cleaned", True),
            ("status", "bounced", True),
            ("status", "blocklisted", True),
            ("Marketing Status", "Complained", True),
            ("Trạng thái", "Đã hủy đăng ký", True),
            ("type", "unsubscribed", True),
            ("subscribed_to_emails", "false", True),
            ("email_disabled", "true", True),
            ("UNSUB_TIME", "2024-01-01 00:00:00", True),
            ("CLEAN_TIME", "2024-01-01 00:00:00", True),
            ("deleted_at", "2024-01-01", True),
            ("status", "pending", False),
            ("status", "unconfirmed", False),
            ("confirmed", "0", False),
        ],
    )
    def test_who_has_left_or_never_confirmed_there_is_not_subscribed_here(
        self, header: str, cell: str, left: bool
    ) -> None:
        (one,) = rows(f"email,{header}\na@x.vn,{cell}\n")
        assert isinstance(one, SubscriptionRequest)
        assert (one.choice.newsletters, one.keeps) == ((), False)
        assert bool(one.left or one.suppress_as) is left
        if one.left:
            assert one.left == ("tin-sang",)

    @pytest.mark.parametrize(
        ("header", "cell"),
        [
            ("status", "subscribed"), ("Status", "Active"), ("status", ""), ("subscribed_to_emails", "true"),
            ("email_disabled", "false"), ("UNSUB_TIME", ""), ("type", "premium"), ("type", "whatever"),
            ("unsubscribed", "0"), ("Trạng thái", "Đang nhận"),
        ],
    )  # fmt: skip
    def test_who_is_subscribed_there_may_be_here(self, header: str, cell: str) -> None:
        (one,) = rows(f"email,{header}\na@x.vn,{cell}\n")
        assert isinstance(one, SubscriptionRequest) and one.choice.newsletters == ("tin-sang",)

    def test_a_state_that_nobody_knows_makes_a_bad_row(self) -> None:
        assert faults("email,status\na@x.vn,lunar\n") == {
            2: "status 'lunar' is not known: does it mean subscribed, or not?"
        }

    def test_of_two_columns_that_disagree_the_one_against_it_counts(self) -> None:
        (one,) = rows("email,status,UNSUB_TIME\na@x.vn,subscribed,2024-01-01\n")
        assert isinstance(one, SubscriptionRequest) and one.left

    def test_a_full_list_of_another_system_suppresses_nobody_who_is_subscribed_there(self) -> None:
        text = "email,status\na@x.vn,enabled\nb@x.vn,blocklisted\nc@x.vn,5.1.1\n"
        bad, *good = SuppressionList(io.StringIO(text, newline=""), now=NOW, zone=UTC)
        assert isinstance(bad, BadRow) and bad.line == 2 and "so there is nothing to suppress" in bad.reason
        assert [one.address for one in good if isinstance(one, Suppression)] == ["b@x.vn", "c@x.vn"]


WILD = st.text(alphabet="=+-@'＝\t ;,|\\\"abcđẫ\n", max_size=14)


class TestThereAndBack:
    @given(
        name=WILD, topics=st.lists(WILD, max_size=3), consent=WILD,
        lists=st.sets(st.sampled_from(KNOWN)), left=st.sets(st.sampled_from(["", *KNOWN])),
        language=st.sampled_from(Language), frequency=st.sampled_from(Frequency),
        delimiter=st.sampled_from([",", ";", "\t"]), local=st.sampled_from(["lan", "+lan", "=lan", "'lan", "-l.a.n"]),
    )  # fmt: skip
    def test_what_is_exported_comes_back_as_it_was_and_is_no_formula_anywhere(
        self, name: str, topics: list[str], consent: str, lists: set[str], left: set[str], language: Language,
        frequency: Frequency, delimiter: str, local: str,
    ) -> None:  # fmt: skip
        if not lists and not left:
            return
        person = Subscriber(
            id="1", address=f"{local}@x.vn", name=clean_line(name), language=language, newsletters=tuple(sorted(lists)),
            topics=clean_topics(topics), frequency=frequency, consent=clean_line(consent),
        )  # fmt: skip
        opt_outs = [OptOut(address=person.address, newsletter=one, at=NOW, via="staff") for one in sorted(left)]
        file = io.StringIO(newline="")
        assert write_csv(file, [(person, opt_outs)], (), delimiter) == 1
        (back,) = rows(file.getvalue(), ())
        assert isinstance(back, SubscriptionRequest), back
        chosen = back.choice
        assert (back.address, back.name, back.consent, chosen.language, chosen.topics, chosen.frequency) == (
            person.address, person.name, person.consent, language, person.topics, frequency,
        )  # fmt: skip
        assert (set(chosen.newsletters), set(back.left), back.keeps) == (lists, left, True)
        for sign in ",;\t":  # however a spreadsheet parts it
            for cell in file.getvalue().replace("\n", sign).split(sign):
                assert not re.match(r'\s*"?[=+\-@＝]', cell)

    def test_an_export_goes_into_an_empty_newsroom_and_comes_out_the_same(self, room: Room, tmp_path: Path) -> None:
        file, again = tmp_path / "out.csv", tmp_path / "again.csv"
        room.good("subscribers", "add", "hoa@example.com", "--name", "=Hoa; +1", "--topic", "a;b", "--topic", "c\\d")
        room.good("subscribers", "unsubscribe", "lan@example.com")
        (room.folder / "gone.csv").write_text("email,status\nmai@example.com,unsubscribed\n", encoding="utf-8")
        room.good("subscribers", "import", "--consent", "form", str(room.folder / "gone.csv"))
        room.good("subscribers", "export", "-o", str(file))
        assert file.read_bytes().startswith(codecs.BOM_UTF8)
        assert "mai@example.com,,,,,,,tin-sang" in file.read_text(encoding="utf-8")
        (room.folder / "var" / "distributor.db").unlink()
        for beside in (room.folder / "var").glob("distributor.db-*"):
            beside.unlink()
        room.good("subscribers", "import", str(file))
        room.good("subscribers", "export", "-o", str(again))
        assert again.read_bytes() == file.read_bytes()

    def test_what_is_piped_has_no_mark(self, room: Room) -> None:
        assert room.good("subscribers", "export").startswith("address,name,")
        assert room.good("subscribers", "export", "--delimiter", "semicolon").startswith("address;name;")


class TestAttributes:
    declared: ClassVar = {
        "commune": Attribute(label={Language.VI: "Xã/phường", Language.EN: "Commune"}, choices=("Bắc Sơn", "Hữu Lũng")),
        "active": Attribute(label={Language.VI: "Hay đọc"}, type="yes_no"),
        "children": Attribute(label={Language.VI: "Số con"}, type="number"),
    }

    def read(self, text: str) -> SubscriberList:
        return SubscriberList(io.StringIO(text), known=KNOWN, newsletters=("tin-sang",), declared=self.declared)

    def test_columns_are_found_by_name_or_label_before_any_guess(self) -> None:
        listed = self.read("Email;Xã/phường;active;SỐ CON;khác\na@x.vn;hữu lũng;no;2;x\nb@x.vn;;;;\n")
        first, second = [one for one in listed if isinstance(one, SubscriptionRequest)]
        assert first.attributes == {"commune": "Hữu Lũng", "active": False, "children": 2}
        assert (first.keeps, second.attributes, list(listed.skipped)) == (True, {}, ["khác"])

    def test_a_bad_value_is_told_with_its_column(self) -> None:
        (bad,) = self.read("address,commune\na@x.vn,Hà Nội\n")
        assert bad == BadRow(2, "commune: 'Hà Nội' is not one of its choices: Bắc Sơn, Hữu Lũng")

    def test_what_is_written_is_read_back(self) -> None:
        people = [
            Subscriber(id="1", address="a@x.vn", attributes={"commune": "Bắc Sơn", "active": True, "children": -1.5}),
            Subscriber(id="2", address="b@x.vn", attributes={"active": False}),
            Subscriber(id="3", address="c@x.vn"),
        ]
        file = io.StringIO()
        write_csv(file, [(one, ()) for one in people], attributes=tuple(self.declared))
        assert "'-1.5" in file.getvalue(), "a sign that a spreadsheet may take for a formula"
        listed = self.read(file.getvalue())
        assert [one.attributes for one in listed if isinstance(one, SubscriptionRequest)] == [
            one.attributes for one in people
        ]
        assert list(listed.skipped) == []
