"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

from pathlib import Path

from support.newsroom import Room


def test_a_listing_is_explained_link_by_link_and_nothing_is_stored(room: Room, tmp_path: Path) -> None:
    copy = tmp_path / "cong"
    copy.mkdir()
    (copy / "index.html").write_text(
        "<a href='#noi-dung'>Truy cập nội dung luôn</a><h3><a href='a-1.html'>Khởi công đường tỉnh 254</a></h3>"
        "<p>24/11/2026</p><h3><a href='javascript:f()'>Xã vùng cao mở phiên chợ</a></h3>",
        encoding="utf-8",
    )
    room.configure(
        ("sources:\n", f"sources:\n  cong: {{type: page, url: 'https://bacson.example/tin/', folder: '{copy}'}}\n")
    )
    said = room.good("gather", "--explain", "cong")
    assert said.splitlines()[0] == "cong: 1 article found, 2 links left out; nothing was stored"
    rows = {row.split("  ")[0].strip(): row for row in said.splitlines()[2:]}
    assert "2026-11-24 00:00  Khởi công đường tỉnh 254" in rows["yes"]
    assert "https://bacson.example/tin/a-1.html" in rows["yes"]
    assert any("Truy cập nội dung luôn" in row and "leads to a place on this page" in row for row in said.splitlines())
    assert "note: 1 headline has no address, only a script" in said
    (told,) = room.run("gather", "--explain", "cong", "--json").json
    assert [link["taken"] for link in told["links"]] == [True, False, False]
    assert told["links"][0]["headline"] == "Khởi công đường tỉnh 254"
    assert room.run("articles", "--json").json == []
    assert room.run("gather", "--explain", "cogn").code == 2
    (copy / "index.html").unlink()
    failed = room.run("gather", "--explain", "cong")
    assert failed.code == 1
    assert failed.err.startswith("warning: source cong: https://bacson.example/tin/: ")


def test_any_source_can_be_explained(room: Room) -> None:
    assert "bai-viet: 2 articles found, 0 links left out; nothing was stored" in room.good("gather", "--explain")
