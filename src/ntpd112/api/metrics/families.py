"""How a figure becomes a metric of `prometheus_client`: one line each where it is told.

The library's own counters take a lock and a dictionary each time; here what is counted is read at a scrape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from ntpd112.histogram import Histogram

Key = TypeVar("Key", bound=str | tuple[str, ...])
"The value of the label, or those of the labels in their order."


def gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def counter(name: str, told: str, value: float) -> Metric:
    """`name` without `_total`."""
    return CounterMetricFamily(name, told, value=value)


def gauges(name: str, told: str, labels: Sequence[str], values: Mapping[Key, float]) -> Metric:
    return _filled(GaugeMetricFamily(name, told, labels=labels), values)


def counters(name: str, told: str, labels: Sequence[str], values: Mapping[Key, float]) -> Metric:
    """`name` without `_total`."""
    return _filled(CounterMetricFamily(name, told, labels=labels), values)


def histogram(name: str, told: str, seen: Histogram) -> Metric:
    return HistogramMetricFamily(name, told, buckets=seen.buckets(), sum_value=seen.sum)


def histograms(name: str, told: str, label: str, seen: Mapping[Key, Histogram]) -> Metric:
    family = HistogramMetricFamily(name, told, labels=[label])
    for value, one in seen.items():
        family.add_metric(_values(value), buckets=one.buckets(), sum_value=one.sum)
    return family


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[Key, float]) -> Metric:
    for key, value in values.items():
        family.add_metric(_values(key), value)
    return family


def _values(key: str | tuple[str, ...]) -> list[str]:
    return [key] if isinstance(key, str) else list(key)
