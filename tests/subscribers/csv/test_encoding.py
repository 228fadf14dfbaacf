"""The encoding of a list: it is known by its bytes, or the list is refused."""

from __future__ import annotations

import codecs
import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.subscribers.csv.encoding import Encoding, detect
from distributor.subscribers.csv.subscribers import SubscriberList
from subscribers.csv.subscriber_lists import KNOWN, names_by_address, windows_1258

VIETNAMESE = "address,name\na@x.vn,Nguyễn Thị Thảo\nb@x.vn,Trần Đức Hưởng\nc@x.vn,Lê Văn Tĩnh\n"
WESTERN = "address,name\na@x.vn,José Núñez\nb@x.vn,Jürgen Groß\nc@x.vn,João Magalhães\nd@x.vn,Nicolò D’Angelo\n"


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
            assert names_by_address(text) == names_by_address(WESTERN if name == "windows-1252" else VIETNAMESE)

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
    @example(b"\xe1\x8d")  # a letter that the end of the file leaves unfinished
    def test_whatever_the_bytes_are_they_are_read_or_refused_in_words(self, body: bytes) -> None:
        try:
            found = detect(io.BytesIO(body))
        except ValueError as error:
            assert any(words in str(error) for words in ("is not UTF-8 text", "is a workbook"))
            return
        errors = "surrogateescape" if found.name == "utf-8-sig" else "replace"
        text = io.TextIOWrapper(
            io.BytesIO(body), encoding=found.name, errors=errors if found.damaged else "strict", newline=""
        )
        try:
            list(SubscriberList(text, known=KNOWN, newsletters=("tin-sang",)))
        except ValueError as error:
            assert str(error).startswith("line ")
