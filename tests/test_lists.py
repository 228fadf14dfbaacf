"""Lists as people and other systems make them: every row is taken, or told with its line."""

from __future__ import annotations

import codecs
import io
import re
import resource
import unicodedata
from datetime import UTC
from pathlib import Path

import pytest
from builders import NOW
from fixtures_newsroom import Room
from hypothesis import given
from hypothesis import strategies as st

from distributor.model import Frequency, Language, OptOut, Subscriber, Suppression
from distributor.subscribers.application import Application, clean_topics
from distributor.subscribers.encoding import Encoding, detect
from distributor.subscribers.exchange import SubscriberList, write_csv
from distributor.subscribers.records import LONGEST, BadRow
from distributor.subscribers.suppressed import SuppressionList
from distributor.text import clean_line

KNOWN = ("tin-sang", "kinh-te")


def rows(text: str, newsletters: tuple[str, ...] = ("tin-sang",)) -> list[Application | BadRow]:
    return list(SubscriberList(io.StringIO(text, newline=""), known=KNOWN, newsletters=newsletters))


def people(text: str) -> dict[str, str]:
    """The good rows: names by address."""
    return {one.address: one.name for one in rows(text) if isinstance(one, Application)}


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
            ("b@x.vn,Anh\0Ba", "holds a NUL character"),
            ("b@x.vn," + "x" * LONGEST, f"is longer than {LONGEST} characters"),
            ("b@x.vn,Anh Ba,x", "has 3 fields, but the header has 2; is a comma not in quotes?"),
            ("b@x.vn; c@x.vn,Anh Ba", "holds several addresses"),
            ('"b@x.vn, c@x.vn",Anh Ba', "holds several addresses"),
            ("b@x.vn c@x.vn,Anh Ba", "holds several addresses"),
            ('"Ba <b@x.vn>, Tư <c@x.vn>",Anh Ba', "is not an address, but several"),
            ('b@x.vn,"' + "Ba " * 100 + '"', "the name is longer than 200 characters"),
        ],
    )
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_a_bad_row_is_told_with_its_line_and_those_around_it_are_taken(
        self, bad: str, reason: str, end: str
    ) -> None:
        text = end.join(["address,name", "a@x.vn,An", bad, "d@x.vn,Dũng", 'e@x.vn,"Em ""Bé"""', ""])
        assert people(text) == {"a@x.vn": "An", "d@x.vn": "Dũng", "e@x.vn": 'Em "Bé"'}
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
        assert people(f"address,name\n{row}\nb@x.vn,B\n") == {"a@x.vn": name, "b@x.vn": "B"}

    def test_a_note_of_several_lines_that_nobody_reads_is_no_fault(self) -> None:
        text = 'Notes,E-mail 1 - Value,Name\n"gặp ở\r\nHà Nội, ""cà phê""",a@x.vn,An\n,b@x.vn,Bình\n'
        assert people(text) == {"a@x.vn": "An", "b@x.vn": "Bình"}

    def test_a_cell_of_several_lines_that_is_read_makes_a_bad_row_told_once(self) -> None:
        text = 'address,name\na@x.vn,"An\nBình\n"\nc@x.vn,Cúc\nd@x.vn\n\ne@,\n'
        assert people(text) == {"c@x.vn": "Cúc", "d@x.vn": ""}
        assert list(faults(text)) == [2, 8]
        assert faults(text)[2] == "holds a line end in the column name"

    def test_no_cell_ever_holds_another_row(self) -> None:
        """Two forgotten quotes, with rows between them that would all be one name."""
        text = 'address,name\na@x.vn,"An\nb@x.vn,B\nc@x.vn,C"\nd@x.vn,D\n'
        assert people(text) == {"b@x.vn": "B", "d@x.vn": "D"}
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
        found, told = people(text), faults(text)
        for address, line in lines:
            assert address in found or any(bad <= line for bad in told)
            assert not any(address in name for name in found.values())

    def test_wild_rows_cost_nothing_but_themselves(self) -> None:
        text = "address,name\n" + "".join(f's{number}@x.vn,"S\n' for number in range(5000)) + "last@x.vn,L\n"
        assert people(text) == {"last@x.vn": "L"}
        assert len(faults(text)) == 5000


