"""The hooks of providers over a real connection: who is let in, what is stored, and what each provider is answered."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.errors import StoreError
from distributor.mail import verp
from distributor.storage.web_tables import provider_events
from distributor.web import hooks
from distributor.web.sns_certificates import CertificateUnavailable, SnsCertificates
from support import provider_requests as sent
from support.clocked_newsroom import Line
from support.provider_requests import PATH_KEY, ProviderRequest
from support.web_client import Visitor

PROVIDERS = ("ses", "mailgun", "postmark", "sendgrid", "brevo")
REFUSED = {"ses": 401, "mailgun": 406, "postmark": 403, "sendgrid": 401, "brevo": 401}


@pytest.fixture
async def visitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Visitor]:
    """Pages with every hook; Amazon's certificate is ours."""
    line = Line(tmp_path)
    line.configure(f'.web: {{url: "https://news.bacson.example", {sent.config()}}}')
    made = Visitor(line)

    async def fetch(_: SnsCertificates, url: str) -> bytes:
        assert url == sent.CERTIFICATE_URL
        return sent.certificate(line.now)

    monkeypatch.setattr(SnsCertificates, "fetch", fetch)
    await made.start()
    yield made
    await made.close()
    await made.run(line.close)


def token_of(visitor: Visitor, delivery: int = 7) -> str:
    return verp.token(visitor.line.newsroom.secret(), delivery)


def requests(visitor: Visitor) -> dict[str, ProviderRequest]:
    return sent.all_hard(token_of(visitor), "lan@example.com", visitor.line.now)


async def post(visitor: Visitor, request: ProviderRequest) -> int:
    return (await visitor.post(request.path, data=request.body, headers=request.headers)).status


async def stored(visitor: Visitor) -> list[Any]:
    def read() -> list[Any]:
        with visitor.line.store.read() as connection:
            return list(connection.execute(sa.select(provider_events).order_by(provider_events.c.id)))

    return await visitor.run(read)


# -- who is let in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_a_provider_has_signed_is_stored_as_it_came_and_answered(visitor: Visitor, provider: str) -> None:
    request = requests(visitor)[provider]
    assert await post(visitor, request) == 200
    (row,) = await stored(visitor)
    assert (row.provider, row.body, row.state) == (provider, request.body, "waiting")
    assert visitor.woken == 1


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_no_password_is_stored(visitor: Visitor, provider: str) -> None:
    await post(visitor, requests(visitor)[provider])
    ((row),) = await stored(visitor)
    assert "authorization" not in json.dumps(row.headers).lower()


def with_bad_proof(request: ProviderRequest) -> ProviderRequest:
    """Somebody else's signature or password."""
    if request.provider == "sendgrid":
        return sent.sendgrid_signed(request.body, sent.utc("2026-11-22 05:00"), sent.other_ec())
    if request.provider == "ses":
        fields = json.loads(request.body)
        fields.pop("Signature")
        return sent.sns_signed(fields, sent.other_rsa())
    if request.provider == "mailgun":
        content = json.loads(request.body)
        content["signature"]["signature"] = "0" * 64
        return request.with_body(json.dumps(content).encode())
    wrong = sent.basic(sent.USER, "wrong") if request.provider == "postmark" else "Bearer wrong"
    return request.with_headers(Authorization=wrong)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_bad_signature_or_password_is_refused_as_this_provider_understands_it(
    visitor: Visitor, provider: str
) -> None:
    assert await post(visitor, with_bad_proof(requests(visitor)[provider])) == REFUSED[provider]
    assert await stored(visitor) == []
    assert visitor.woken == 0


@pytest.mark.parametrize("provider", ["ses", "sendgrid"])
async def test_one_changed_octet_of_what_is_signed_is_seen(visitor: Visitor, provider: str) -> None:
    request = requests(visitor)[provider]
    tampered = request.with_body(request.body.replace(b"lan@example.com", b"hoa@example.com"))
    assert tampered.body != request.body
    assert await post(visitor, tampered) == REFUSED[provider]


async def test_a_body_that_is_written_anew_is_not_what_sendgrid_has_signed(visitor: Visitor) -> None:
    request = requests(visitor)["sendgrid"]
    assert await post(visitor, request.with_body(json.dumps(json.loads(request.body)).encode())) == 401


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("drop", ["everything", "authorization"])
async def test_without_any_proof_nobody_is_let_in(visitor: Visitor, provider: str, drop: str) -> None:
    request = requests(visitor)[provider]
    body = request.body if drop == "authorization" else b"{}"
    assert await post(visitor, ProviderRequest(provider, body)) in (401, 406) or (
        provider == "mailgun" and drop == "authorization"
    )
    assert len(await stored(visitor)) == (provider == "mailgun" and drop == "authorization")


