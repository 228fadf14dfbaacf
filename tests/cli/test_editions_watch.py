"""`distributor editions watch`: the speed of a delivery while it runs."""

from __future__ import annotations

from datetime import timedelta

from distributor.cli.editions_watch import measure_speed
from distributor.delivery.queries import DeliveryProgress
from distributor.model import DeliveryState as S
from support.builders import NOW


def test_a_pace_tells_the_end() -> None:
    looks = [
        (NOW, DeliveryProgress({S.PENDING: 900, S.SENT: 100}, [])),
        (NOW + timedelta(seconds=10), DeliveryProgress({S.PENDING: 400, S.SENT: 600}, [])),
    ]
    assert measure_speed(looks).rate == 50
    assert measure_speed(looks).ends == NOW + timedelta(seconds=18)
    assert measure_speed(looks[:1]).ends is None
