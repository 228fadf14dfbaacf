"""Figures as text that Prometheus reads: its text format, version 0.0.4. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/ ; names and units as
https://prometheus.io/docs/practices/naming/ has them: base units, and times as seconds since 1970.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that there is: its name, what it is, in which labels it is divided. All are gauges."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricSample:
    """One value of a metric. `labels` are the values of its labels, in their order."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


def format_metrics(metrics: Iterable[Metric], samples: Iterable[MetricSample]) -> str:
    """The text: each metric that has samples, with its help and type. Raises ValueError for a sample whose labels are not
    those of its metric."""
    found: dict[str, list[MetricSample]] = {}
    for sample in samples:
        if len(sample.labels) != len(sample.metric.labels):
            raise ValueError(f"{sample.metric.name} has the labels {sample.metric.labels}")
        found.setdefault(sample.metric.name, []).append(sample)
    lines = []
    for metric in metrics:
        if own := found.get(metric.name):
            lines += [f"# HELP {metric.name} {_escaped(metric.help)}", f"# TYPE {metric.name} gauge"]
            lines += [_line(sample) for sample in own]
    return "".join(f"{line}\n" for line in lines)


def _line(sample: MetricSample) -> str:
    labels = _labels(dict(zip(sample.metric.labels, sample.labels, strict=True)))
    return f"{sample.metric.name}{labels} {_number(sample.value)}"


def _labels(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{_escaped(value, quoted=True)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str, *, quoted: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quoted else text


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))