class TestHeaders:
    @pytest.mark.parametrize("cut", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("sep", [False, True])
    def test_fields_are_parted_as_the_header_shows_or_the_first_line_says(self, cut: str, sep: bool) -> None:
        text = (f"sep={cut}\r\n" if sep else "") + cut.join(["name", "address"]) + f'\r\n"Lan{cut} Bé"{cut}a@x.vn\r\n'
        assert people(text) == {"a@x.vn": f"Lan{cut} Bé".replace("\t", "")}

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
             "", ("active_subscription", "expiry", "plan", "created_at")),
            # Ghost
            ("id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels",
             "1,a@x.vn,An,,true,false,,2024-01-01,,", "An",
             ("id", "note", "complimentary_plan", "stripe_customer_id", "created_at", "labels")),
            # beehiiv
            ("Email,Status,Subscription Tier,Created At", "a@x.vn,active,free,2024-01-01", "",
             ("Subscription Tier", "Created At")),
            # MailerLite
            ("Subscriber,Status,Name,Last name,Country", "a@x.vn,Active,An,Trần,VN", "Trần An", ("Country",)),
            # listmonk
            ("uuid,email,name,attributes,status,created_at,updated_at", 'u,a@x.vn,An,"{""a"": 1}",enabled,x,x', "An",
             ("uuid", "attributes", "created_at", "updated_at")),
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
        assert isinstance(one, Application), one
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
        assert list(people(f"address,name\n{written},\n")) == [address]


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
        assert isinstance(one, Application)
        assert (one.choice.newsletters, one.left, one.keeps) == ((), ("tin-sang",) if left else (), False)

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
        assert isinstance(one, Application) and one.choice.newsletters == ("tin-sang",)

    def test_a_state_that_nobody_knows_makes_a_bad_row(self) -> None:
        assert faults("email,status\na@x.vn,lunar\n") == {
            2: "status 'lunar' is not known: does it mean subscribed, or not?"
        }

    def test_of_two_columns_that_disagree_the_one_against_it_counts(self) -> None:
        (one,) = rows("email,status,UNSUB_TIME\na@x.vn,subscribed,2024-01-01\n")
        assert isinstance(one, Application) and one.left

    def test_a_full_list_of_another_system_suppresses_nobody_who_is_subscribed_there(self) -> None:
        text = "email,status\na@x.vn,enabled\nb@x.vn,blocklisted\nc@x.vn,5.1.1\n"
        bad, *good = SuppressionList(io.StringIO(text, newline=""), now=NOW, zone=UTC)
        assert isinstance(bad, BadRow) and bad.line == 2 and "so there is nothing to suppress" in bad.reason
        assert [one.address for one in good if isinstance(one, Suppression)] == ["b@x.vn", "c@x.vn"]


VIETNAMESE = "address,name\na@x.vn,Nguyễn Thị Thảo\nb@x.vn,Trần Đức Hưởng\nc@x.vn,Lê Văn Tĩnh\n"
WESTERN = "address,name\na@x.vn,José Núñez\nb@x.vn,Jürgen Groß\nc@x.vn,João Magalhães\nd@x.vn,Nicolò D’Angelo\n"


def windows_1258(text: str) -> bytes:
    """As Windows writes it: letters with hat, horn or breve whole, tones as signs of their own."""
    made = b""
    for letter in text:
        try:
            made += letter.encode("windows-1258")
        except UnicodeEncodeError:
            plain = unicodedata.normalize("NFD", letter)
            tone = next(sign for sign in plain if sign in "\u0300\u0301\u0303\u0309\u0323")
            made += (unicodedata.normalize("NFC", plain.replace(tone, "")) + tone).encode("windows-1258")
    return made


