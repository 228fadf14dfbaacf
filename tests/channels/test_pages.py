"""Web copies of editions and articles as files; corrections show in them."""

from __future__ import annotations

from distributor import pipeline
from distributor.model import Notice, NoticeKind
from support.clocked_newsroom import Line, text_of


def paged(line: Line) -> Line:
    line.config = line.config.replace("channels: [mail, feeds, posts]", "channels: [mail, feeds, pages, posts]")
    line.config += '  pages: {type: pages, folder: web, url: "https://news.bacson.example"}\n'
    return line


def page(line: Line, name: str) -> str:
    return (line.folder / "web" / name).read_text(encoding="utf-8")


def test_an_edition_and_its_articles_have_pages_and_letters_link_to_them(line: Line) -> None:
    paged(line).subscribe("moi")
    first, second = line.arrives("a"), line.arrives("b")
    line.day()
    assert "Tin a của tỉnh nhà" in page(line, "tin-sang-1.html")
    assert "Tin b của tỉnh nhà" in page(line, "tin-sang-1.html")
    assert '<link rel="canonical" href="https://bacson.example/tin/a"' in page(line, f"a/{first}.html")
    assert "Nội dung của tin b." in page(line, f"a/{second}.html")
    assert "https://news.bacson.example/tin-sang-1.html" in text_of(line.mailbox("moi")[0])


def test_a_correction_and_a_withdrawal_show_in_the_pages(line: Line) -> None:
    paged(line)
    first, second = line.arrives("a"), line.arrives("b")
    line.day()
    for kind, id in (("correction", first), ("withdrawal", second)):
        notice = Notice(NoticeKind(kind), "Sửa chiều dài." if kind == "correction" else "Cơ quan đề nghị gỡ.", line.now)
        plan = pipeline.plan_correction(line.newsroom, line.store, id, notice, mail=False)
        pipeline.apply_correction(line.newsroom, line.store, plan, "Lan")
    line.deliver()
    whole = page(line, "tin-sang-1.html")
    assert "[Đã gỡ] Tin b của tỉnh nhà" in whole
    assert "Sửa chiều dài." in page(line, f"a/{first}.html")
    assert "Cơ quan đề nghị gỡ." in page(line, f"a/{second}.html")
    assert "Nội dung của tin b." not in page(line, f"a/{second}.html")
    assert not (line.folder / "web" / "tin-sang-c1.html").exists()
