"""A page as text runs, and the tree with some of them only."""

from __future__ import annotations

import lxml.html

from distributor.gathering.extraction.text_runs import prune_tree, read_runs

SENTENCE = "Sáng nay, xã Tân Lập bàn giao mười căn nhà cho các hộ nghèo trong xã."
PAGE = f"<div><p>{SENTENCE}</p><p>Xem <a href='/a'>tin khác</a></p><img src='/1.jpg'><p>Hết <b>bài</b></p></div>"


def test_a_run_ends_at_the_edge_of_a_block_and_knows_its_links() -> None:
    read = read_runs(lxml.html.fromstring(PAGE))
    assert [(run.text, run.links, run.is_prose) for run in read.runs] == [
        (SENTENCE, 0, True),
        ("Xem tin khác", 8, False),
        ("Hết bài", 0, False),
    ]
    assert [len(read.span(element)) for element in read.root.iter("div", "p", "b")] == [3, 1, 1, 1, 1]


def test_a_tree_keeps_the_markup_of_its_runs_and_the_pictures_among_them() -> None:
    read = read_runs(lxml.html.fromstring(PAGE))
    kept = lxml.html.tostring(prune_tree(read, [True, False, True]), encoding="unicode")
    assert kept == f'<div><div><p>{SENTENCE}</p><img src="/1.jpg"><p>Hết <b>bài</b></p></div></div>'
    assert lxml.html.tostring(prune_tree(read, [False] * 3)) == b"<div></div>"


def test_nothing_of_what_is_gone_is_left() -> None:
    read = read_runs(lxml.html.fromstring(PAGE))
    linked = list(read.root.iter("p"))[1]
    kept = prune_tree(read, [True, True, False], {linked})
    assert str(kept.text_content()) == SENTENCE
