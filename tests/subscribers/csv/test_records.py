"""Records of CSV files: blocks of plain lines are read at once, and give what line by line gives."""

from __future__ import annotations

import io
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.subscribers.csv import records
from distributor.subscribers.csv.records import BadRow, CsvRecords, Row

PIECES = st.sampled_from(
    ["a", "b@x.vn", " ", ",", ",", ";", '"', '"', '""', '"x"', "\n", "\n", "\r\n", "\r", "\0", "'=", "é", "\u2028"]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


def everything(text: str, delimiter: str) -> list[Row | BadRow]:
    read = CsvRecords(io.StringIO(text, newline=""), delimiter, width=4)
    return [row for block in read for row in block.rows]


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, delimiter=st.sampled_from(",;"), size=st.integers(1, 30))
def test_blocks_of_any_size_give_what_line_by_line_gives(text: str, delimiter: str, size: int) -> None:
    with patch.object(records, "MAX_RECORD_LENGTH", 30):
        with patch.object(records, "_plain_lines", lambda _block, _delimiter: None):
            slowly = everything(text, delimiter)
        assert everything(text, delimiter) == slowly
        with patch.object(CsvRecords, "_read_block", lambda self: _small_block(self, size)):
            assert everything(text, delimiter) == slowly


def _small_block(read: CsvRecords, size: int) -> str:
    block = read._file.read(size)
    if block and not block.endswith("\n"):
        block += read._file.readline(records.MAX_RECORD_LENGTH + 1)
    return block


def test_plain_lines_with_quoted_fields_are_read_at_once() -> None:
    for line in ('a@x.vn,"An, Ba","say ""x""",c', "a@x.vn,An,,", 'a@x.vn, "An",x'):
        assert records._plain_lines(f"{line}\r\n{line}\n{line}", ",")
    for line in ('a@x.vn,"An', 'a@x.vn,An"', 'a@x.vn,"An" x', "a@x.vn\rb", "a\0"):
        assert records._plain_lines(f"a@x.vn,An\n{line}\n", ",") is None