class TestEncodings:
    @pytest.mark.parametrize(
        ("body", "name"),
        [
            (VIETNAMESE.encode(), "utf-8-sig"),
            (codecs.BOM_UTF8 + VIETNAMESE.encode(), "utf-8-sig"),
            (VIETNAMESE.encode("utf-16"), "utf-16"),
            (codecs.BOM_UTF16_BE + VIETNAMESE.encode("utf-16-be"), "utf-16"),
            (VIETNAMESE.encode("utf-16-le"), "utf-16-le"),
            (VIETNAMESE.encode("utf-16-be"), "utf-16-be"),
            (VIETNAMESE.encode("utf-32"), "utf-32"),
            (windows_1258(VIETNAMESE), "windows-1258"),
            (WESTERN.encode("windows-1252"), "windows-1252"),
            (b"", "utf-8-sig"),
        ],
    )
    def test_each_is_known_by_its_bytes_and_read_to_the_letter(self, body: bytes, name: str, tmp_path: Path) -> None:
        found = detect(io.BytesIO(body))
        assert (found.name, found.damaged) == (name, False)
        (tmp_path / "list.csv").write_bytes(body)
        with (tmp_path / "list.csv").open(encoding=found.name, newline="") as file:
            text = file.read()
        if body:
            assert people(text) == people(WESTERN if name == "windows-1252" else VIETNAMESE)

    @pytest.mark.parametrize(
        "name", [b"Nguy\xd4n", b"Tr\xc7n V\xa8n", b"Nguye\xe3n Va\xea n", b"L\xaa \x81", b"Andr\x8e"]
    )
    def test_letters_that_make_no_sense_are_refused_rather_than_guessed(self, name: bytes) -> None:
        """TCVN3, VNI, and what no Windows writes."""
        body = b"address,name\n" + b"".join(b"s%d@x.vn,%b\n" % (number, name) for number in range(9))
        with pytest.raises(ValueError, match="is not UTF-8 text; save it as CSV UTF-8, or name its encoding"):
            detect(io.BytesIO(body))

    @pytest.mark.parametrize(
        "begin", [b"PK\x03\x04\x14\x00", b"PK\x03\x04abc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00"]
    )
    def test_a_workbook_is_named_as_such(self, begin: bytes) -> None:
        with pytest.raises(
            ValueError, match="is a workbook of a spreadsheet program; open it there and save it as CSV"
        ):
            detect(io.BytesIO(begin + bytes(40)))

    def test_a_few_bad_bytes_among_good_letters_leave_it_utf_8(self) -> None:
        assert detect(io.BytesIO(VIETNAMESE.encode() + b"d@x.vn,Andr\xe9\n")) == Encoding("utf-8-sig", damaged=True)

    @given(st.binary(max_size=400))
    def test_whatever_the_bytes_are_they_are_read_or_refused_in_words(self, body: bytes) -> None:
        try:
            found = detect(io.BytesIO(body))
        except ValueError as error:
            assert "is not UTF-8 text" in str(error)
            return
        errors = "surrogateescape" if found.name == "utf-8-sig" else "replace"
        text = io.TextIOWrapper(
            io.BytesIO(body), encoding=found.name, errors=errors if found.damaged else "strict", newline=""
        )
        try:
            list(SubscriberList(text, known=KNOWN, newsletters=("tin-sang",)))
        except ValueError as error:
            assert str(error).startswith("line ")


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
        assert isinstance(back, Application), back
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
        room.good("subscribers", "remove", "lan@example.com")
        (room.folder / "gone.csv").write_text("email,status\nmai@example.com,unsubscribed\n", encoding="utf-8")
        room.good("subscribers", "import", str(room.folder / "gone.csv"))
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


class TestCommand:
    def test_who_has_left_elsewhere_is_counted_and_comes_with_no_later_list(self, room: Room) -> None:
        first, later = room.folder / "mc.csv", room.folder / "later.csv"
        first.write_text(
            "Email Address,First Name,Status\nlan@example.com,Lan,cleaned\nb@x.vn,B,Unsubscribed\nc@x.vn,C,pending\n"
            "d@x.vn,D,subscribed\n",
            encoding="utf-8",
        )
        done = room.run("subscribers", "import", str(first))
        assert (done.code, done.err) == (0, "")
        assert "2 not subscribed, as the list says that they have left, " in done.out
        assert "1 not subscribed, as the list says that they have not confirmed, 1 added" in done.out
        later.write_text("email\nb@x.vn\nlan@example.com\nc@x.vn\n", encoding="utf-8")
        assert "2 kept off, 1 added" in room.run("subscribers", "import", str(later)).out
        on = {one["address"] for one in room.run("subscribers", "list", "tin-sang", "--json").json}
        assert on == {"c@x.vn", "d@x.vn"}

    def test_columns_that_matter_to_nobody_are_named_once(self, room: Room) -> None:
        file = room.folder / "mc.csv"
        file.write_text("Email Address,TIMEZONE,TAGS\nb@x.vn,Asia/Saigon,\n", encoding="utf-8")
        said = room.good("subscribers", "import", str(file)).splitlines()
        assert said == [f"{file}: skips 2 columns: TIMEZONE, TAGS", f"{file}: 1 good row, 0 bad rows; 1 added"]

    def test_an_encoding_can_be_named_and_a_guess_is_told(self, room: Room) -> None:
        file = room.folder / "old.csv"
        file.write_bytes(windows_1258("address,name\nb@x.vn,Nguyễn Hưởng\n"))
        assert "read as windows-1258; if letters are wrong" in room.good("subscribers", "import", str(file))
        file.write_bytes("address,name\nc@x.vn,Żółć\n".encode("iso-8859-2"))
        room.good("subscribers", "import", str(file), "--encoding", "iso-8859-2")
        names = {one["address"]: one["name"] for one in room.run("subscribers", "list", "--json").json}
        assert (names["b@x.vn"], names["c@x.vn"]) == ("Nguyễn Hưởng", "Żółć")
        refused = room.run("subscribers", "import", str(file), "--encoding", "klingon")
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)

    def test_a_line_that_never_ends_takes_no_memory(self, room: Room) -> None:
        file = room.folder / "long.csv"
        with file.open("wb") as out:
            out.write(b"address,name\na@x.vn,A\n")
            out.seek(300_000_000, 1)  # NULs, none of them on the disk
            out.write(b"\nb@x.vn,B\n")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        done = room.run("subscribers", "import", str(file))
        assert (done.code, "2 good rows, 1 bad row" in done.out) == (1, True)
        assert f"{file}:3: is longer than" in done.err
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes
