"""Sign-ups in the store: one for each address, until it is confirmed or its time is over."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from distributor.model import Frequency, Language
from distributor.storage.database import Database
from distributor.storage.web_tables import signups as table
from distributor.subscribers import signups
from distributor.subscribers.signups import Signup, SignupAsk, SignupWish, merge_signup
from support.builders import NOW

DAY = timedelta(days=1)
WISH = SignupWish(
    language=Language.VI, name="Lan", topics=("Y tế",), frequency=Frequency.DAILY, attributes={"commune": "Bắc Sơn"}
)


def ask(newsletter: str, at: datetime = NOW) -> SignupAsk:
    return SignupAsk(newsletter=newsletter, text="Khi bấm…", language=Language.VI, at=at, url="https://bacson.example")


def signed_up(*newsletters: str, known: Signup | None = None, now: datetime = NOW, wish: SignupWish = WISH) -> Signup:
    return merge_signup(known, "Lan@example.vn", wish, [ask(one, now) for one in newsletters], now)


def save(database: Database, *these: Signup) -> None:
    with database.write() as connection:
        for one in these:
            signups.save(connection, one)


def find(database: Database, address: str) -> Signup | None:
    with database.read() as connection:
        return signups.find_by_address(connection, address)


def test_a_signup_comes_out_as_it_went_in(database: Database) -> None:
    made = signed_up("tin-sang")
    save(database, made)
    assert find(database, "LAN@example.vn") == made
    with database.read() as connection:
        assert signups.find(connection, made.id) == made
        assert signups.find(connection, "unknown") is None


def test_an_address_has_one_signup(database: Database) -> None:
    first = signed_up("tin-sang")
    save(database, first, signed_up("tin-tuan"))  # two processes that know nothing of each other
    found = find(database, "lan@example.vn")
    assert found and found.id == first.id
    assert found.newsletters == ("tin-tuan",)


def test_signing_up_again_adds_newsletters_and_keeps_the_link() -> None:
    first = signed_up("tin-sang")
    second = signed_up("tin-tuan", known=first, now=NOW + DAY, wish=SignupWish(language=Language.EN, name="Lan Anh"))
    assert second.id == first.id
    assert second.newsletters == ("tin-sang", "tin-tuan")
    assert second.asks[0].at == NOW
    assert (second.wish.name, second.wish.topics, second.wish.frequency) == ("Lan Anh", ("Y tế",), Frequency.DAILY)
    assert second.expires_at == NOW + DAY + signups.KEPT


def test_signing_up_after_a_confirmation_begins_anew() -> None:
    confirmed = Signup(
        id="1",
        address="lan@example.vn",
        wish=WISH,
        asks=(ask("tin-sang"),),
        asked_at=NOW,
        expires_at=NOW,
        confirmed_at=NOW,
    )
    again = signed_up("tin-tuan", known=confirmed, wish=SignupWish(language=Language.EN))
    assert again.newsletters == ("tin-tuan",)
    assert again.confirmed_at is None
    assert again.wish.name == ""


def test_what_nobody_has_confirmed_is_deleted_in_time(database: Database) -> None:
    save(database, signed_up("tin-sang"))
    with database.write() as connection:
        assert signups.delete_expired(connection, NOW + DAY * 29) == 0
        assert signups.delete_expired(connection, NOW + DAY * 30) == 1
    assert find(database, "lan@example.vn") is None


def test_who_has_not_confirmed_is_to_be_reminded_once(database: Database) -> None:
    made = signed_up("tin-sang")
    save(database, made)
    with database.read() as connection:
        assert signups.list_to_remind(connection, NOW + DAY * 2 - timedelta(seconds=1)) == []
        assert signups.list_to_remind(connection, NOW + DAY * 2) == [made]
        assert signups.list_to_remind(connection, NOW + DAY * 7) == []  # the link works no more


def test_a_refusal_ends_after_30_days(database: Database) -> None:
    with database.write() as connection:
        signups.refuse(connection, "ab" * 32, NOW - DAY)
        signups.refuse(connection, "ab" * 32, NOW)  # once more
        assert signups.is_refused(connection, ["cd" * 32, "ab" * 32], NOW + DAY * 29)
        assert not signups.is_refused(connection, ["cd" * 32], NOW)
        assert not signups.is_refused(connection, ["ab" * 32], NOW + DAY * 30)
        signups.delete_expired(connection, NOW + DAY * 30)
        assert not signups.is_refused(connection, ["ab" * 32], NOW)


def test_a_damaged_signup_is_as_if_there_were_none(database: Database) -> None:
    save(database, signed_up("tin-sang"))
    with database.write() as connection:
        connection.execute(sa.update(table).values(wish={"language": "xx"}))
    assert find(database, "lan@example.vn") is None