async def test_who_has_not_logged_in_is_asked_to(visitor: Visitor) -> None:
    for provider in ("postmark", "brevo"):
        answer = await visitor.post(ProviderRequest(provider, b"").path, data=b"{}")
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="hooks"')


@pytest.mark.parametrize("provider", ["ses", "mailgun", "sendgrid"])
@pytest.mark.parametrize(
    ("shift", "good"), [(timedelta(hours=25), True), (timedelta(days=4), False), (-timedelta(hours=2), False)]
)
async def test_a_signed_time_may_be_a_day_old_as_retries_are_and_no_more(
    visitor: Visitor, provider: str, shift: timedelta, good: bool
) -> None:
    then = visitor.line.now - shift
    request = sent.all_hard(token_of(visitor), "lan@example.com", then)[provider]
    assert await post(visitor, request) == (200 if good else REFUSED[provider])


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_replay_is_answered_and_changes_nothing(visitor: Visitor, provider: str) -> None:
    request = requests(visitor)[provider]
    assert [await post(visitor, request) for _ in range(3)] == [200, 200, 200]
    assert len(await stored(visitor)) == 1


async def test_amazon_is_known_by_its_own_number_whatever_else_differs(visitor: Visitor) -> None:
    fields = sent.sns_fields("{}", visitor.line.now)
    later = {**fields, "Message": '{"eventType": "Send"}'}
    assert [await post(visitor, sent.sns_signed(one)) for one in (fields, later)] == [200, 200]
    assert len(await stored(visitor)) == 1


# -- what is not there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/hooks/ses/wrong", "/hooks/ses/" + PATH_KEY[:-1], "/hooks/nobody/" + PATH_KEY, "/hooks/ses/x%00y"]
)
async def test_a_wrong_key_and_an_unknown_provider_are_not_there(visitor: Visitor, path: str) -> None:
    request = requests(visitor)["ses"]
    assert (await visitor.post(path, data=request.body, headers=request.headers)).status == 404


async def test_without_configuration_there_is_no_hook(visitor: Visitor) -> None:
    visitor.line.config = visitor.line.config.replace(f", {sent.config()}", "")
    visitor.line.configure()
    await visitor.restart()
    for request in requests(visitor).values():
        assert await post(visitor, request) == 404
    visitor.line.config = visitor.line.config.replace(
        '"https://news.bacson.example"', f'"https://news.bacson.example", hooks: {{smtp: {{key: {PATH_KEY}}}}}'
    )
    visitor.line.configure()
    await visitor.restart()
    assert await post(visitor, requests(visitor)["mailgun"]) == 404
    assert await post(visitor, ProviderRequest("smtp", b"Subject: x\r\n\r\n")) == 200


async def test_a_hook_is_only_posted_to(visitor: Visitor) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = await visitor.ask(method, ProviderRequest("ses", b"").path)
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert await stored(visitor) == []


# -- odd and hostile -----------------------------------------------------------------------------------------------------

BODIES = [
    b"", b"null", b"[]", b"[[]]", b"0", b'"x"', b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 10_000,
    b'{"event-data": []}', b'{"signature": 1}', b'{"Type": {}}', b'{"Type": "Notification"}', b'[{"event": {}}, 1, null]',
    b'{"RecordType": ["Bounce"], "ID": {}}', b"a=b&c=d", b'{"signature": {"timestamp": "\xf0\x9f\x92\xa9", "token": "x"}}',
    b'{"ID": 1e400}', b'{"RecordType": "\\u0000", "ID": "\\ud800"}',
]  # fmt: skip


@pytest.mark.parametrize("provider", [*PROVIDERS, "smtp"])
async def test_no_body_upsets_a_hook(visitor: Visitor, provider: str) -> None:
    good = {**requests(visitor), "smtp": ProviderRequest("smtp", b"")}[provider]
    for body in BODIES:
        request = good.with_body(body)
        if provider == "sendgrid":
            request = sent.sendgrid_signed(body, visitor.line.now)
        assert await post(visitor, request) in (200, 401, 406), body[:40]
        assert await post(visitor, with_headers_missing(request)) in (200, 401, 403, 406), body[:40]


def with_headers_missing(request: ProviderRequest) -> ProviderRequest:
    return ProviderRequest(request.provider, request.body, {"Content-Type": "multipart/form-data"})


@pytest.mark.parametrize(
    "value", ["Basic", "Basic !!!", "Basic " + "A" * 3000, "Bearer", "x" * 2000, "Basic w7/DvzrDvw=="]
)
@pytest.mark.parametrize("provider", ["postmark", "brevo"])
async def test_no_login_upsets_a_hook(visitor: Visitor, provider: str, value: str) -> None:
    assert await post(visitor, requests(visitor)[provider].with_headers(Authorization=value)) in (401, 403)


