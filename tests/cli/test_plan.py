"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

from support.newsroom import Room


def test_plan_and_preflight_say_that_they_read_no_source(room: Room) -> None:
    hint = "among the articles gathered so far; `distributor gather` reads the sources"
    assert f"nothing would be sent now: nothing new ({hint})" in room.good("plan")
    assert f"Nothing to check: nothing new ({hint})" in room.good("preflight", "tin-sang")


def test_plan_says_what_goes_in_what_waits_and_why(room: Room) -> None:
    room.good("gather")
    room.configure(("    title: Tin sáng\n", "    title: Tin sáng\n    max_articles: 1\n"))
    said = room.good("plan")
    assert "edition 1 would be sent to 1 subscriber with 1 article" in said
    assert "carried" in said
    assert "the edition was full (maximum 1); goes into the next one" in said


def test_an_audience_leaves_out_and_plan_send_and_why_say_so(room: Room) -> None:
    """Of three subscribers one is in it; the alert and the daily email are for the same."""
    config = room.folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    wanted = "    title: Tin sáng\n    audience: commune == 'Bắc Sơn' and language == 'vi'\n"
    declared = "attributes: {commune: {label: {vi: Xã/phường}}}\n"
    config.write_text(declared + text.replace("    title: Tin sáng\n", wanted, 1), encoding="utf-8")
    room.good("subscribers", "add", "an@example.com", "--attribute", "commune=Bắc Sơn")
    room.good("subscribers", "add", "ba@example.com", "--attribute", "commune=Hữu Lũng", "--frequency", "daily")
    room.good("gather")
    said = room.good("plan")
    assert "would be sent to 1 subscriber with 2 articles" in said
    assert "not for 1 subscriber: not in its audience (commune == 'Bắc Sơn' and language == 'vi')" in said
    assert "daily email for" not in said
    room.good("send", "tin-sang", "--yes")
    assert "sent" in room.good("why", "an@example.com")
    why = room.good("why", "ba@example.com")
    assert (
        "They are not in the audience of tin-sang, so they do not get it: what is known of them does not meet " in why
    )
    assert "tin-sang-1: not for them: what is known of them does not meet `commune == 'Bắc Sơn'`." in why


def test_attributes_stand_in_the_emails_and_templates_with_others_are_refused(room: Room) -> None:
    config = room.folder / "config.yaml"
    declared = (
        "attributes: {commune: {label: {vi: Xã/phường}}, born: {label: {vi: Ngày sinh}, type: date},"
        " farmer: {label: {vi: Làm nông}, type: yes_no}}\n"
    )
    config.write_text(declared + config.read_text(encoding="utf-8"), encoding="utf-8")
    template = room.folder / "templates" / "email" / "digest.txt.j2"
    template.parent.mkdir(parents=True)
    ours = (Path(__file__).parents[2] / "templates" / "email" / "digest.txt.j2").read_text(encoding="utf-8")
    line = 'Xã/phường: {{ subscriber.commune or "chưa rõ" }}; {{ subscriber.born }}; {{ subscriber.farmer }}.'
    template.write_text(f"{line}\n{ours}", encoding="utf-8")
    values = ("--attribute", "commune=Bắc <Sơn>", "--attribute", "born=1990-02-03", "--attribute", "farmer=yes")
    room.good("subscribers", "add", "an@example.com", *values)
    room.good("gather")
    room.good("send", "tin-sang", "--yes")
    found = sorted(_plain_text(file).splitlines()[0] for file in room.letters())
    assert found == ["Xã/phường: Bắc <Sơn>; 03/02/1990; có.", "Xã/phường: chưa rõ; ; ."]
    template.write_text("{{ subscriber.commun }}", encoding="utf-8")
    said = room.run("check")
    assert said.code == 2
    assert (
        "templates/email/digest.txt.j2:1: there is no subscriber.commun; there are: address, born, commune" in said.err
    )


def _plain_text(file: Path) -> str:
    part = email.message_from_bytes(file.read_bytes(), policy=email.policy.default).get_body(("plain",))
    assert part
    return str(part.get_content())
