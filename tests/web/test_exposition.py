"""Figures as Prometheus reads them."""

from __future__ import annotations

import pytest

from distributor.web.exposition import Metric, MetricSample, format_metrics

SIZE = Metric("app_size_bytes", "Size, in all.")
SENT = Metric("app_sent", "Sent \\ by\nchannel.", ("channel", "state"))


def test_each_metric_has_its_help_and_type_before_its_values() -> None:
    samples = [MetricSample(SENT, 2, ("mail", "sent")), MetricSample(SIZE, 1.5), MetricSample(SENT, 0, ("x", "sent"))]
    assert format_metrics([SIZE, SENT], samples) == (
        "# HELP app_size_bytes Size, in all.\n"
        "# TYPE app_size_bytes gauge\n"
        "app_size_bytes 1.5\n"
        "# HELP app_sent Sent \\\\ by\\nchannel.\n"
        "# TYPE app_sent gauge\n"
        'app_sent{channel="mail",state="sent"} 2\n'
        'app_sent{channel="x",state="sent"} 0\n'
    )


def test_a_metric_without_values_is_left_out() -> None:
    assert format_metrics([SIZE], []) == ""


@pytest.mark.parametrize(
    ("value", "shown"), [(True, "1"), (False, "0"), (1e9, "1000000000"), (0.25, "0.25"), (float("inf"), "+Inf")]
)
def test_numbers_are_written_in_full(value: float, shown: str) -> None:
    assert format_metrics([SIZE], [MetricSample(SIZE, value)]).splitlines()[-1] == f"app_size_bytes {shown}"


def test_quotes_backslashes_and_line_ends_of_a_label_are_escaped() -> None:
    text = format_metrics([SENT], [MetricSample(SENT, 1, ('a"b\\c\nd', "sent"))])
    assert text.splitlines()[-1] == r'app_sent{channel="a\"b\\c\nd",state="sent"} 1'


def test_labels_that_are_not_those_of_the_metric_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="app_sent has the labels"):
        format_metrics([SENT], [MetricSample(SENT, 1, ("mail",))])