async def test_a_body_that_is_too_large_is_cut_off(visitor: Visitor) -> None:
    large = ProviderRequest("smtp", b"x" * (hooks.MAX_BODY + 1))
    answer = await visitor.post(large.path, data=io.BytesIO(large.body))
    assert answer.status == 413

    async def pieces() -> AsyncIterator[bytes]:  # without a length in its head
        for _ in range(40):
            yield b"x" * 65_536

    answer = await visitor.post(large.path, data=pieces())
    assert answer.status == 413
    assert await stored(visitor) == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_proxy_may_compress_a_body_and_nobody_may_hide_a_large_one_so(visitor: Visitor, provider: str) -> None:
    """What is signed is the body without its encoding."""
    request = requests(visitor)[provider].with_headers(**{"Content-Encoding": "gzip"})
    assert await post(visitor, request.with_body(gzip.compress(request.body))) == 200
    assert await post(visitor, request.with_body(gzip.compress(b" " * 50 * hooks.MAX_BODY))) == 413
    assert [row.body for row in await stored(visitor)] == [request.body]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_body_that_is_not_encoded_as_it_says_is_refused(visitor: Visitor, provider: str) -> None:
    request = requests(visitor)[provider].with_headers(**{"Content-Encoding": "gzip"})
    assert await post(visitor, request) == 400
    assert await stored(visitor) == []


