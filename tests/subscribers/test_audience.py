"""Audiences: what an expression means, that the store and Python agree on it, and what is said of one that is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor.config.web import Attribute
from distributor.model import Frequency, Language, Subscriber
from distributor.storage.database import Database
from distributor.storage.tables import subscribers, subscriptions
from distributor.subscribers import recipients, repository
from distributor.subscribers.audience import Audience, Comparison, parse_audience
from distributor.subscribers.audience_sql import audience_condition
from distributor.subscribers.recipients import RecipientQuery
from support.builders import NOW

LABEL = {Language.EN: "x"}
DECLARED = {
    "commune": Attribute(label=LABEL, choices=("Bắc Sơn", "Hữu Lũng")),
    "job": Attribute(label=LABEL),
    "age": Attribute(label=LABEL, type="number"),
    "born": Attribute(label=LABEL, type="date"),
    "farmer": Attribute(label=LABEL, type="yes_no"),
}
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
JOINED = datetime(2026, 9, 30, 17, 0, tzinfo=UTC)  # 1 October, 00:00, in Viet Nam
LAN = Subscriber(
    id="1",
    address="lan@example.com",
    topics=("Y tế",),
    attributes={"commune": "Bắc Sơn", "age": 30, "born": "1996-02-03", "farmer": True},
)


def audience(text: str) -> Audience:
    return parse_audience(text, DECLARED, ZONE)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("commune == 'Bắc Sơn'", True),
        ("'Bắc Sơn' == commune", True),
        ("commune != 'Bắc Sơn'", False),
        ("commune in ['Bắc Sơn', 'Hữu Lũng']", True),
        ("commune not in ('Hữu Lũng',)", True),
        ("18 <= age < 30", False),
        ("18 <= age <= 30", True),
        ("30 > age", False),
        ("age == 30.0", True),
        ("age > -1", True),
        ("farmer", True),
        ("not farmer", False),
        ("farmer == true and farmer != False", True),
        ("born < '2000-01-01'", True),
        ("born == '1996-02-03'", True),
        ("'y tế' in topics", True),
        ("'Kinh tế' in topics", False),
        ("'Kinh tế' not in topics", True),
        ("language == 'vi' and frequency in ['each', 'daily']", True),
        ("joined == '2026-10-01'", True),
        ("joined < '2026-10-01' or joined > '2026-10-01'", False),
        ("joined != '2026-10-01'", False),
        ("joined in ['2026-09-30', '2026-10-02']", False),
        ("job == 'x'", False),
        ("job != 'x'", False),
        ("job not in ['x']", False),
        ("not job == 'x'", True),
        ("job is None", True),
        ("commune is not None", True),
        ("not (farmer and commune == 'Hữu Lũng') or age == 1", True),
    ],
)
def test_what_an_expression_means(text: str, meant: bool) -> None:
    assert audience(text).includes(LAN, JOINED) is meant
    assert (audience(text).unmet(LAN, JOINED) == []) is meant


def test_who_has_chosen_no_topics_wants_every_topic() -> None:
    everything = LAN._replace(topics=())
    assert audience("'Kinh tế' in topics").includes(everything, JOINED)
    assert not audience("'Kinh tế' not in topics").includes(everything, JOINED)


def test_the_conditions_that_leave_somebody_out_are_told_as_they_are_written() -> None:
    written = "farmer and (age > 60 or commune == 'Hữu Lũng') and not (language == 'vi')"
    assert audience(written).unmet(LAN, JOINED) == ["age > 60 or commune == 'Hữu Lũng'", "not (language == 'vi')"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("commun == 'Bắc Sơn'", "there is no 'commun'; did you mean 'commune'?"),
        ("address == 'a@x.vn'", "there is no 'address'; there are: age, born, commune, farmer, frequency, job, joined, "),
        ("commune == 'Bắc Son'", "commune is never 'Bắc Son'; did you mean 'Bắc Sơn'?"),
        ("language == 'fr'", "language is never 'fr'; there are: en, vi"),
        ("frequency == 'dayly'", "frequency is never 'dayly'; did you mean 'daily'?"),
        ("age == '30'", "age is a number, and '30' is a text"),
        ("commune == 5", "commune is a text, and 5 is a number; write '5'"),
        ("age == true", "age is a number, and true is true or false"),
        ("farmer == 'yes'", "farmer is true or false, and 'yes' is a text"),
        ("born < 2000", "born is a date, and 2000 is none; write '2026-11-23'"),
        ("joined < '01/10/2026'", "joined is a date, and '01/10/2026' is none: write a day like 2026-11-23"),
        ("joined < '2026-02-30'", "joined is a date, and '2026-02-30' is none: there is no day 2026-02-30"),
        ("joined < '9999-12-31'", "joined is a date, and '9999-12-31' is none"),
        ("commune = 'Bắc Sơn'", "cannot be read near \"= 'Bắc Sơn'\": write == to compare"),
        ("farmer AND age > 3", "cannot be read near 'AND age > 3': write and, or, not, in"),
        ("commune == “Bắc Sơn”", "cannot be read near '“Bắc Sơn”': put texts between straight quotes"),
        ("commune", "commune alone is no condition, as it is a text: compare it with something"),
        ("topics", "topics alone is no condition, as it is several topics"),
        ("'Y tế' in commune", "'Y tế' in commune: commune is a text, not several; write commune == 'Y tế'"),
        ("topics == 'Y tế'", "topics == 'Y tế': topics are several; write 'Y tế' in topics"),
        ("5 in topics", "5 in topics: write the topic as a text: 'Y tế' in topics"),
        ("commune in 'Bắc Sơn'", "commune in 'Bắc Sơn': write a list: commune in ['Bắc Sơn']"),
        ("commune == ['Bắc Sơn']", "commune == ['Bắc Sơn']: write commune in ['Bắc Sơn']"),
        ("commune in []", "commune in []: the list is empty"),
        ("commune < 'B'", "commune is never 'B'"),
        ("job < 'B'", "job < 'B': job is a text, of which none is larger; use ==, != or in"),
        ("job == commune", "job == commune: compare with a value, not with another name"),
        ("job == None", "None is compared with `is None` or `is not None`"),
        ("job is 'x'", "job is 'x': write == to compare"),
        ("language is None", "language is None: every subscriber has language"),
        ("true", "there is no 'true'"),
        ("True", "True is no condition"),
        ("1 == 1", "1 == 1 is not allowed"),
        ("age == 1e400", "1e400 is too large a number"),
        ("__import__('os').system('id')", "__import__('os').system('id') is not allowed: there are names, values"),
        ("job == job.upper()", "job.upper() is not allowed"),
        ("job == f'{age}'", "f'{age}' is not allowed"),
        ("job == 'a' + 'b'", "'a' + 'b' is not allowed"),
        ("(x := 1) == 1", "x := 1 is not allowed"),
        ("[x for x in topics]", "[x for x in topics] is not allowed"),
        ("lambda: 1", "lambda: 1 is not allowed"),
        ("job == 'a' if farmer else age == 1", "job == 'a' if farmer else age == 1 is not allowed"),
        ("age == 1; age == 2", "cannot be read near '; age == 2'"),
        ("", "cannot be read"),
        ("not " * 400 + "farmer", "is nested too deeply"),
        ("(" * 900 + "farmer" + ")" * 900, "cannot be read"),
        (" or ".join(["age == 1"] * 101), "has more than 100 comparisons"),
        ("age == 1 or " * 300 + "farmer", "is longer than 2000 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        audience(text)


# -- the store and Python agree ----------------------------------------------------------------------------------------

WORDS = ("Bắc Sơn", "Hữu Lũng", "a%b_c", "Ất", "a")
NUMBERS = st.sampled_from([0, 1, -1, 2, 0.1, 30, 30.5, 2**53])
DAYS = st.sampled_from(["1996-02-03", "2026-09-30", "2026-10-01", "2026-10-02"])
VALUES = st.one_of(st.sampled_from(WORDS), NUMBERS, DAYS, st.booleans())
PEOPLE = st.lists(
    st.builds(
        Subscriber,
        id=st.just("x"),
        address=st.just("x"),
        name=st.just(""),
        newsletters=st.just(()),
        consent=st.just(""),
        language=st.sampled_from(Language),
        frequency=st.sampled_from(Frequency),
        topics=st.lists(st.sampled_from(["Y tế", "Kinh tế", "a%b", "A_B"]), max_size=2, unique=True).map(tuple),
        attributes=st.dictionaries(st.sampled_from(sorted(DECLARED)), VALUES, max_size=5),  # of the declared type or not
        created=st.sampled_from([JOINED + timedelta(hours=hours, microseconds=hours - 1) for hours in (-48, -1, 0, 1, 24)]),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip
COMPARED = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
SAME = st.sampled_from(["==", "!="])
LISTED = st.sampled_from(["in", "not in"])


def _comparison(
    name: str, values: st.SearchStrategy[object], operators: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda operator, value: f"{name} {operator} {value!r}", operators, values),
        st.builds(lambda value, operator: f"{value!r} {operator} {name}", values, operators),
        st.builds(lambda listed, some: f"{name} {listed} {some!r}", LISTED, st.lists(values, min_size=1, max_size=3)),
    )


LEAVES = st.one_of(
    _comparison("job", st.sampled_from(WORDS), SAME),
    _comparison("commune", st.sampled_from(WORDS[:2]), SAME),
    _comparison("language", st.sampled_from(["vi", "en"]), SAME),
    _comparison("frequency", st.sampled_from(["each", "daily"]), SAME),
    _comparison("age", NUMBERS, COMPARED),
    _comparison("born", DAYS, COMPARED),
    _comparison("joined", DAYS, COMPARED),
    _comparison("farmer", st.booleans(), SAME),
    st.just("farmer"),
    st.builds(lambda topic, listed: f"{topic!r} {listed} topics", st.sampled_from(["y TẾ", "a%b", "a_b", "aXb"]), LISTED),
    st.builds(lambda name, way: f"{name} {way} None", st.sampled_from(sorted(DECLARED)), st.sampled_from(["is", "is not"])),
)  # fmt: skip
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=6,
)


def put(database: Database, people: list[Subscriber]) -> None:
    with database.write() as connection:
        connection.execute(sa.delete(subscriptions))
        connection.execute(sa.delete(subscribers))
        names = ("id", "address", "address_key", "created", *repository.CHOICE_COLUMNS)
        for place, person in enumerate(people):
            values = (str(place), f"{place}@x.vn", f"{place}@x.vn", NOW, *repository.choice_values(person))
            connection.execute(sa.insert(subscribers), [dict(zip(names, values, strict=True))])
            row = {"subscriber_id": str(place), "newsletter": "tin", "since": person.created}
            connection.execute(sa.insert(subscriptions), [row])


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(people=PEOPLE, expressions=st.lists(EXPRESSIONS, min_size=3, max_size=6))
def test_the_store_and_python_agree(database: Database, people: list[Subscriber], expressions: list[str]) -> None:
    put(database, people)
    with database.read() as connection:
        for text in expressions:
            wanted = audience(text)
            query = (
                sa.select(subscribers.c.id, audience_condition(wanted).label("meant"))
                .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
            )  # fmt: skip
            found = {int(row.id): row.meant for row in connection.execute(query)}
            assert None not in found.values()
            assert found == {
                place: wanted.includes(person, person.created or NOW) for place, person in enumerate(people)
            }, text


def test_who_is_left_out_is_counted_and_gets_nothing(database: Database) -> None:
    put(database, [LAN._replace(created=NOW, attributes={"age": age} if age else {}) for age in (None, 3, 30, 40)])
    query = RecipientQuery(newsletter="tin", at=NOW, audience=audience("age > 20"))
    with database.read() as connection:
        assert sum(one.size for one in recipients.count_by_preference(connection, query)) == 2
        assert recipients.count_outside_audience(connection, query) == 2
        assert recipients.has_recipients(connection, query)
        assert not recipients.has_recipients(connection, replace(query, audience=audience("age > 40")))


def test_large_numbers_stand_beside_small_ones(database: Database) -> None:
    put(database, [LAN._replace(created=NOW, attributes={"age": age}) for age in (1, 2**53)])
    query = RecipientQuery(newsletter="tin", at=NOW, audience=audience(f"age in [0, {2**53}]"))
    with database.read() as connection:
        assert sum(one.size for one in recipients.count_by_preference(connection, query)) == 1


@pytest.mark.parametrize("damaged", ["", "{", "[1]", "null", '"x"', '{"age": [30]}'])
def test_a_damaged_column_has_no_attributes(damaged: str, database: Database) -> None:
    put(database, [LAN._replace(created=NOW)])
    with database.write() as connection:
        if connection.dialect.name == "postgresql":  # which keeps no text that is not JSON
            return
        connection.exec_driver_sql("UPDATE subscribers SET attributes = ?", (damaged,))
        for text, size in (("age > 20", 0), ("not age > 20", 1), ("age is None", 1)):
            query = RecipientQuery(newsletter="tin", at=NOW, audience=audience(text))
            assert sum(one.size for one in recipients.count_by_preference(connection, query)) == size


def test_a_day_of_joining_begins_at_midnight_of_the_newsletter() -> None:
    wanted = audience("joined == '2026-10-01'")
    assert isinstance(wanted.condition, Comparison)
    assert wanted.spans(wanted.condition) == [(JOINED, JOINED + timedelta(days=1))]
