"""A subscriber who has lost every email of ours gets the link to their preferences again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from ..bounces import suppressions
from ..mail.address import normalize
from ..newsroom import Newsroom
from ..subscribers import attempts, repository
from ..subscribers.address_hash import hash_address
from ..subscribers.tokens import Claim, Purpose, sign
from .transactional import EmailRequest, enqueue_email, may_write

PER_HOUR, PER_DAY = 1, 3  # emails to one address
PER_NETWORK_HOUR = 60  # requests from one network, behind which there may be a whole office
LINK_EMAIL_VALID = timedelta(days=1)
LINK = "email/link"


def send_own_link(newsroom: Newsroom, connection: Connection, address: str, network: str, now: datetime) -> None:
    """Send a link to the preferences to `address`, if it is a subscriber's and has not got one just now. `network` is where
    the request comes from.

    Raises ValueError for an invalid address. Whoever asks learns nothing from it.
    """
    secret = newsroom.secret()
    to = f"link {hash_address(secret, normalize(address))}"
    source = f"link from {hash_address(secret, network)}"
    lately = attempts.count(connection, [to, source], now)
    if network:
        attempts.add(connection, [source], now)
    often = lately[to].hour >= PER_HOUR or lately[to].day >= PER_DAY or lately[source].hour >= PER_NETWORK_HOUR
    person = repository.find(connection, address)
    found = suppressions.find_suppression(connection, address)
    if often or person is None or (found and not may_write(LINK, found.type)):
        return
    attempts.add(connection, [to], now)
    token = sign(newsroom.secret(), Claim(Purpose.PREFERENCES, person.id))
    enqueue_email(
        newsroom,
        connection,
        EmailRequest(
            template=LINK,
            address=person.address,
            name=person.name,
            subscriber=person.id,
            language=person.language,
            dedupe_key=f"link:{person.id}:{int(now.timestamp())}",
            expires_at=now + LINK_EMAIL_VALID,
            values={"link_url": f"{newsroom.settings.links_url}/p/{token}"},
        ),
        now,
    )