@pytest.mark.parametrize(("provider", "status"), [("mailgun", 408), ("brevo", 429)])
async def test_a_body_that_does_not_come_is_not_waited_for(
    visitor: Visitor, provider: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brevo never comes again after 408."""
    monkeypatch.setattr(hooks, "BODY_TIMEOUT", 0.1)
    open_end = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"
        await open_end.wait()

    answer = await visitor.post(ProviderRequest(provider, b"").path, data=pieces())
    open_end.set()
    assert answer.status == status


# -- faults of ours ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_while_the_store_fails_the_provider_is_asked_to_come_again(
    visitor: Visitor, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise StoreError("the disk is full")

    request = requests(visitor)[provider]
    monkeypatch.setattr("distributor.bounces.provider_events.store", broken)
    answer = await visitor.post(request.path, data=request.body, headers=request.headers)
    assert (answer.status, answer.headers["Retry-After"]) == (429 if provider == "brevo" else 503, "300")
    monkeypatch.undo()
    monkeypatch.setattr(SnsCertificates, "fetch", _ours(visitor))
    assert await post(visitor, request) == 200
    assert len(await stored(visitor)) == 1


def _ours(visitor: Visitor) -> Callable[..., Any]:
    async def fetch(*_: object) -> bytes:
        return sent.certificate(visitor.line.now)

    return fetch


async def test_a_store_that_is_busy_for_long_does_not_keep_a_provider_waiting(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is written late is known when it comes again."""
    monkeypatch.setattr(hooks, "STORE_TIMEOUT", 0.2)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with visitor.line.store.write():
            held.set()
            let_go.wait(10)

    holding = asyncio.create_task(visitor.run(hold))
    await visitor.run(held.wait)
    request = requests(visitor)["mailgun"]
    assert await post(visitor, request) == 503
    let_go.set()
    await holding
    assert await post(visitor, request) == 200
    assert len(await stored(visitor)) == 1


@pytest.mark.parametrize("error", [OSError("no route"), TimeoutError(), ValueError("odd")])
async def test_while_the_certificate_cannot_be_had_amazon_is_asked_to_come_again(
    visitor: Visitor, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> bytes:
        raise error

    monkeypatch.setattr(SnsCertificates, "fetch", fail)
    assert await post(visitor, requests(visitor)["ses"]) == 503
    assert await stored(visitor) == []


async def test_a_certificate_is_fetched_once(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def fetch(_: SnsCertificates, url: str) -> bytes:
        asked.append(url)
        await asyncio.sleep(0.05)
        return sent.certificate(visitor.line.now)

    monkeypatch.setattr(SnsCertificates, "fetch", fetch)
    made = [requests(visitor)["ses"] for _ in range(5)]
    assert await asyncio.gather(*(post(visitor, one) for one in made)) == [200] * 5
    assert asked == [sent.CERTIFICATE_URL]


@pytest.mark.parametrize("provider", ["ses", "sendgrid"])
async def test_without_cryptography_it_is_said_what_to_install(
    visitor: Visitor, provider: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    request = requests(visitor)[provider]
    for name in ("cryptography", "cryptography.exceptions"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    assert await post(visitor, request) == 503
    assert "pip install 'distributor[hooks]'" in caplog.text
    assert "Traceback" not in caplog.text


# -- Amazon --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [True, False])
async def test_both_versions_of_amazons_signature_are_read_with_and_without_a_subject(
    visitor: Visitor, version: str, subject: bool
) -> None:
    changes = {"SignatureVersion": version, **({"Subject": "Amazon SES: thư bị trả lại"} if subject else {})}
    assert await post(visitor, sent.sns_signed(sent.sns_fields("{}", visitor.line.now, **changes))) == 200


WRONG = [
    {"TopicArn": "arn:aws:sns:ap-southeast-1:123456789012:other"},
    {"TopicArn": "arn:aws:sns:us-east-1:123456789012:ses-events"},
    {"SigningCertURL": "https://s3.amazonaws.com/bucket/SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "http://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com.evil.example/SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com@evil.example/SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com:8443/SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem?x=1"},
    {"SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com/x/../SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com/?Action=SimpleNotificationService-0a.pem"},
    {"SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem\n"},
    {"SigningCertURL": "https://[sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://sns.amazonaws.com.evil.vn/SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com./SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://a:b@sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem"},
    {"SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem#x"},
    {"SigningCertURL": ""},
]


@pytest.mark.parametrize("changes", WRONG, ids=lambda one: next(iter(one.values()))[:70])
async def test_what_amazon_has_signed_for_others_or_elsewhere_is_refused_and_nothing_is_fetched(
    visitor: Visitor, changes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its signature is good: only topic and certificate are not ours."""

    async def fetch(*_: object) -> bytes:
        raise CertificateUnavailable("must not be asked for")

    monkeypatch.setattr(SnsCertificates, "fetch", fetch)
    assert await post(visitor, sent.sns_signed(sent.sns_fields("{}", visitor.line.now, **changes))) == 401


@pytest.mark.parametrize("version", ["0", "3", "", "1 "])
async def test_other_versions_of_a_signature_are_refused(visitor: Visitor, version: str) -> None:
    fields = sent.sns_fields("{}", visitor.line.now)
    request = sent.sns_signed(fields)
    changed = json.loads(request.body) | {"SignatureVersion": version}
    assert await post(visitor, request.with_body(json.dumps(changed).encode())) == 401


async def test_the_header_must_say_what_the_body_says(visitor: Visitor) -> None:
    request = requests(visitor)["ses"].with_headers(**{"x-amz-sns-message-type": "SubscriptionConfirmation"})
    assert await post(visitor, request) == 401


@pytest.mark.parametrize("kind", ["expired", "elliptic", "garbage"])
async def test_a_certificate_that_is_no_good_proves_nothing(
    visitor: Visitor, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = visitor.line.now
    made = {
        "expired": sent.certificate(now - timedelta(days=400)),
        "elliptic": sent.certificate(now, sent.other_ec()),
        "garbage": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    }[kind]

    async def fetch(*_: object) -> bytes:
        return made

    monkeypatch.setattr(SnsCertificates, "fetch", fetch)
    assert await post(visitor, requests(visitor)["ses"]) == 401


async def test_a_confirmation_is_stored_for_a_topic_of_ours_alone(visitor: Visitor) -> None:
    assert await post(visitor, sent.sns_confirmation(visitor.line.now)) == 200
    other = "arn:aws:sns:ap-southeast-1:999999999999:evil"
    assert await post(visitor, sent.sns_confirmation(visitor.line.now, TopicArn=other)) == 401
    assert len(await stored(visitor)) == 1


# -- logging in ----------------------------------------------------------------------------------------------------------


async def test_brevo_may_log_in_with_a_password_instead_of_a_token(visitor: Visitor) -> None:
    visitor.line.config = visitor.line.config.replace(
        f"token: {sent.BEARER}", f"username: brevo, password: {sent.PASSWORD}"
    )
    visitor.line.configure()
    await visitor.restart()
    event = sent.brevo_event(token_of(visitor), "lan@example.com", visitor.line.now)
    assert await post(visitor, sent.brevo(event, sent.basic("brevo", sent.PASSWORD))) == 200
    assert await post(visitor, sent.brevo(event)) == 401
    assert await post(visitor, sent.brevo(event, sent.basic("brevo", ""))) == 401


async def test_a_token_alone_cannot_be_replaced_by_an_empty_password(visitor: Visitor) -> None:
    event = sent.brevo_event(token_of(visitor), "lan@example.com", visitor.line.now)
    for authorization in (sent.basic("", ""), sent.basic("brevo", ""), "Bearer ", ""):
        assert await post(visitor, sent.brevo(event, authorization)) == 401
